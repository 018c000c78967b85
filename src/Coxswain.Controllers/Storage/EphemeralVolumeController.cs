using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Makes the claims of pods whose volumes come and go with them. Names are those of pods.</summary>
internal sealed class EphemeralVolumeController(IApiClient api, Lister<Pod> pods, Lister<PersistentVolumeClaim> claims, EventRecorder events) : IReconciler
{
    public static IReconciler Make(ControllerContext c)
    {
        PodClaims.AddTo(c.Informer<Pod>());
        return new EphemeralVolumeController(c.Api, c.Lister<Pod>(), c.Lister<PersistentVolumeClaim>(), c.Events("ephemeral_volume"));
    }

    public static IEnumerable<NamespacedName> NeedsClaims(ControllerContext c, Pod pod) =>
        pod.Metadata.DeletionTimestamp is null && pod.Spec.Volumes.Any(v => v.Ephemeral is not null) ? [pod.FullName()] : [];

    /// <summary>A claim that goes wakes the pods that need it anew.</summary>
    public static IEnumerable<NamespacedName> UsersOf(ControllerContext c, PersistentVolumeClaim claim) =>
        Owners.ControllerOf(claim.Metadata) is { Kind: "Pod" } owner ? [new(claim.Metadata.Namespace, owner.Name)] : [];

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (pods.Find(name) is not { Metadata.DeletionTimestamp: null } pod)
            return ReconcileResult.Done;
        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.Ephemeral?.VolumeClaimTemplate is { } template)
                await EnsureAsync(pod, PodClaims.NameOf(pod, volume)!, template, cancellation).ConfigureAwait(false);
        }
        return ReconcileResult.Done;
    }

    private async Task EnsureAsync(Pod pod, string claimName, PersistentVolumeClaimTemplate template, CancellationToken cancellation)
    {
        var name = new NamespacedName(pod.Metadata.Namespace, claimName);
        var there = claims.Find(name);
        if (there is null)
        {
            try
            {
                await api.CreateAsync(new PersistentVolumeClaim
                {
                    Metadata = new()
                    {
                        Namespace = name.Namespace,
                        Name = name.Name,
                        Labels = template.Metadata.Labels,
                        Annotations = template.Metadata.Annotations,
                        OwnerReferences = [Owners.Controller(pod)],
                    },
                    Spec = template.Spec,
                }, cancellation).ConfigureAwait(false);
                ControllerMetrics.EphemeralClaims.Add(1);
                return;
            }
            catch (ApiException refused) when (PodControl.IsNamespaceTerminating(refused))
            {
                return;
            }
            catch (ApiException taken) when (taken.Reason == StatusReason.AlreadyExists)
            {
                there = await api.FindAsync<PersistentVolumeClaim>(name, cancellation).ConfigureAwait(false);
            }
            catch (ApiException)
            {
                ControllerMetrics.EphemeralClaimFailures.Add(1);
                throw;
            }
        }
        // Somebody's claim that has the name by chance is never used: it may hold data.
        if (there is not null && !Owners.IsControlledBy(there.Metadata, pod))
            events.Warning(pod, "FailedBinding", $"PVC {name} was not created for pod {pod.FullName()} (pod is not owner)");
    }
}
