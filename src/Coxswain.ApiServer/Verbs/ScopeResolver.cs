using Coxswain.Api;
using Coxswain.ApiServer.Http;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Finds the resource that a path names and checks that the path has the verb.</summary>
internal sealed class ScopeResolver(RegistryTable registries)
{
    public ValueTask ReadyAsync(RequestInfo info, CancellationToken cancellation) =>
        !info.IsResourceRequest || registries.IsBuiltIn(info.ApiGroup) ? default : registries.Custom.ReadyAsync(new(info.ApiGroup, info.ApiVersion, info.Resource), cancellation);

    /// <exception cref="ApiException">404: there is no such path. 405: it has other methods.</exception>
    public ResourceScope Resolve(RequestInfo info)
    {
        var registry = registries.Find(new(info.ApiGroup, info.ApiVersion, info.Resource)) ?? throw NoSuchPath();
        var descriptor = registry.Descriptor;
        if (registry.IsCustom)
            return Custom(registry, info);
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

    /// <summary>Custom resources refuse in words of their own.</summary>
    private ResourceScope Custom(ResourceRegistry registry, RequestInfo info)
    {
        var descriptor = registry.Descriptor;
        if (descriptor.Namespaced ? info.Namespace.Length == 0 && info.Verb is not ("list" or "watch") : info.Namespace.Length > 0)
            throw NoSuchPath();
        SubresourceDescriptor? subresource = null;
        if (info.Subresource.Length > 0)
            subresource = descriptor.FindSubresource(info.Subresource) ?? throw registry.NotFound(info.Name);
        if (info.PartCount > 3)
            throw NoSuchPath();
        if (!Has(subresource?.Verbs ?? descriptor.Verbs, info))
            throw new ApiException(Statuses.MethodNotSupported(registry.GroupResource, info.Verb));
        if (info.Verb == "create" && subresource is null && registries.Custom.IsTerminating(descriptor))
        {
            throw new ApiException(Statuses.MethodNotSupported(registry.GroupResource, info.Verb) with
            {
                Message = "create not allowed while custom resource definition is terminating",
            });
        }

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
        // OPTIONS has no verb; it is for who is behind the proxy.
        if (info is { Subresource: "proxy", Verb: "" })
            return true;
        if (info.Subresource.Length > 0)
            return verbs.AsSpan().Contains(verb) || (verb == "watch" && verbs.AsSpan().Contains("get"));
        var named = verb is "get" or "update" or "patch" or "delete";
        if (verb == "watch" && info.NameInPath)
            return verbs.AsSpan().Contains("watch");
        return named == info.NameInPath && verbs.AsSpan().Contains(verb);
    }

    private static ApiException NoSuchPath() => new(Statuses.NoSuchPath());
}
