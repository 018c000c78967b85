using System.Collections.Concurrent;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission;

/// <summary>Nothing is made in a namespace that is not there or is about to go, and the namespaces of the system stay.</summary>
internal sealed class NamespaceLifecycleAdmission(IClusterView cluster, TimeProvider clock) : IAdmissionPlugin
{
    private static readonly TimeSpan CacheLag = TimeSpan.FromSeconds(30);

    // Namespaces deleted through this server a moment ago: the cache may not know it yet.
    private readonly ConcurrentDictionary<string, DateTimeOffset> deleted = new(StringComparer.Ordinal);

    public string Name => "NamespaceLifecycle";

    public bool Handles(AdmissionContext context) => context.Operation != AdmissionOperation.Connect
        && (context.Namespace.Length > 0 || context.IsOf("", "namespaces"));

    public async ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        var isDeletion = context.Operation == AdmissionOperation.Delete;
        if (context.IsOf("", "namespaces"))
        {
            if (!isDeletion)
                return o;
            if (context.Name is "default" or "kube-system" or "kube-public")
                throw new ApiException(Statuses.Forbidden(context.Resource.GroupResource, context.Name, "this namespace may not be deleted"));
            deleted[context.Name] = context.Now + CacheLag;
            return o;
        }

        if (isDeletion || context.IsOf("authorization.k8s.io", "localsubjectaccessreviews"))
            return o;
        var found = await FindAsync(context.Namespace, cancellation)
            ?? throw new ApiException(Statuses.NotFound(new GroupResource("", "namespaces"), context.Namespace));
        if (!context.IsCreate || found.Status.Phase != "Terminating")
            return o;
        var refusal = context.Forbidden(o, $"unable to create new content in namespace {context.Namespace} because it is being terminated").Status;
        throw new ApiException(refusal with
        {
            Details = (refusal.Details ?? StatusDetails.Empty) with
            {
                Causes =
                [
                    new StatusCause
                    {
                        Reason = "NamespaceTerminating",
                        Message = $"namespace {context.Namespace} is being terminated",
                        Field = "metadata.namespace",
                    },
                ],
            },
        });
    }

    private async ValueTask<Namespace?> FindAsync(string name, CancellationToken cancellation)
    {
        var key = new NamespacedName("", name);
        if (deleted.TryGetValue(name, out var until))
        {
            if (clock.GetUtcNow() < until)
                return await cluster.GetAsync<Namespace>(key, cancellation);
            deleted.TryRemove(name, out _);
        }

        return cluster.Find<Namespace>(key) ?? await cluster.GetAsync<Namespace>(key, cancellation);
    }
}
