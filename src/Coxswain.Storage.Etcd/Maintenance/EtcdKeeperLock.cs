using Coxswain.Grpc;
using Coxswain.Storage.Etcd.Connections;
using Coxswain.Storage.Etcd.Wire;
using Google.Protobuf;

namespace Coxswain.Storage.Etcd.Maintenance;

/// <summary>One process of those that share a cluster holds it: a key under a lease that it renews.</summary>
/// <remarks>Defragmenting two members at once would cost the quorum for that time; that is all that the lock protects.</remarks>
public sealed class EtcdKeeperLock : IAsyncDisposable
{
    /// <summary>The key; it has no value.</summary>
    public const string Key = "coxswain_etcd_keeper";

    private const long Seconds = 120;
    private static readonly ByteString KeyBytes = ByteString.CopyFromUtf8(Key);

    private readonly EtcdConnection _connection;
    private readonly TimeProvider _clock;
    private long _lease;

    internal EtcdKeeperLock(EtcdStore store, TimeProvider clock) => (_connection, _clock) = (store.Connection, clock);

    /// <summary>Renews the lock if it is ours, takes it if it is free.</summary>
    /// <param name="full">etcd takes no writes: a lock that is free cannot be taken, and nobody else can either. Then whoever comes
    /// first goes ahead, after a pause of random length in which another may have been quicker.</param>
    /// <returns>Whether it is ours.</returns>
    internal async Task<bool> HoldAsync(bool full, CancellationToken cancellation)
    {
        if (_lease != 0 && await RenewAsync(cancellation))
            return true;
        _lease = 0;
        try
        {
            var held = await _connection.CallAsync(EtcdMethods.Range, new RangeRequest { Key = KeyBytes, CountOnly = true }, repeatable: true, cancellation);
            if (held.Count > 0)
                return false;
            if (full)
            {
                await Task.Delay(TimeSpan.FromSeconds(Random.Shared.NextDouble() * 5), _clock, cancellation);
                return true;
            }

            var granted = await _connection.CallAsync(EtcdMethods.LeaseGrant, new LeaseGrantRequest { Seconds = Seconds }, repeatable: true, cancellation);
            var taken = await _connection.CallAsync(
                EtcdMethods.Txn,
                new TxnRequest
                {
                    Compare = new() { Target = CompareTarget.Version, Key = KeyBytes },
                    Success = [new() { Put = new() { Key = KeyBytes, Lease = granted.Id } }],
                },
                repeatable: false,
                cancellation);
            if (taken.Succeeded)
                _lease = granted.Id;
            else
                await RevokeAsync(granted.Id, cancellation);
            return taken.Succeeded;
        }
        catch (GrpcException error)
        {
            throw EtcdErrors.Explain(error);
        }
    }

    /// <summary>Gives the lock back, so that another need not wait for it to expire.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_lease == 0)
            return;
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1), _clock);
            await RevokeAsync(_lease, limit.Token);
        }
        catch (Exception error) when (error is GrpcException or StoreException or OperationCanceledException or ObjectDisposedException)
        {
            // It expires by itself.
        }
    }

    private Task RevokeAsync(long lease, CancellationToken cancellation) =>
        _connection.CallAsync(EtcdMethods.LeaseRevoke, new LeaseRequest { Id = lease }, repeatable: true, cancellation);

    // A renewal is a stream of etcd's; one question and one answer of it are enough. It is taken even when etcd is full.
    private async Task<bool> RenewAsync(CancellationToken cancellation)
    {
        var link = _connection.Current.Connect();
        try
        {
            await using var call = link.Channel.OpenDuplex(EtcdMethods.LeaseKeepAlive, _connection.RequestTimeout, cancellation);
            await call.WriteAsync(new() { Id = _lease }, cancellation);
            return await call.ReadAsync() is { Seconds: > 0 };
        }
        catch (GrpcException error)
        {
            throw new StoreUnavailableException($"The lock of etcd's keeper was not renewed: {error.Detail}", error);
        }
    }
}
