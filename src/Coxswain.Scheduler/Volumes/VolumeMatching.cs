using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Selectors;
using Coxswain.Api.Storage.V1;
using Coxswain.Scheduler.Plugins;

namespace Coxswain.Scheduler.Volumes;

/// <summary>Which volumes and classes will do for a claim on a node. Pure.</summary>
internal static class VolumeMatching
{
    public const string BindCompleted = "pv.kubernetes.io/bind-completed";
    public const string BoundByController = "pv.kubernetes.io/bound-by-controller";
    public const string SelectedNode = "volume.kubernetes.io/selected-node";
    private const string BetaClass = "volume.beta.kubernetes.io/storage-class";

    public static bool IsBound(PersistentVolumeClaim claim) =>
        claim.Spec.VolumeName.Length > 0 && claim.Metadata.Annotations.ContainsKey(BindCompleted);

    public static string ClassOf(PersistentVolumeClaim claim) =>
        claim.Metadata.Annotations.TryGetValue(BetaClass, out var name) ? name : claim.Spec.StorageClassName ?? "";

    public static bool WaitsForConsumer(PersistentVolumeClaim claim, VolumeState volumes) =>
        claim.Spec.VolumeName.Length == 0 && ClassOf(claim) is { Length: > 0 } name && volumes.Class(name)?.VolumeBindingMode == "WaitForFirstConsumer";

    /// <summary>Whether a volume can be used on a node.</summary>
    public static bool Reaches(PersistentVolume volume, Node node) =>
        volume.Spec.NodeAffinity?.Required is not { } required || NodeSelectors.Matches(required, node);

    /// <summary>The smallest free volume that will do for a claim on a node.</summary>
    /// <param name="taken">Volumes chosen for other claims of the same pod.</param>
    public static PersistentVolume? Find(PersistentVolumeClaim claim, Node node, VolumeState volumes, IReadOnlyCollection<string> taken)
    {
        var wanted = claim.Spec.Resources.Requests.GetValueOrDefault("storage");
        var name = new NamespacedName(claim.Metadata.Namespace, claim.Metadata.Name);
        var selector = claim.Spec.Selector is null ? Selector.Everything : Selector.From(claim.Spec.Selector);
        PersistentVolume? best = null;
        foreach (var volume in volumes.Volumes)
        {
            if (taken.Contains(volume.Metadata.Name) || (volumes.PromisedTo(volume.Metadata.Name) is { } other && other != name) || !Reaches(volume, node))
                continue;
            if ((claim.Spec.VolumeMode ?? "Filesystem") != (volume.Spec.VolumeMode ?? "Filesystem") || volume.Metadata.DeletionTimestamp is not null)
                continue;
            if (volume.Spec.ClaimRef is { } reference)
            {
                // Reserved for this claim by name, or for another.
                if (reference.Name == name.Name && reference.Namespace == name.Namespace && (reference.Uid.Length == 0 || reference.Uid == claim.Metadata.Uid))
                    return volume;
                continue;
            }

            if (volume.Status.Phase is not ("Available" or "") || volume.Spec.StorageClassName != ClassOf(claim) || !selector.Matches(volume.Metadata.Labels)
                || (volume.Spec.VolumeAttributesClassName ?? "") != (claim.Spec.VolumeAttributesClassName ?? "")
                || volume.Spec.Capacity.GetValueOrDefault("storage") < wanted || !claim.Spec.AccessModes.All(m => volume.Spec.AccessModes.AsSpan().Contains(m)))
                continue;
            if (best is null || volume.Spec.Capacity.GetValueOrDefault("storage") < best.Spec.Capacity.GetValueOrDefault("storage")
                || (volume.Spec.Capacity.GetValueOrDefault("storage") == best.Spec.Capacity.GetValueOrDefault("storage")
                    && string.CompareOrdinal(volume.Metadata.Name, best.Metadata.Name) < 0))
                best = volume;
        }

        return best;
    }

    /// <summary>Whether a volume for a claim can be made for a node.</summary>
    public static bool CanProvision(PersistentVolumeClaim claim, Node node, VolumeState volumes) =>
        volumes.Class(ClassOf(claim)) is { } made && made.Provisioner is not ("" or "kubernetes.io/no-provisioner") && IsAllowed(made, node);

    /// <summary>Whether its driver has room for a claim's volume where a node can reach it; a driver that keeps no account always has.</summary>
    public static bool HasRoom(PersistentVolumeClaim claim, Node node, VolumeState volumes)
    {
        if (volumes.Class(ClassOf(claim)) is not { } made || volumes.Driver(made.Provisioner)?.Spec.StorageCapacity != true)
            return true;
        var wanted = claim.Spec.Resources.Requests.GetValueOrDefault("storage");
        foreach (var capacity in volumes.Capacities)
        {
            if (capacity.StorageClassName == made.Metadata.Name && (capacity.MaximumVolumeSize ?? capacity.Capacity) is { } room && room >= wanted
                && capacity.NodeTopology is { } topology && Selector.From(topology).Matches(node.Metadata.Labels))
                return true;
        }

        return false;
    }

    private static bool IsAllowed(StorageClass storageClass, Node node)
    {
        if (storageClass.AllowedTopologies.Count == 0)
            return true;
        foreach (var term in storageClass.AllowedTopologies)
        {
            if (term.MatchLabelExpressions.Count > 0
                && term.MatchLabelExpressions.All(e => node.Metadata.Labels.TryGetValue(e.Key, out var value) && e.Values.AsSpan().Contains(value)))
                return true;
        }

        return false;
    }
}
