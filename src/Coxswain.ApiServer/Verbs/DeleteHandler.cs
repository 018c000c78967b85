using Coxswain.Api;

namespace Coxswain.ApiServer.Verbs;

/// <summary>DELETE of one object.</summary>
internal sealed class DeleteHandler(ObjectDeleter deleter) : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var options = DeleteRules.Parse(request);
        if (scope.Registry.Strategy.ForbidsDeletion(request.Name) is { } reason)
            throw new ApiException(Statuses.Forbidden(scope.Registry.GroupResource, request.Name, reason));
        var (deleted, gone) = await deleter.DeleteAsync(scope, request, request.Namespace, request.Name, options, cancellation);
        if (gone && !AnswersWithObject(scope.Descriptor))
            return new DocumentResponse(200, Statuses.Deleted(scope.Registry.GroupResource, request.Name, deleted.Metadata.Uid));
        return new ObjectResponse(!gone && options.OrphanDependents == false ? 202 : 200, scope.Registry, deleted);
    }

    /// <summary>For these kinds the answer to a finished deletion is the object as it was; for all others a Status.</summary>
    private static bool AnswersWithObject(ResourceDescriptor descriptor) => (descriptor.Kind.Group, descriptor.Plural) is
        ("", "persistentvolumes" or "persistentvolumeclaims" or "pods" or "podtemplates" or "resourcequotas" or "serviceaccounts" or "namespaces")
        or ("storage.k8s.io", "csidrivers" or "csinodes" or "storageclasses" or "volumeattachments" or "volumeattributesclasses")
        or ("resource.k8s.io", _);
}
