using Coxswain.Api;
using Coxswain.ApiServer.Http;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Finds the resource that a path names and checks that the path has the verb.</summary>
internal sealed class ScopeResolver(RegistryTable registries)
{
    /// <exception cref="ApiException">404: there is no such path. 405: it has other methods.</exception>
    public ResourceScope Resolve(RequestInfo info)
    {
        var registry = registries.Find(new(info.ApiGroup, info.ApiVersion, info.Resource)) ?? throw NoSuchPath();
        var descriptor = registry.Descriptor;
        SubresourceDescriptor? subresource = null;
        if (info.Subresource.Length > 0)
        {
            subresource = descriptor.FindSubresource(info.Subresource) ?? throw NoSuchPath();
            if (info.PartCount > 3 && subresource.Name != "proxy")
                throw NoSuchPath();
        }
        else if (info.PartCount > 3)
        {
            throw NoSuchPath();
        }

        CheckNamespace(info, descriptor);
        var verbs = subresource?.Verbs ?? descriptor.Verbs;
        if (info.MethodMismatch || !Has(verbs, info))
            throw new ApiException(Statuses.MethodNotAllowed());
        return new(registry, subresource);
    }

    private static void CheckNamespace(RequestInfo info, ResourceDescriptor descriptor)
    {
        var isNamespaceItself = descriptor.Plural == "namespaces" && descriptor.Kind.Group.Length == 0;
        if (!descriptor.Namespaced)
        {
            if (info.Namespace.Length > 0 && !isNamespaceItself)
                throw NoSuchPath();
            return;
        }

        if (info.Namespace.Length > 0)
            return;
        // Across all namespaces one can only look.
        if (info.NameInPath)
            throw NoSuchPath();
        if (info.Verb is not ("list" or "watch"))
            throw new ApiException(Statuses.MethodNotAllowed());
    }

    private static bool Has(ApiList<string> verbs, RequestInfo info)
    {
        var verb = info.Verb;
        if (info.Subresource.Length > 0)
            return verbs.AsSpan().Contains(verb) || (verb == "watch" && verbs.AsSpan().Contains("get"));
        var named = verb is "get" or "update" or "patch" or "delete";
        if (verb == "watch" && info.NameInPath)
            return verbs.AsSpan().Contains("watch");
        return named == info.NameInPath && verbs.AsSpan().Contains(verb);
    }

    private static ApiException NoSuchPath() => new(Statuses.NoSuchPath());
}
