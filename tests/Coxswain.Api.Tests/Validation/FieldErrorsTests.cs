using System.Text.Json.Nodes;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.Api.Tests.Validation;

public sealed class FieldErrorsTests
{
    [Fact]
    public void A_path_is_written_with_dots_indexes_and_keys()
    {
        var spec = new FieldPath("spec");
        Assert.Equal("spec.containers[0].name", spec.Child("containers").Index(0).Child("name").ToString());
        Assert.Equal("metadata.labels[a/b]", ((FieldPath)"metadata").Child("labels").Key("a/b").ToString());
        Assert.Equal("spec.template.spec", spec.Child("template", "spec").ToString());
    }

    [Fact]
    public void Each_error_is_worded_as_upstream_words_it()
    {
        var errors = new FieldErrors();
        FieldPath path = "f";
        errors.Required(path);
        errors.Required(path, "why");
        errors.Invalid(path, "a\"b\n", "bad");
        errors.Invalid(path, -1, "too small");
        errors.Invalid(path, new JsonObject { ["a"] = 1 }, "odd");
        errors.Duplicate(path, "x");
        errors.NotFound(path, "x");
        errors.NotSupported(path, "X", "A", "B");
        errors.Forbidden(path, "no");
        errors.TooLong(path, 5);
        errors.TooMany(path, 9, 5);
        errors.TooMany(path, -1, 5);
        errors.TypeInvalid(path, true, "t");
        errors.InternalError(path, "broken");
        Assert.Equal(
        [
            "f: Required value", "f: Required value: why", "f: Invalid value: \"a\\\"b\\n\": bad", "f: Invalid value: -1: too small",
            "f: Invalid value: {\"a\":1}: odd", "f: Duplicate value: \"x\"", "f: Not found: \"x\"",
            "f: Unsupported value: \"X\": supported values: \"A\", \"B\"", "f: Forbidden: no", "f: Too long: may not be more than 5 bytes",
            "f: Too many: 9: must have at most 5 items", "f: Too many: must have at most 5 items", "f: Invalid value: true: t",
            "f: Internal error: broken",
        ], errors.Select(error => error.ToString()));
    }

    [Fact]
    public void A_composite_bad_value_is_shown_as_json()
    {
        var errors = new FieldErrors();
        errors.Invalid("f", ApiMap.ToApiMap<string>([new("b", "2"), new("a", "1")]), "m");
        errors.Invalid("f", new LabelSelector { MatchLabels = ApiMap.Of("a", "1") }, "s");
        errors.Invalid("f", (ApiList<string>)["x", "y"], "l");
        errors.Invalid("f", (ApiList<LabelSelector>)[new() { MatchLabels = ApiMap.Of("a", "1") }], "o");
        errors.Invalid("f", Quantity.Parse("1Gi"), "q");
        errors.Invalid("f", (IntOrString)80, "i");
        errors.Invalid("f", null, "n");
        Assert.Equal(
        [
            "Invalid value: {\"a\":\"1\",\"b\":\"2\"}: m", "Invalid value: {\"matchLabels\":{\"a\":\"1\"}}: s", "Invalid value: [\"x\",\"y\"]: l",
            "Invalid value: [{\"matchLabels\":{\"a\":\"1\"}}]: o", "Invalid value: \"1Gi\": q", "Invalid value: 80: i", "Invalid value: null: n",
        ], errors.Select(error => error.Body));
    }

    [Fact]
    public void Several_errors_are_joined_in_brackets_each_once()
    {
        var errors = new FieldErrors();
        Assert.Equal("", errors.Aggregate());
        errors.Required("a");
        Assert.Equal("a: Required value", errors.Aggregate());
        errors.Required("a");
        errors.Required("b");
        Assert.Equal("[a: Required value, b: Required value]", errors.Aggregate());
        Assert.Equal(3, errors.Count);
    }
}
