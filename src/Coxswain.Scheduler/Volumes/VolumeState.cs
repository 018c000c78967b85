using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Storage.V1;

namespace Coxswain.Scheduler.Volumes;

/// <summary>Claims, volumes, their classes and what drivers say of nodes, with the scheduler's own decisions that the API does not show yet.
/// Only under the state's gate.</summary>
public sealed class VolumeState
{
    private readonly Dictionary<NamespacedName, PersistentVolumeClaim> _claims = [];
    private readonly Dictionary<string, PersistentVolume> _volumes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StorageClass> _classes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CSINode> _csiNodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CSIDriver> _drivers = new(StringComparer.Ordinal);
    private readonly Dictionary<NamespacedName, CSIStorageCapacity> _capacities = [];
    private readonly Dictionary<NamespacedName, int> _uses = [];
    private readonly Dictionary<string, NamespacedName> _promised = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when a claim has changed.</summary>
    public Task ClaimChanged => _changed.Task;

    public IEnumerable<PersistentVolume> Volumes => _volumes.Values;

    public PersistentVolumeClaim? Claim(NamespacedName name) => _claims.GetValueOrDefault(name);

    public PersistentVolume? Volume(string name) => _volumes.GetValueOrDefault(name);

    public StorageClass? Class(string name) => _classes.GetValueOrDefault(name);

    public CSIDriver? Driver(string name) => _drivers.GetValueOrDefault(name);

    /// <summary>What drivers say is left for volumes, by class and part of the cluster.</summary>
    public IEnumerable<CSIStorageCapacity> Capacities => _capacities.Values;

    public CSINode? CsiNode(string name) => _csiNodes.GetValueOrDefault(name);

    /// <summary>How many placed pods mount a claim.</summary>
    public int Uses(NamespacedName claim) => _uses.GetValueOrDefault(claim);

    public void Set(PersistentVolumeClaim claim)
    {
        _claims[new(claim.Metadata.Namespace, claim.Metadata.Name)] = claim;
        Pulse();
    }

    public void Set(PersistentVolume volume) => _volumes[volume.Metadata.Name] = volume;

    public void Set(StorageClass storageClass) => _classes[storageClass.Metadata.Name] = storageClass;

    public void Set(CSINode node) => _csiNodes[node.Metadata.Name] = node;

    public void Set(CSIDriver driver) => _drivers[driver.Metadata.Name] = driver;

    public void Set(CSIStorageCapacity capacity) => _capacities[new(capacity.Metadata.Namespace, capacity.Metadata.Name)] = capacity;

    public void RemoveDriver(string name) => _drivers.Remove(name);

    public void RemoveCapacity(NamespacedName name) => _capacities.Remove(name);

    public void RemoveClaim(NamespacedName name)
    {
        _claims.Remove(name);
        Pulse();
    }

    public void RemoveVolume(string name) => _volumes.Remove(name);

    public void RemoveClass(string name) => _classes.Remove(name);

    public void RemoveCsiNode(string name) => _csiNodes.Remove(name);

    /// <summary>The claim that a volume was chosen for and is not bound to yet, if any.</summary>
    public NamespacedName? PromisedTo(string volume) => _promised.TryGetValue(volume, out var claim) ? claim : null;

    public void Promise(string volume, NamespacedName claim) => _promised[volume] = claim;

    public void Withdraw(string volume) => _promised.Remove(volume);

    internal void CountClaims(PodInfo pod, int by)
    {
        foreach (var claim in pod.Claims)
        {
            var name = new NamespacedName(pod.Name.Namespace, claim);
            var uses = _uses.GetValueOrDefault(name) + by;
            if (uses == 0)
                _uses.Remove(name);
            else
                _uses[name] = uses;
        }
    }

    private void Pulse()
    {
        var changed = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }
}
