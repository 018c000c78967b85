using Coxswain.Grpc;
using Coxswain.Storage.Etcd.Connections;
using Coxswain.Storage.Etcd.Wire;

namespace Coxswain.Storage.Etcd;

/// <summary>Gives out leases for keys that expire. Keys that expire at about the same time share one, as upstream's do.</summary>
/// <remarks>A lease is longer than what the first key needs by a window of 5 % of that, at most a minute; while what is left of it is
/// enough for another key of that time to live, and it has fewer than a thousand keys, it is given out again. When a lease is over etcd
/// deletes its keys at one revision; a thousand is what that may hold. Thread-safe.</remarks>
internal sealed class EtcdLeases(EtcdConnection connection, TimeProvider clock) : IDisposable
{
    public const int MaxKeys = 1000;

    private static readonly TimeSpan MaxWindow = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<long, Lease> _leases = [];

    /// <summary>How many leases have been granted to us.</summary>
    public long Granted { get; private set; }

    /// <summary>A lease under which a key lives for at least this long from now on.</summary>
    /// <exception cref="GrpcException">etcd refused it.</exception>
    /// <exception cref="StoreUnavailableException">etcd could not be asked.</exception>
    public async Task<long> GetAsync(TimeSpan timeToLive, CancellationToken cancellation)
    {
        var seconds = Math.Max(1, (long)Math.Ceiling(timeToLive.TotalSeconds));
        await _gate.WaitAsync(cancellation);
        try
        {
            // By the clock that no jump of the wall clock moves.
            if (_leases.TryGetValue(seconds, out var lease) && lease.Keys < MaxKeys && clock.GetElapsedTime(lease.Since) < lease.Window)
            {
                _leases[seconds] = lease with { Keys = lease.Keys + 1 };
                return lease.Id;
            }

            var window = TimeSpan.FromSeconds(seconds * 0.05);
            if (window > MaxWindow)
                window = MaxWindow;
            var since = clock.GetTimestamp();
            var granted = await connection.CallAsync(
                EtcdMethods.LeaseGrant, new LeaseGrantRequest { Seconds = seconds + (long)Math.Ceiling(window.TotalSeconds) }, repeatable: true, cancellation);
            if (granted.Error.Length > 0)
                throw new GrpcException(GrpcStatusCode.FailedPrecondition, granted.Error);
            Granted++;
            Trim();
            _leases[seconds] = new(granted.Id, since, window, Keys: 1);
            return granted.Id;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Says that etcd does not know a lease any more.</summary>
    public async Task ForgetAsync(long id, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            foreach (var (seconds, lease) in _leases)
            {
                if (lease.Id == id)
                    _leases.Remove(seconds);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    // Times to live are few; this bounds them where they are not.
    private void Trim()
    {
        foreach (var (seconds, lease) in _leases)
        {
            if (clock.GetElapsedTime(lease.Since) >= lease.Window)
                _leases.Remove(seconds);
        }
    }

    private readonly record struct Lease(long Id, long Since, TimeSpan Window, int Keys);
}
