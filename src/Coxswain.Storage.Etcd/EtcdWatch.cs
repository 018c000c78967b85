using System.Runtime.CompilerServices;
using Coxswain.Grpc;
using Coxswain.Storage.Etcd.Connections;
using Coxswain.Storage.Etcd.Wire;

namespace Coxswain.Storage.Etcd;

/// <summary>One watch of etcd's over the whole key space, at the member in use.</summary>
/// <remarks>All keys, because every revision changes at least one: so the revision of the newest change is how far the watch has come,
/// and etcd's own notifications of progress, which are wrong before 3.4.25 and 3.5.8, are not needed.</remarks>
internal static class EtcdWatch
{
    /// <summary>All changes after a revision, whole revisions at a time. Ends with an exception, never by itself.</summary>
    /// <exception cref="GrpcException">The member or the way to it failed; the connection knows already.</exception>
    /// <exception cref="HistoryLostException">The changes after that revision are no longer all there.</exception>
    public static async IAsyncEnumerable<List<StoreChange>> ReadAsync(
        EtcdConnection connection, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var endpoint = connection.Current;
        var link = endpoint.Connect();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, link.Left);
        await using var call = link.Channel.OpenDuplex(EtcdMethods.Watch, deadline: null, either.Token);
        var events = new EtcdEvents(after);
        var asked = false;
        while (true)
        {
            WatchResponse? response;
            try
            {
                if (!asked)
                {
                    await connection.IdentifyAsync(link).WaitAsync(cancellation);

                    // From the revision that is known already: if that one is there, everything after it is. Of a revision that was
                    // compacted itself, etcd may have forgotten a deletion. The first revision has no changes.
                    await call.WriteAsync(
                        new() { Create = new() { Key = RangeRequest.AllKeys, RangeEnd = RangeRequest.AllKeys, StartRevision = Math.Max(1, after) } },
                        cancellation);
                    asked = true;
                }

                response = await call.ReadAsync() ?? throw new GrpcException(GrpcStatusCode.Unavailable, "the member ended the watch");
                if (response is { Canceled: true, CompactRevision: 0 })
                    throw new GrpcException(GrpcStatusCode.Unavailable, "the member ended the watch: " + response.CancelReason);
            }
            catch (Exception error) when (error is GrpcException or OperationCanceledException or ObjectDisposedException)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!link.Left.IsCancellationRequested)
                    connection.Failed(endpoint, link, error);
                throw error as GrpcException ?? new GrpcException(GrpcStatusCode.Unavailable, "the member stopped answering", error);
            }

            connection.Heard();
            if (response.Canceled)
                throw new HistoryLostException(after);
            if (events.Add(response) is { Count: > 0 } changes)
                yield return changes;
        }
    }
}
