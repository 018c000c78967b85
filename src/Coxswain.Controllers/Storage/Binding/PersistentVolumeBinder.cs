using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Storage.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Binds claims to volumes, asks provisioners for volumes that are missing, and gives volumes back whose claims are gone.</summary>
/// <remarks>Names with a namespace are claims, those without are volumes. Each side is looked at by itself, and each look writes only what
/// the other side's state allows, so that it does not matter who is looked at first.</remarks>
internal sealed partial class PersistentVolumeBinder(IApiClient api, Lister<PersistentVolumeClaim> claims, Lister<PersistentVolume> volumes,
    Lister<StorageClass> classes, Lister<Pod> pods, EventRecorder events) : IReconciler
{
    private const string ByState = "binding";
    private const string Unbound = "unbound";

    /// <summary>What cannot go on now is looked at again after this time, as upstream does; what changes wakes it sooner.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);

    private readonly VolumeBinding _binding = new(api, events);

    public static IReconciler Make(ControllerContext c)
    {
        c.Informer<PersistentVolumeClaim>().AddIndex(ByState, claim => claim.Metadata.Annotations.ContainsKey(VolumeFacts.BindCompleted) ? [] : [Unbound]);
        PodClaims.AddTo(c.Informer<Pod>());
        return new PersistentVolumeBinder(c.Api, c.Lister<PersistentVolumeClaim>(), c.Lister<PersistentVolume>(), c.Lister<StorageClass>(), c.Lister<Pod>(),
            c.Events("persistentvolume-controller"));
    }

    /// <summary>A claim wakes the volume it names; a volume its claim, or when it is free every claim that looks for one.</summary>
    public static IEnumerable<NamespacedName> VolumeOf(ControllerContext c, PersistentVolumeClaim claim) =>
        claim.Spec.VolumeName.Length > 0 ? [new("", claim.Spec.VolumeName)]
        : claim.Metadata.DeletionTimestamp is null ? []
        : c.Lister<PersistentVolume>().All().Where(v => VolumeFacts.IsReservedFor(v, claim)).Select(v => v.FullName());

    public static IEnumerable<NamespacedName> ClaimsOf(ControllerContext c, PersistentVolume volume) =>
        VolumeFacts.ClaimNameOf(volume) is { } claim ? [claim]
        : c.Lister<PersistentVolumeClaim>().ByIndex(ByState, Unbound).Where(k => (VolumeFacts.ClassOf(k) ?? "") == VolumeFacts.ClassOf(volume)).Select(k => k.FullName());

    public static IEnumerable<NamespacedName> ClaimsOf(ControllerContext c, StorageClass storageClass) =>
        c.Lister<PersistentVolumeClaim>().ByIndex(ByState, Unbound)
            .Where(k => VolumeFacts.ClassOf(k) is not { } name || name == storageClass.Metadata.Name).Select(k => k.FullName());

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (name.Namespace.Length == 0)
        {
            if (volumes.Find(name) is { } volume)
                await LookAtAsync(volume, cancellation).ConfigureAwait(false);
            return ReconcileResult.Done;
        }
        if (claims.Find(name) is not { } claim)
            return ReconcileResult.Done;
        if (claim.Metadata.Annotations.ContainsKey(VolumeFacts.BindCompleted))
        {
            await CheckAsync(claim, cancellation).ConfigureAwait(false);
            return ReconcileResult.Done;
        }
        if (claim.Metadata.DeletionTimestamp is not null && claim.Spec.VolumeName.Length == 0)
            return ReconcileResult.Done;
        var bound = claim.Spec.VolumeName.Length == 0
            ? await SeekAsync(claim, cancellation).ConfigureAwait(false)
            : await TakeNamedAsync(claim, cancellation).ConfigureAwait(false);
        return bound ? ReconcileResult.Done : ReconcileResult.After(Period);
    }

    /// <summary>A claim without a volume: finds it one, has one made, or says what it waits for.</summary>
    private async Task<bool> SeekAsync(PersistentVolumeClaim claim, CancellationToken cancellation)
    {
        var className = VolumeFacts.ClassOf(claim);
        if (className is null && VolumeFacts.Default(classes.All()) is { } standard)
        {
            claim = await api.UpdateAsync(claim with { Spec = claim.Spec with { StorageClassName = standard.Metadata.Name } }, cancellation).ConfigureAwait(false);
            className = standard.Metadata.Name;
        }
        var storageClass = string.IsNullOrEmpty(className) ? null : classes.Find(new("", className));
        var waits = VolumeFacts.Waits(storageClass) && !claim.Metadata.Annotations.ContainsKey(VolumeFacts.SelectedNode);
        if (VolumeMatch.Find(volumes.All(), claim, waits) is { } match)
        {
            await _binding.BindAsync(match, claim, cancellation).ConfigureAwait(false);
            return true;
        }
        if (waits)
        {
            if (PodClaims.Users(pods, claim.FullName()).FirstOrDefault(p => PodFacts.IsActive(p) && p.Spec.NodeName.Length == 0) is { } pod)
                events.Normal(claim, "WaitForPodScheduled", $"waiting for pod {pod.Metadata.Name} to be scheduled");
            else
                events.Normal(claim, "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
        }
        else if (!string.IsNullOrEmpty(className))
        {
            claim = await AskForVolumeAsync(claim, className, storageClass, cancellation).ConfigureAwait(false);
        }
        else
        {
            events.Normal(claim, "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
        }
        await _binding.PhaseAsync(claim, PersistentVolumeClaimPhase.Pending, null, cancellation).ConfigureAwait(false);
        return false;
    }

    /// <summary>Marks the claim for the provisioner of its class, which watches claims and makes the volume.</summary>
    private async Task<PersistentVolumeClaim> AskForVolumeAsync(PersistentVolumeClaim claim, string className, StorageClass? storageClass, CancellationToken cancellation)
    {
        if (storageClass is null)
        {
            events.Warning(claim, "ProvisioningFailed", $"storageclass.storage.k8s.io \"{className}\" not found");
            return claim;
        }
        var provisioner = storageClass.Provisioner;
        if (provisioner.StartsWith("kubernetes.io/", StringComparison.Ordinal))
        {
            // Names of plug-ins that upstream had inside: none is left, and kubernetes.io/no-provisioner never made volumes.
            events.Warning(claim, "ProvisioningFailed", $"no volume plugin matched name: {provisioner}");
            return claim;
        }
        if (claim.Metadata.Annotations.GetValueOrDefault(VolumeFacts.Provisioner) != provisioner
            || claim.Metadata.Annotations.GetValueOrDefault(VolumeFacts.ProvisionerBeta) != provisioner)
            claim = await api.UpdateAsync(claim with
            {
                Metadata = claim.Metadata with
                {
                    Annotations = claim.Metadata.Annotations.With(VolumeFacts.ProvisionerBeta, provisioner).With(VolumeFacts.Provisioner, provisioner),
                },
            }, cancellation).ConfigureAwait(false);
        events.Normal(claim, "ExternalProvisioning",
            $"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system administrator. "
            + "If volume creation is delayed, please verify that the provisioner is running and correctly registered.");
        return claim;
    }

    /// <summary>A claim that names its volume gets that one or none.</summary>
    private async Task<bool> TakeNamedAsync(PersistentVolumeClaim claim, CancellationToken cancellation)
    {
        var volume = volumes.Find(new("", claim.Spec.VolumeName));
        if (volume is null)
        {
            await _binding.PhaseAsync(claim, PersistentVolumeClaimPhase.Pending, null, cancellation).ConfigureAwait(false);
            return false;
        }
        if (VolumeFacts.IsReservedFor(volume, claim))
        {
            await _binding.BindAsync(volume, claim, cancellation).ConfigureAwait(false);
            return true;
        }
        if (volume.Spec.ClaimRef is not null)
            events.Warning(claim, "FailedBinding", $"volume \"{volume.Metadata.Name}\" already bound to a different claim.");
        else if (VolumeFacts.Mismatch(volume, claim) is { } problem)
            events.Warning(claim, "VolumeMismatch", $"Cannot bind to requested volume \"{volume.Metadata.Name}\": {problem}");
        else
        {
            await _binding.BindAsync(volume, claim, cancellation).ConfigureAwait(false);
            return true;
        }
        await _binding.PhaseAsync(claim, PersistentVolumeClaimPhase.Pending, null, cancellation).ConfigureAwait(false);
        return false;
    }

    /// <summary>A claim that was bound is so still, or has lost what it had.</summary>
    private async Task CheckAsync(PersistentVolumeClaim claim, CancellationToken cancellation)
    {
        if (claim.Spec.VolumeName.Length == 0)
            await _binding.LoseAsync(claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!", cancellation)
                .ConfigureAwait(false);
        // The lister may lag behind a volume that a provisioner has just made.
        else if ((volumes.Find(new("", claim.Spec.VolumeName))
            ?? await api.FindAsync<PersistentVolume>(new("", claim.Spec.VolumeName), cancellation).ConfigureAwait(false)) is not { } volume)
            await _binding.LoseAsync(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!", cancellation)
                .ConfigureAwait(false);
        else if (volume.Spec.ClaimRef is null || VolumeFacts.IsReservedFor(volume, claim))
            await _binding.BindAsync(volume, claim, cancellation).ConfigureAwait(false);
        else
            await _binding.LoseAsync(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly", cancellation)
                .ConfigureAwait(false);
    }
}
