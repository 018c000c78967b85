using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Storage.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Keeps, for every node, a VolumeAttachment for each CSI volume that its pods need, which the driver's attacher acts on, and tells the
/// node what is attached. Names are those of nodes.</summary>
internal sealed class AttachDetachController(IApiClient api, Lister<Node> nodes, Lister<Pod> pods, Lister<VolumeAttachment> attachments,
    AttachableVolumes attachable, EventRecorder events, TimeProvider clock) : IReconciler
{
    private const string ByNode = "node";
    private const string ByVolume = "volume";
    private const string OutOfService = "node.kubernetes.io/out-of-service";

    /// <summary>How long a node that is not ready may keep a volume that no pod of its needs and that it has not said to be unmounted.</summary>
    private static readonly TimeSpan MostWaitForUnmount = TimeSpan.FromMinutes(6);

    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, long> _unneeded = new(StringComparer.Ordinal);

    public static IReconciler Make(ControllerContext c)
    {
        PodIndex.AddTo(c.Informer<Pod>());
        PodClaims.AddTo(c.Informer<Pod>());
        c.Informer<VolumeAttachment>().AddIndex(ByNode, a => [a.Spec.NodeName]);
        c.Informer<VolumeAttachment>().AddIndex(ByVolume, a => a.Spec.Source.PersistentVolumeName is { } volume ? [volume] : []);
        return new AttachDetachController(c.Api, c.Lister<Node>(), c.Lister<Pod>(), c.Lister<VolumeAttachment>(),
            new(c.Lister<PersistentVolumeClaim>(), c.Lister<PersistentVolume>(), c.Lister<CSIDriver>()), c.Events("attachdetach-controller"), c.Clock);
    }

    /// <summary>A pod with claims wakes its node when it comes, ends or goes.</summary>
    public static Wake WhenPodsChange { get; } = new(c => c.Informer<Pod>().AddHandler(new()
    {
        Added = pod => WakeNode(c, pod),
        Updated = (before, now) =>
        {
            if (before.Spec.NodeName != now.Spec.NodeName || PodFacts.IsFinished(before) != PodFacts.IsFinished(now))
                WakeNode(c, now);
        },
        Deleted = pod => WakeNode(c, pod),
    }));

    /// <summary>A node's word on what it still uses is waited for; its heartbeats are no news.</summary>
    public static Wake WhenNodesChange { get; } = new(c => c.Informer<Node>().AddHandler(new()
    {
        Added = node => c.Queue.Add(node.FullName()),
        Updated = (before, now) =>
        {
            if (before.Status.VolumesInUse != now.Status.VolumesInUse || before.Status.VolumesAttached != now.Status.VolumesAttached
                || before.Spec.Taints != now.Spec.Taints)
                c.Queue.Add(now.FullName());
        },
        Deleted = node => c.Queue.Add(node.FullName()),
    }));

    /// <summary>An attachment wakes its node, and when it goes those that waited for its volume.</summary>
    public static IEnumerable<NamespacedName> NodesOf(ControllerContext c, VolumeAttachment attachment)
    {
        var waiting = attachment.Spec.Source.PersistentVolumeName is { } volume && c.Lister<PersistentVolume>().Find(new("", volume)) is { } found
            && VolumeFacts.ClaimNameOf(found) is { } claim
                ? PodClaims.Users(c.Lister<Pod>(), claim).Where(p => p.Spec.NodeName.Length > 0).Select(p => p.Spec.NodeName)
                : [];
        return waiting.Append(attachment.Spec.NodeName).Distinct().Select(n => new NamespacedName("", n));
    }

    /// <summary>A claim that is bound at last wakes the nodes of the pods that wait for it.</summary>
    public static IEnumerable<NamespacedName> NodesOf(ControllerContext c, PersistentVolumeClaim claim) =>
        claim.Spec.VolumeName.Length == 0 ? []
        : PodClaims.Users(c.Lister<Pod>(), claim.FullName()).Where(p => p.Spec.NodeName.Length > 0).Select(p => new NamespacedName("", p.Spec.NodeName)).Distinct();

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        var node = nodes.Find(name);
        var here = attachments.ByIndex(ByNode, name.Name);
        var needed = new Dictionary<string, AttachableVolume>(StringComparer.Ordinal);
        foreach (var pod in pods.ByIndex(PodIndex.ByNode, name.Name))
        {
            if (!PodFacts.IsFinished(pod))
                foreach (var volume in attachable.Of(pod))
                    needed.TryAdd(volume.AttachmentName(name.Name), volume with { Pods = [pod] });
        }
        TimeSpan? again = null;
        if (node is not null)
        {
            foreach (var (attachment, volume) in needed)
                await AttachAsync(node, attachment, volume, here, cancellation).ConfigureAwait(false);
        }
        foreach (var attachment in here)
        {
            if (attachment.Metadata.DeletionTimestamp is null && attachable.IsOurs(attachment) && !needed.ContainsKey(attachment.Metadata.Name)
                && await DetachAsync(node, attachment, cancellation).ConfigureAwait(false) is { } wait)
                again = again is null || wait < again ? wait : again;
        }
        if (node is not null)
            await TellNodeAsync(node, here, cancellation).ConfigureAwait(false);
        return again is { } time ? ReconcileResult.After(time) : ReconcileResult.Done;
    }

    private async Task AttachAsync(Node node, string name, AttachableVolume volume, IReadOnlyList<VolumeAttachment> here, CancellationToken cancellation)
    {
        _unneeded.TryRemove(name, out _);
        var pod = volume.Pods[0];
        if (here.FirstOrDefault(a => a.Metadata.Name == name) is { } there)
        {
            if (there.Status.AttachError is { } error)
                events.Warning(pod, "FailedAttachVolume", $"AttachVolume.Attach failed for volume \"{volume.Name}\" : rpc error: {error.Message}");
            else if (there.Status.Attached && !node.Status.VolumesAttached.Any(v => v.Name == volume.UniqueName))
                events.Normal(pod, "SuccessfulAttachVolume", $"AttachVolume.Attach succeeded for volume \"{volume.Name}\" ");
            return;
        }
        if (volume.IsExclusive && attachments.ByIndex(ByVolume, volume.Name).FirstOrDefault(a => a.Spec.NodeName != node.Metadata.Name) is { } elsewhere)
        {
            events.Warning(pod, "FailedAttachVolume", $"Multi-Attach error for volume \"{volume.Name}\" {Users(volume, elsewhere.Spec.NodeName)}");
            return;     // the end of the other attachment wakes us
        }
        try
        {
            await api.CreateAsync(new VolumeAttachment
            {
                Metadata = new() { Name = name },
                Spec = new() { Attacher = volume.Driver, NodeName = node.Metadata.Name, Source = new() { PersistentVolumeName = volume.Name } },
            }, cancellation).ConfigureAwait(false);
        }
        catch (ApiException taken) when (taken.Reason == StatusReason.AlreadyExists)
        {
            // The lister lags.
        }
    }

    private string Users(AttachableVolume volume, string node)
    {
        var others = pods.ByIndex(PodIndex.ByNode, node).Where(p => attachable.Of(p).Any(v => v.Name == volume.Name)).ToList();
        var ours = others.Where(p => p.Metadata.Namespace == volume.Pods[0].Metadata.Namespace).Select(p => p.Metadata.Name).Order(StringComparer.Ordinal).ToList();
        var foreign = others.Count - ours.Count;
        return others.Count == 0 ? "Volume is already exclusively attached to one node and can't be attached to another"
            : ours.Count == 0 ? $"Volume is already used by {foreign} pod(s) in different namespaces"
            : foreign == 0 ? $"Volume is already used by pod(s) {string.Join(", ", ours)}"
            : $"Volume is already used by pod(s) {string.Join(", ", ours)} and {foreign} pod(s) in different namespaces";
    }

    /// <summary>Lets go of a volume once the node has unmounted it, or cannot say so any more; returns when to look again.</summary>
    private async Task<TimeSpan?> DetachAsync(Node? node, VolumeAttachment attachment, CancellationToken cancellation)
    {
        if (node is not null && attachable.UniqueNameOf(attachment) is { } unique && node.Status.VolumesInUse.Contains(unique))
        {
            var since = _unneeded.GetOrAdd(attachment.Metadata.Name, clock.GetTimestamp());
            var isGone = node.Spec.Taints.Any(t => t.Key == OutOfService);
            var isSilent = NodeTaints.Condition(node.Status.Conditions, NodeConditionType.Ready)?.Status != ConditionStatus.True;
            var left = MostWaitForUnmount - clock.GetElapsedTime(since);
            if (!isGone && (!isSilent || left > TimeSpan.Zero))
                return isSilent ? left : MostWaitForUnmount;
        }
        _unneeded.TryRemove(attachment.Metadata.Name, out _);
        try
        {
            await api.DeleteAsync<VolumeAttachment>(attachment.FullName(), new() { Preconditions = new() { Uid = attachment.Metadata.Uid } }, cancellation)
                .ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // What was wanted.
        }
        return null;
    }

    /// <summary>The kubelet mounts only what stands in its node's status.</summary>
    private async Task TellNodeAsync(Node node, IReadOnlyList<VolumeAttachment> here, CancellationToken cancellation)
    {
        var ours = here.Where(a => a.Status.Attached && a.Metadata.DeletionTimestamp is null).Select(attachable.UniqueNameOf).OfType<string>();
        // What others have attached by ways of their own stays.
        var wanted = node.Status.VolumesAttached.Where(v => !v.Name.StartsWith(AttachableVolume.Prefix, StringComparison.Ordinal))
            .Concat(ours.Order(StringComparer.Ordinal).Select(n => new AttachedVolume { Name = n })).ToApiList();
        if (wanted.OrderBy(v => v.Name, StringComparer.Ordinal).SequenceEqual(node.Status.VolumesAttached.OrderBy(v => v.Name, StringComparer.Ordinal)))
            return;
        try
        {
            await api.UpdateStatusAsync(node with { Status = node.Status with { VolumesAttached = wanted } }, cancellation).ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // Nobody to tell.
        }
    }

    private static void WakeNode(ControllerContext c, Pod pod)
    {
        if (pod.Spec.NodeName.Length > 0 && PodClaims.Of(pod).Any())
            c.Queue.AddAfter(new("", pod.Spec.NodeName), c.Options.Gathering);
    }
}
