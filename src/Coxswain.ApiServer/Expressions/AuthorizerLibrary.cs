using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Authorization;
using Coxswain.Cel;
using static Coxswain.ApiServer.Expressions.KubernetesLibrary;

namespace Coxswain.ApiServer.Expressions;

/// <summary><c>authorizer.group("apps").resource("deployments").check("create").allowed()</c>.</summary>
internal static class AuthorizerLibrary
{
    public static readonly CelType Authorizer = CelType.Opaque("kubernetes.authorization.Authorizer");
    public static readonly CelType ResourceCheck = CelType.Opaque("kubernetes.authorization.ResourceCheck");
    private static readonly CelType PathCheck = CelType.Opaque("kubernetes.authorization.PathCheck");
    private static readonly CelType GroupCheck = CelType.Opaque("kubernetes.authorization.GroupCheck");
    private static readonly CelType Decision = CelType.Opaque("kubernetes.authorization.Decision");
    private static readonly CelType S = CelType.String;

    /// <summary>As upstream: asking an authorizer is dear.</summary>
    private const long CheckCost = 350_000;

    public static IEnumerable<CelOverload> Overloads =>
    [
        Member("path", PathCheck, (_, a) => a[1].AsString.Length == 0
            ? CelValue.Error("path must not be empty")
            : Of(a[0], a[1].AsString, PathCheck, (q, text) => q with { IsResourceRequest = false, Path = text }), Authorizer, S),
        Member("group", GroupCheck, (_, a) => Of(a[0], a[1].AsString, GroupCheck, (q, text) => q with { IsResourceRequest = true, ApiGroup = text, ApiVersion = "*" }), Authorizer, S),
        Member("serviceAccount", Authorizer, ServiceAccount, Authorizer, S, S),
        Member("resource", ResourceCheck, (_, a) => Of(a[0], a[1].AsString, ResourceCheck, (q, text) => q with { Resource = text }), GroupCheck, S),
        Member("subresource", ResourceCheck, (_, a) => Of(a[0], a[1].AsString, ResourceCheck, (q, text) => q with { Subresource = text }), ResourceCheck, S),
        Member("namespace", ResourceCheck, (_, a) => Of(a[0], a[1].AsString, ResourceCheck, (q, text) => q with { Namespace = text }), ResourceCheck, S),
        Member("name", ResourceCheck, (_, a) => Of(a[0], a[1].AsString, ResourceCheck, (q, text) => q with { Name = text }), ResourceCheck, S),
        // Selectors only narrow a question: an answer to the wider one holds for it too.
        Member("fieldSelector", ResourceCheck, (_, a) => a[0], ResourceCheck, S),
        Member("labelSelector", ResourceCheck, (_, a) => a[0], ResourceCheck, S),
        Member("check", Decision, Check, ResourceCheck, S),
        Member("check", Decision, Check, PathCheck, S),
        Member("allowed", CelType.Bool, (_, a) => CelValue.Of(Result(a[0]).Decision == AuthorizationDecision.Allow), Decision),
        Member("reason", S, (_, a) => CelValue.Of(Result(a[0]).Reason), Decision),
        Member("errored", CelType.Bool, (_, a) => CelValue.Of(Result(a[0]).Error.Length > 0 && Result(a[0]).Decision != AuthorizationDecision.Allow), Decision),
        Member("error", S, (_, a) => CelValue.Of(Result(a[0]).Error), Decision),
    ];

    /// <summary>The authorizer as a value that speaks for a user.</summary>
    public static CelValue Of(IAuthorizer authorizer, UserInfo user) =>
        CelValue.Of(new Question(Authorizer, authorizer, new AuthorizationAttributes { User = user, Verb = "" }));

    /// <summary>The check of the resource that a request is about.</summary>
    public static CelValue Of(IAuthorizer authorizer, AuthorizationAttributes attributes) => CelValue.Of(new Question(ResourceCheck, authorizer, attributes));

    private static CelValue Of(
        CelValue from, string text, CelType type, Func<AuthorizationAttributes, string, AuthorizationAttributes> change)
    {
        var question = (Question)from.AsOpaque;
        return CelValue.Of(question with { Type = type, Attributes = change(question.Attributes, text) });
    }

    private static CelValue ServiceAccount(CelFrame frame, ReadOnlySpan<CelValue> a)
    {
        string @namespace = a[1].AsString, name = a[2].AsString;
        if (Api.Validation.ValidationRules.Dns1123Label(@namespace).Count > 0)
            return CelValue.Error($"Invalid service account namespace: {@namespace}");
        if (Api.Validation.ValidationRules.Dns1123Subdomain(name).Count > 0)
            return CelValue.Error($"Invalid service account name: {name}");
        return Of(a[0], name, Authorizer, (question, account) => question with { User = Users.ServiceAccount(@namespace, account) });
    }

    private static CelValue Check(CelFrame frame, ReadOnlySpan<CelValue> a)
    {
        frame.Charge(CheckCost);
        var question = (Question)a[0].AsOpaque;
        var asked = question.Authorizer.AuthorizeAsync(question.Attributes with { Verb = a[1].AsString }, CancellationToken.None);
        // Authorizers read from caches: an answer that is not there at once would block the evaluation.
        return asked.IsCompletedSuccessfully
#pragma warning disable VSTHRD002 // It is completed: nothing is waited for.
            ? CelValue.Of(new Answer(asked.Result))
#pragma warning restore VSTHRD002
            : CelValue.Error("the authorizer cannot decide now");
    }

    private static AuthorizationResult Result(CelValue value) => ((Answer)value.AsOpaque).Result;

    private sealed record Question(CelType Type, IAuthorizer Authorizer, AuthorizationAttributes Attributes) : ICelOpaque;

    private sealed record Answer(AuthorizationResult Result) : ICelOpaque
    {
        public CelType Type => Decision;
    }
}
