using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Publishes, in every namespace, the certificates by which pods know the API server. Names are those of namespaces.</summary>
internal sealed class RootCACertPublisher(IApiClient api, Lister<Namespace> namespaces, Lister<ConfigMap> maps, string pem) : IReconciler
{
    public const string MapName = "kube-root-ca.crt";
    private const string Description = "kubernetes.io/description";

    private static readonly ApiMap<string> Annotations = ApiMap.Of(Description,
        "The certificates by which clients inside the cluster verify the API server at its service address. Nothing else is promised.");

    /// <summary>Only the maps of that one name are kept in memory.</summary>
    public static IReconciler Make(ControllerContext c) =>
        new RootCACertPublisher(c.Api, c.Lister<Namespace>(), MapsOf(c).Lister, c.Options.RootCaPem);

    /// <summary>A change of the map wakes its namespace.</summary>
    public static Wake WhenMapChanges { get; } = new(c => MapsOf(c).AddHandler(InformerHandler<ConfigMap>.ForAny(map => c.Queue.Add(new("", map.Metadata.Namespace)))));

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (pem.Length == 0 || namespaces.Find(name) is not { Metadata.DeletionTimestamp: null, Status.Phase: not NamespacePhase.Terminating })
            return ReconcileResult.Done;
        var wanted = ApiMap.Of("ca.crt", pem);
        try
        {
            if (maps.Find(new(name.Name, MapName)) is not { } map)
                await api.CreateAsync(new ConfigMap
                {
                    Metadata = new() { Namespace = name.Name, Name = MapName, Annotations = Annotations },
                    Data = wanted,
                }, cancellation).ConfigureAwait(false);
            else if (map.Data != wanted || map.Metadata.Annotations.GetValueOrDefault(Description) != Annotations[Description])
                await api.UpdateAsync(map with
                {
                    Metadata = map.Metadata with { Annotations = map.Metadata.Annotations.With(Description, Annotations[Description]) },
                    Data = wanted,
                }, cancellation).ConfigureAwait(false);
        }
        catch (ApiException refused) when (refused.Reason == StatusReason.AlreadyExists || PodControl.IsNamespaceTerminating(refused))
        {
            // The lister will show what is there; in an ending namespace nothing is needed.
        }
        return ReconcileResult.Done;
    }

    private static Informer<ConfigMap> MapsOf(ControllerContext c) => c.Informers.Informer<ConfigMap>(fieldSelector: "metadata.name=" + MapName);
}
