using Coxswain.Grpc;
using Coxswain.Storage.Etcd.Wire;

namespace Coxswain.Storage.Etcd.Connections;

/// <summary>One member is used until it fails, then the next. Requests that were certainly not done are made again, reads too when
/// nobody knows; a write whose outcome is unknown never.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class EtcdConnection : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(300);

    private readonly Lock _gate = new();
    private readonly EtcdStoreOptions _options;
    private readonly EtcdEndpoint[] _endpoints;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _probing;
    private int _current;
    private long _lastAnswer;
    private long _awaySince;
    private ulong _cluster;
    private string _reason = "";

    public EtcdConnection(EtcdStoreOptions options, TimeProvider clock, EtcdMetrics metrics)
    {
        if (options.Endpoints.Count == 0)
            throw new StoreException("No address of an etcd member was given.");
        (_options, _clock, Metrics) = (options, clock, metrics);
        var tls = new EtcdTls(options);
        tls.Check();
        _endpoints = [.. options.Endpoints.Select(address => new EtcdEndpoint(address, tls, options, clock))];
        _lastAnswer = clock.GetTimestamp();
        _probing = ProbeAsync();
    }

    public EtcdMetrics Metrics { get; }

    public IReadOnlyList<EtcdEndpoint> Endpoints => _endpoints;

    public TimeSpan RequestTimeout => _options.RequestTimeout;

    /// <summary>The member in use.</summary>
    public EtcdEndpoint Current => _endpoints[Volatile.Read(ref _current)];

    /// <summary>Since when no member could serve; null: one does.</summary>
    public TimeSpan? Away => Volatile.Read(ref _awaySince) is var since and not 0 ? _clock.GetElapsedTime(since) : null;

    /// <summary>Why the last attempt failed that did.</summary>
    public string Reason => Volatile.Read(ref _reason);

    /// <summary>Asks, and asks again elsewhere where that is right.</summary>
    /// <param name="repeatable">The request changes nothing, or nothing more when it is done twice.</param>
    /// <exception cref="GrpcException">etcd's final answer, which is a failure.</exception>
    /// <exception cref="StoreUnavailableException">No member could serve, or nobody knows whether the write was done.</exception>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, bool repeatable, CancellationToken cancellation)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TResponse : class, Google.Protobuf.IMessage<TResponse>, IEtcdResponse
    {
        var began = _clock.GetTimestamp();
        var pause = FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, typeof(EtcdStore));
            var endpoint = Current;
            var link = endpoint.Connect();
            var started = _clock.GetTimestamp();
            var sent = false;
            GrpcException error;
            link.Begin();
            try
            {
                await IdentifyAsync(link).WaitAsync(cancellation);
                sent = true;
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, link.Lost);
                var response = await link.Channel.CallAsync(method, request, Left(began), either.Token);
                Metrics.Answered(_clock.GetElapsedTime(started));
                Answered();
                return response;
            }
            catch (GrpcException failure)
            {
                error = failure;
            }
            catch (OperationCanceledException failure) when (link.Lost.IsCancellationRequested)
            {
                ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, typeof(EtcdStore));
                cancellation.ThrowIfCancellationRequested();
                error = new(GrpcStatusCode.Unavailable, "the member stopped answering", failure);
            }
            finally
            {
                link.End();
            }

            var verdict = sent ? EtcdErrors.Judge(error) : EtcdFailure.Refused;
            if (verdict == EtcdFailure.Final)
            {
                Metrics.Answered(_clock.GetElapsedTime(started));
                throw error;
            }

            Metrics.Failed();
            if (!sent || EtcdErrors.IsOfMember(error))
                Failed(endpoint, link, error);
            if (verdict == EtcdFailure.Unknown && !repeatable)
            {
                throw new StoreUnavailableException(
                    $"etcd at {endpoint.Address} did not say whether it has done a write ({error.Detail}).", error);
            }

            if (verdict != EtcdFailure.Busy && attempt % _endpoints.Length != 0)
                continue;

            // Every member has been asked. An election is waited for; an outage is not.
            if (verdict != EtcdFailure.Busy)
                Interlocked.CompareExchange(ref _awaySince, began, 0);
            if (_clock.GetElapsedTime(began) >= _options.RequestTimeout - pause || (verdict != EtcdFailure.Busy && Away >= _options.Patience))
                throw new StoreUnavailableException($"No member of etcd can serve ({endpoint.Address}: {error.Detail}).", error);
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), _clock, cancellation);
            pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
        }
    }

    /// <summary>Says that a connection failed: what is under way on it ends, and the next member is used.</summary>
    public void Failed(EtcdEndpoint endpoint, EtcdEndpoint.Link link, Exception error)
    {
        Volatile.Write(ref _reason, $"{endpoint.Address}: {(error as GrpcException)?.Detail ?? error.Message}");
        lock (_gate)
        {
            if (_endpoints[_current] == endpoint && _endpoints.Length > 1)
            {
                Volatile.Write(ref _current, (_current + 1) % _endpoints.Length);
                Metrics.FailedOver();
            }
        }

        endpoint.Drop(link);
    }

    /// <summary>Keeps a failure as the last one that is told.</summary>
    public void Note(Exception error) => Volatile.Write(ref _reason, error.Message);

    /// <summary>Uses another member from now on, if this one is in use: it is about to be busy with itself. What is under way ends there.</summary>
    public void Leave(Uri address)
    {
        EtcdEndpoint left;
        lock (_gate)
        {
            left = _endpoints[_current];
            if (left.Address != address || _endpoints.Length == 1)
                return;
            Volatile.Write(ref _current, (_current + 1) % _endpoints.Length);
        }

        left.Leave();
    }

    /// <summary>Says that the member in use has sent something.</summary>
    public void Heard() => Volatile.Write(ref _lastAnswer, _clock.GetTimestamp());

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var endpoint in _endpoints)
            endpoint.Dispose();
        await _probing;
        _stop.Dispose();
    }

    private TimeSpan Left(long began)
    {
        var left = _options.RequestTimeout - _clock.GetElapsedTime(began);
        return left > FirstPause ? left : FirstPause;
    }

    /// <summary>Lets nothing through to a member of another cluster, nor to one that does not answer: asked once for each connection.</summary>
    /// <exception cref="GrpcException">The member cannot be used.</exception>
    public Task IdentifyAsync(EtcdEndpoint.Link link) => link.IdentifyAsync(AskClusterAsync);

    private async Task AskClusterAsync(EtcdEndpoint.Link link)
    {
        var status = await link.Channel.CallAsync(EtcdMethods.Status, EmptyRequest.Instance, _options.ProbeTimeout, link.Lost);
        var cluster = status.Header.ClusterId;
        if (Interlocked.CompareExchange(ref _cluster, cluster, 0) is var known and not 0 && known != cluster)
        {
            throw new GrpcException(
                GrpcStatusCode.FailedPrecondition, $"the member belongs to another cluster ({cluster:x}) than the one in use ({known:x}); correct the addresses, or restart after a restore");
        }
    }

    private void Answered()
    {
        Heard();
        if (Volatile.Read(ref _awaySince) != 0)
            Volatile.Write(ref _awaySince, 0);
    }

    // Finds members that hold their connections and say nothing, and members that are cut off from the others.
    private async Task ProbeAsync()
    {
        var silent = 0;
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(_options.ProbeInterval, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stop.IsCancellationRequested || _clock.GetElapsedTime(Volatile.Read(ref _lastAnswer)) < _options.ProbeInterval)
                continue;
            var endpoint = Current;
            var link = endpoint.Connect();
            try
            {
                await IdentifyAsync(link);
                var status = await link.Channel.CallAsync(EtcdMethods.Status, EmptyRequest.Instance, _options.ProbeTimeout, link.Lost);
                if (status.Leader == 0)
                    throw new GrpcException(GrpcStatusCode.Unavailable, "the member has no leader");
                silent = 0;
                Answered();
            }
            catch (Exception error) when (error is GrpcException or OperationCanceledException or ObjectDisposedException)
            {
                if (_stop.IsCancellationRequested)
                    return;
                Metrics.Failed();
                Failed(endpoint, link, error);
                if (++silent >= _endpoints.Length)
                    Interlocked.CompareExchange(ref _awaySince, _clock.GetTimestamp(), 0);
            }
        }
    }
}
