namespace Coxswain.Scheduler;

/// <summary>Kinds of changes that could make a pod schedulable.</summary>
[Flags]
public enum EventKind
{
    None = 0,
    NodeAdded = 1,
    NodeAllocatable = 1 << 1,
    NodeLabels = 1 << 2,
    NodeTaints = 1 << 3,
    PodAdded = 1 << 4,
    PodLabels = 1 << 5,
    PodRemoved = 1 << 6,
    PodScaledDown = 1 << 7,
    Claim = 1 << 8,
    Volume = 1 << 9,
    StorageClass = 1 << 10,
    CsiNode = 1 << 11,

    /// <summary>Also a node of which nothing else is known to have changed.</summary>
    NodeChanged = NodeAllocatable | NodeLabels | NodeTaints,
    AnyNode = NodeAdded | NodeChanged,
    Any = (1 << 12) - 1,
}

/// <summary>A change of the cluster.</summary>
/// <param name="Before">Null: it was not there.</param>
/// <param name="After">Null: it is gone.</param>
public sealed record ClusterEvent(EventKind Kind, object? Before = null, object? After = null)
{
    /// <summary>Something that no plug-in has a name for: everybody may hope.</summary>
    public static ClusterEvent Unknown { get; } = new(EventKind.Any);

    /// <summary>The name in metrics.</summary>
    public string Label => Kind switch
    {
        EventKind.NodeAdded => "NodeAdd",
        EventKind.PodAdded => "AssignedPodAdd",
        EventKind.PodLabels or EventKind.PodScaledDown => "AssignedPodUpdate",
        EventKind.PodRemoved => "AssignedPodDelete",
        EventKind.Claim => "PersistentVolumeClaimUpdate",
        EventKind.Volume => "PersistentVolumeUpdate",
        EventKind.StorageClass => "StorageClassAdd",
        EventKind.CsiNode => "CSINodeUpdate",
        EventKind.Any => "UnschedulableTimeout",
        _ => "NodeUpdate",
    };
}

/// <summary>Kinds of changes that a plug-in waits for, and whether one of them could help a pod.</summary>
/// <param name="Helps">Null: always.</param>
public readonly record struct Interest(EventKind Kinds, Func<PodInfo, ClusterEvent, bool>? Helps = null);
