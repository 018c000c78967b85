using Coxswain.Api;

namespace Coxswain.ApiServer.Authorization;

/// <summary>The words in which a refusal is told.</summary>
internal static class ForbiddenMessage
{
    /// <summary>What the user cannot do, without the object's name.</summary>
    public static string Of(AuthorizationAttributes a)
    {
        if (!a.IsResourceRequest)
            return $"User {Quote(a.User.Username)} cannot {a.Verb} path {Quote(a.Path)}";
        var where = a.Namespace.Length > 0 ? $"in the namespace {Quote(a.Namespace)}" : "at the cluster scope";
        return $"User {Quote(a.User.Username)} cannot {a.Verb} resource {Quote(a.FullResource)} in API group {Quote(a.ApiGroup)} {where}";
    }

    public static ApiException Exception(AuthorizationAttributes attributes, string reason)
    {
        var message = reason.Length == 0 ? Of(attributes) : $"{Of(attributes)}: {reason}";
        var resource = attributes.IsResourceRequest ? new GroupResource(attributes.ApiGroup, attributes.Resource) : new("", "");
        return new(Statuses.Forbidden(resource, attributes.Name, message));
    }

    /// <summary>As Go's %q: what people type may hold quotes and control characters.</summary>
    private static string Quote(string text) => GoText.Quote(text);
}
