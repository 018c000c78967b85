using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Makes the claims of a set's pods go with the set, with a pod that is scaled away, or with nobody, as the set's policy says now; the
/// garbage collector does the rest.</summary>
internal sealed class ClaimRetention(IApiClient api, Lister<PersistentVolumeClaim> claims, EventRecorder events, StatefulSet set)
{
    private readonly bool _withSet = set.Spec.PersistentVolumeClaimRetentionPolicy?.WhenDeleted == PersistentVolumeClaimRetentionPolicyType.Delete;
    private readonly bool _withPod = set.Spec.PersistentVolumeClaimRetentionPolicy?.WhenScaled == PersistentVolumeClaimRetentionPolicyType.Delete;

    /// <param name="scaledAway">The pod is about to be deleted because the set became smaller.</param>
    public async Task ApplyAsync(int ordinal, Pod pod, bool scaledAway, CancellationToken cancellation)
    {
        foreach (var template in set.Spec.VolumeClaimTemplates)
        {
            if (claims.Find(new(set.Metadata.Namespace, StatefulPods.ClaimNameOf(set, template, ordinal))) is not { } claim)
                continue;
            if (Owners.ControllerOf(claim.Metadata) is { } other && other.Uid != set.Metadata.Uid && !IsPod(other, pod))
            {
                if (_withSet || _withPod)
                    events.Warning(set, "ConflictingController",
                        $"PersistentVolumeClaim {claim.FullName()} has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim");
                continue;
            }
            var owner = scaledAway && _withPod ? Owners.Controller(pod) : _withSet ? Owners.Controller(set) : null;
            var ours = claim.Metadata.OwnerReferences.Where(r => r.Uid == set.Metadata.Uid || IsPod(r, pod)).ToList();
            if (owner is null ? ours.Count == 0 : ours is [{ Controller: true } one] && one.Uid == owner.Uid)
                continue;
            var references = claim.Metadata.OwnerReferences.Where(r => !ours.Contains(r));
            await api.PatchAsync<PersistentVolumeClaim>(claim.FullName(), MetadataPatch.OwnerReferences(claim.Metadata, owner is null ? references : references.Append(owner)), cancellation)
                .ConfigureAwait(false);
        }
    }

    // A former pod of the name counts as well: its claim must not go after it once the set has grown again.
    private static bool IsPod(OwnerReference reference, Pod pod) => reference is { Kind: "Pod", ApiVersion: "v1" } && reference.Name == pod.Metadata.Name;
}
