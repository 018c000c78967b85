using System.Collections.Concurrent;
using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Remembers what an owner's last reconciliation did to its pods, until the lister shows it; who counts pods before that would
/// make too many or delete too many.</summary>
/// <remarks>Safe for concurrent use over different owners. Nothing is expected for longer than five minutes.</remarks>
internal sealed class PodExpectations(Informer<Pod> pods, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private readonly ConcurrentDictionary<NamespacedName, Expected> _owners = new();

    /// <summary>A pod was created: the lister must get as far as its version.</summary>
    public void Created(NamespacedName owner, Pod pod)
    {
        var expected = Of(owner);
        lock (expected)
        {
            expected.Since = clock.GetTimestamp();
            if (long.TryParse(pod.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version))
                expected.CreatedUpTo = Math.Max(expected.CreatedUpTo, version);
            else
                expected.Created.Add(pod.FullName());
        }
    }

    /// <summary>A pod's deletion was asked for: the lister must show it as ending or gone.</summary>
    public void Deleted(NamespacedName owner, Pod pod)
    {
        var expected = Of(owner);
        lock (expected)
        {
            expected.Since = clock.GetTimestamp();
            expected.Deleted.Add(pod);
        }
    }

    /// <summary>Whether the lister shows everything that was done for the owner.</summary>
    public bool AreMet(NamespacedName owner)
    {
        if (!_owners.TryGetValue(owner, out var expected))
            return true;
        lock (expected)
        {
            if (clock.GetElapsedTime(expected.Since) < Patience)
            {
                if (expected.CreatedUpTo > 0 && !HasReached(expected.CreatedUpTo))
                    return false;
                expected.CreatedUpTo = 0;
                expected.Created.RemoveWhere(name => pods.Lister.Find(name) is not null);
                expected.Deleted.RemoveAll(pod => pods.Lister.Find(pod.FullName()) is not { Metadata: var now }
                    || now.Uid != pod.Metadata.Uid || now.DeletionTimestamp is not null);
                if (expected.Created.Count + expected.Deleted.Count > 0)
                    return false;
            }
            _owners.TryRemove(owner, out _);
            return true;
        }
    }

    /// <summary>The owner is gone.</summary>
    public void Forget(NamespacedName owner) => _owners.TryRemove(owner, out _);

    private bool HasReached(long version) =>
        !long.TryParse(pods.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var reached) || reached >= version;

    private Expected Of(NamespacedName owner) => _owners.GetOrAdd(owner, _ => new());

    private sealed class Expected
    {
        public long Since { get; set; }
        public long CreatedUpTo { get; set; }
        public HashSet<NamespacedName> Created { get; } = [];
        public List<Pod> Deleted { get; } = [];
    }
}
