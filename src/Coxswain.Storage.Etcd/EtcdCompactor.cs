using System.Globalization;
using Coxswain.Storage.Etcd.Connections;
using Coxswain.Storage.Etcd.Wire;
using Google.Protobuf;

namespace Coxswain.Storage.Etcd;

/// <summary>Compacts etcd from time to time, once for all API servers that share it, upstream's among them.</summary>
/// <remarks>All of them look at the version of one key, upstream's own. Whoever finds it as it was one interval ago raises it, and
/// compacts what was the newest revision then; the others learn the new version and wait another interval. So what is kept is at least
/// one interval, whoever comes and goes. Only intervals are measured: a clock that jumps does no harm. What fails is tried again with
/// the next turn.</remarks>
public sealed class EtcdCompactor : IAsyncDisposable
{
    /// <summary>The key whose version is the turn; its value is the revision that was compacted.</summary>
    public const string Key = "compact_rev_key";

    private static readonly ByteString KeyBytes = ByteString.CopyFromUtf8(Key);

    private readonly EtcdStore _store;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _clock;
    private readonly Action<Exception>? _failed;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private long _compactions;
    private Exception? _failure;

    /// <summary>Begins at once; the first compaction is one interval later at the earliest.</summary>
    /// <param name="failed">Told of each turn that fails; must not throw.</param>
    public EtcdCompactor(EtcdStore store, TimeSpan interval, TimeProvider clock, Action<Exception>? failed = null)
    {
        (_store, _interval, _clock, _failed) = (store, interval, clock, failed);
        _loop = RunAsync();
    }

    /// <summary>How often this one has compacted.</summary>
    public long Compactions => Volatile.Read(ref _compactions);

    /// <summary>Why the last turn failed; null if it did not.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var turn = new Turn(0, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                turn = await TakeAsync(turn);
                Volatile.Write(ref _failure, null);
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (Exception error)
            {
                Volatile.Write(ref _failure, error);
                _failed?.Invoke(error);
            }

            await Task.Delay(_interval, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<Turn> TakeAsync(Turn turn)
    {
        var request = new TxnRequest
        {
            Compare = new() { Target = CompareTarget.Version, Key = KeyBytes, Equal = turn.Version },
            Success = [new() { Put = new() { Key = KeyBytes, Value = ByteString.CopyFromUtf8(turn.Revision.ToString(CultureInfo.InvariantCulture)) } }],
            Failure = [new() { Range = new() { Key = KeyBytes } }],
        };
        TxnResponse response;
        try
        {
            response = await _store.Connection.CallAsync(EtcdMethods.Txn, request, repeatable: false, _stop.Token);
        }
        catch (Grpc.GrpcException error)
        {
            throw EtcdErrors.Explain(error);
        }

        if (!response.Succeeded)
        {
            var version = response.Responses is [{ Range.KeyValues: [var found, ..] }] ? found.Version : 0;
            return new(version, response.Header.Revision);
        }

        if (turn.Revision > 0)
        {
            await _store.CompactAsync(turn.Revision, _stop.Token);
            Interlocked.Increment(ref _compactions);
        }

        return new(turn.Version + 1, response.Header.Revision);
    }

    /// <param name="Version">Of the key, when we last looked.</param>
    /// <param name="Revision">The newest revision then.</param>
    private readonly record struct Turn(long Version, long Revision);
}
