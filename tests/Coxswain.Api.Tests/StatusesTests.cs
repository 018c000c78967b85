using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.Api.Tests;

public sealed class StatusesTests
{
    private static readonly GroupResource Deployments = new("apps", "deployments");

    [Fact]
    public void What_is_missing_or_taken_is_named_with_its_group()
    {
        Assert.Equal("""deployments.apps "a" not found""", Statuses.NotFound(Deployments, "a").Message);
        Assert.Equal("""pods "a" already exists""", Statuses.AlreadyExists(new("", "pods"), "a").Message);
        Assert.Equal(new StatusDetails { Name = "a", Group = "apps", Kind = "deployments" }, Statuses.NotFound(Deployments, "a").Details);
        Assert.Equal(
            """Operation cannot be fulfilled on deployments.apps "a": the object has been modified; please apply your changes to the latest version and try again""",
            Statuses.Conflict(Deployments, "a").Message);
    }

    [Fact]
    public void An_invalid_object_gets_one_cause_for_each_field()
    {
        var errors = new FieldErrors();
        errors.Required("spec.selector");
        errors.Invalid("metadata.name", "A", "bad");
        var status = Statuses.Invalid(new("apps", "v1", "Deployment"), "A", errors);
        Assert.Equal(422, status.Code);
        Assert.Equal("Invalid", status.Reason);
        Assert.Equal("""Deployment.apps "A" is invalid: [spec.selector: Required value, metadata.name: Invalid value: "A": bad]""", status.Message);
        Assert.Equal(
            [new() { Reason = "FieldValueRequired", Message = "Required value", Field = "spec.selector" },
             new StatusCause { Reason = "FieldValueInvalid", Message = "Invalid value: \"A\": bad", Field = "metadata.name" }],
            status.Details!.Causes);
    }

    [Fact]
    public void A_refusal_names_what_it_knows()
    {
        Assert.Equal("forbidden: no", Statuses.Forbidden(new("", ""), "", "no").Message);
        Assert.Equal("forbidden: no", Statuses.Forbidden(default, "", "no").Message);
        Assert.Equal(StatusDetails.Empty, Statuses.Forbidden(default, "", "no").Details);
        Assert.Equal("pods is forbidden: no", Statuses.Forbidden(new("", "pods"), "", "no").Message);
        Assert.Equal("""pods "a" is forbidden: no""", Statuses.Forbidden(new("", "pods"), "a", "no").Message);
    }

    [Fact]
    public void Every_reason_has_its_code()
    {
        Status[] all =
        [
            Statuses.BadRequest("m"), Statuses.Unauthorized(), Statuses.Forbidden(Deployments, "a", "b"), Statuses.NotFound(Deployments, "a"),
            Statuses.MethodNotSupported(Deployments, "create"), Statuses.NotAcceptable("a/b"), Statuses.Conflict(Deployments, "a"), Statuses.Gone("m"),
            Statuses.Expired("m"), Statuses.TooLarge("m"), Statuses.UnsupportedMediaType("a/b"), Statuses.Invalid(new("", "v1", "Pod"), "a", new()),
            Statuses.TooManyRequests("m", 1), Statuses.InternalError("m"), Statuses.ServerTimeout(Deployments, "list", 0),
            Statuses.ServiceUnavailable("m"), Statuses.Timeout("m"),
        ];
        Assert.Equal([400, 401, 403, 404, 405, 406, 409, 410, 410, 413, 415, 422, 429, 500, 500, 503, 504], all.Select(status => status.Code));
        Assert.All(all, status => Assert.Equal("Failure", status.StatusValue));
        Assert.All(all, status => Assert.Equal(status.Reason, new ApiException(status).Reason));
    }

    [Fact]
    public void A_method_that_is_not_served_is_said_in_two_ways()
    {
        Assert.Equal("""create is not supported on resources of kind "things.subs.example" """.Trim(),
            Statuses.MethodNotSupported(new("subs.example", "things"), "create").Message);
        Assert.Equal("the server does not allow this method on the requested resource", Statuses.MethodNotAllowed().Message);
        Assert.Equal(StatusDetails.Empty, Statuses.MethodNotAllowed().Details);
    }
}
