using Coxswain.Grpc;
using Coxswain.Storage.Etcd.Connections;
using Coxswain.Storage.Etcd.Wire;
using Google.Protobuf;

namespace Coxswain.Storage.Etcd;

/// <summary>The newest revision, asked of etcd's quorum, and the newest compaction that we know of.</summary>
/// <remarks>Whoever asks while a question is under way shares the next one, which begins after they asked: so the answer is never older
/// than the call, and many callers cost one question at a time. Thread-safe.</remarks>
internal sealed class EtcdRevisions(EtcdConnection connection)
{
    // No key of anybody's: only the answer's header matters.
    private static readonly ByteString NoKey = ByteString.CopyFromUtf8("coxswain\0revision");

    private readonly Lock _gate = new();
    private Task _asking = Task.CompletedTask;
    private bool _busy;
    private TaskCompletionSource<long>? _next;
    private long _compacted;

    /// <summary>The newest compaction that we know of; others may have compacted since.</summary>
    public long Compacted => Volatile.Read(ref _compacted);

    public async ValueTask<StoreRevisions> GetAsync(CancellationToken cancellation)
    {
        Task<long> answer;
        lock (_gate)
        {
            _next ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            answer = _next.Task;
            if (!_busy)
            {
                _busy = true;
                _asking = AskAsync();
            }
        }

        var current = await answer.WaitAsync(cancellation);
        return new(current, Compacted);
    }

    /// <summary>Completes when nothing is asked any more; call it after the connection was closed.</summary>
    public Task EndAsync()
    {
        lock (_gate)
            return _asking;
    }

    public void SetCompacted(long revision)
    {
        for (var known = Compacted; known < revision;)
            known = Interlocked.CompareExchange(ref _compacted, revision, known) is var was && was == known ? revision : was;
    }

    /// <summary>Finds out how far others have compacted.</summary>
    public async Task LearnCompactedAsync(CancellationToken cancellation)
    {
        try
        {
            // Reading the first revision is refused if anything has been compacted, but not told how much.
            await connection.CallAsync(
                EtcdMethods.Range, new RangeRequest { Key = NoKey, CountOnly = true, Revision = 1 }, repeatable: true, cancellation);
        }
        catch (GrpcException error) when (EtcdErrors.IsCompacted(error))
        {
            SetCompacted(await AskCompactedAsync(cancellation));
        }
    }

    // A watch from a compacted revision is ended with how far it goes.
    private async Task<long> AskCompactedAsync(CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var endpoint = connection.Current;
            var link = endpoint.Connect();
            try
            {
                await connection.IdentifyAsync(link).WaitAsync(cancellation);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, link.Lost);
                await using var call = link.Channel.OpenDuplex(EtcdMethods.Watch, connection.RequestTimeout, either.Token);
                await call.WriteAsync(new() { Create = new() { Key = NoKey, StartRevision = 1 } }, cancellation);
                while (await call.ReadAsync() is { } response)
                {
                    if (response.CompactRevision > 0)
                        return response.CompactRevision;
                }

                throw new GrpcException(GrpcStatusCode.Unavailable, "the member ended the watch");
            }
            catch (Exception error) when (error is GrpcException or OperationCanceledException or ObjectDisposedException)
            {
                cancellation.ThrowIfCancellationRequested();
                connection.Failed(endpoint, link, error);
                if (attempt > connection.Endpoints.Count)
                    throw new StoreUnavailableException($"No member of etcd says how far it is compacted ({endpoint.Address}: {error.Message}).", error);
            }
        }
    }

    private async Task AskAsync()
    {
        await Task.Yield();
        while (true)
        {
            TaskCompletionSource<long> waiting;
            lock (_gate)
            {
                if (_next is null)
                {
                    _busy = false;
                    return;
                }

                (waiting, _next) = (_next, null);
            }

            try
            {
                var response = await connection.CallAsync(
                    EtcdMethods.Range, new RangeRequest { Key = NoKey, CountOnly = true }, repeatable: true, CancellationToken.None);
                waiting.SetResult(response.Header.Revision);
            }
            catch (GrpcException error)
            {
                waiting.SetException(EtcdErrors.Explain(error));
            }
            catch (Exception error)
            {
                waiting.SetException(error);
            }
        }
    }
}
