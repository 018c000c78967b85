using Coxswain.Api;
using Microsoft.Extensions.Logging;

namespace Coxswain.Client;

/// <summary>Keeps a copy of one resource's objects up to date (list, then watch) and tells handlers what changes.</summary>
/// <remarks>
/// <para>Changes of one object arrive in the server's order and are never lost for good: when a watch cannot be gapless the informer lists
/// again and reports the difference. A state in between may be skipped.</para>
/// <para>Reading through <see cref="Lister"/> and adding handlers or indexes is safe at any time and from any thread.</para>
/// </remarks>
public sealed partial class Informer<T> : IInformer where T : class, IMetadataObject
{
    private readonly IInformerSource<T> _source;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly InformerCache<T> _cache = new();
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private InformerHandler<T>[] _handlers = [];
    private string _resourceVersion = "";

    internal Informer(IInformerSource<T> source, TimeProvider clock, ILogger logger)
    {
        _source = source;
        _clock = clock;
        _logger = logger;
        Lister = new(_cache);
    }

    public Lister<T> Lister { get; }

    /// <summary>The first list is in the lister and every handler has been told of it.</summary>
    public bool HasSynced => _synced.Task.IsCompletedSuccessfully;

    /// <summary>Waits for <see cref="HasSynced"/>.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellation) => _synced.Task.WaitAsync(cancellation);

    /// <summary>Up to where the lister is known to be complete.</summary>
    public string ResourceVersion
    {
        get
        {
            lock (_gate)
                return _resourceVersion;
        }
    }

    /// <summary>Adds a handler; it is told of the present objects, as added, before this returns.</summary>
    public void AddHandler(InformerHandler<T> handler)
    {
        lock (_gate)
        {
            _handlers = [.. _handlers, handler];
            foreach (var present in _cache.All())
                Call(h => h.Added?.Invoke(present), handler);
        }
    }

    /// <summary>Files objects under the keys that a pure function gives; see <see cref="Lister{T}.ByIndex"/>. An index of that name that exists
    /// already is kept.</summary>
    public void AddIndex(string name, Func<T, IEnumerable<string>> keys)
    {
        lock (_gate)
            _cache.AddIndex(name, keys);
    }

    /// <summary>Follows the server until cancelled; whatever goes wrong is tried again after a back-off.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var backOff = new BackOff(_clock);
        var relist = true;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (relist)
                {
                    await ListAsync(cancellation).ConfigureAwait(false);
                    relist = false;
                }
                backOff.Succeeded();
                await WatchAsync(cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (ApiException gone) when (gone.Code == 410)
            {
                LogExpired(_source.Description, gone.Message);
                relist = true;
            }
            catch (Exception error)
            {
                LogFailed(error, _source.Description);
            }
            try
            {
                await backOff.WaitAsync(cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ListAsync(CancellationToken cancellation)
    {
        // The first list takes what the server has at hand; one after a gap must not be older than what was seen.
        var list = await _source.ListAsync(new() { ResourceVersion = HasSynced ? "" : "0" }, cancellation).ConfigureAwait(false);
        lock (_gate)
        {
            var left = new HashSet<NamespacedName>(_cache.Names());
            foreach (var item in list.Items)
            {
                left.Remove(item.FullName());
                Put(item);
            }
            foreach (var name in left)
                Remove(name, null);
            _resourceVersion = list.ResourceVersion;
        }
        _synced.TrySetResult();
    }

    private async Task WatchAsync(CancellationToken cancellation)
    {
        var query = new WatchQuery
        {
            ResourceVersion = ResourceVersion,
            // Spread, so that a server does not see all watches return at once.
            Timeout = TimeSpan.FromSeconds(300 + Random.Shared.Next(300)),
        };
        await foreach (var change in _source.WatchAsync(query, cancellation).WithCancellation(cancellation).ConfigureAwait(false))
        {
            lock (_gate)
            {
                switch (change.Type)
                {
                    case WatchEventType.Added or WatchEventType.Modified:
                        Put(change.Object);
                        break;
                    case WatchEventType.Deleted:
                        Remove(change.Object.FullName(), change.Object);
                        break;
                }
                _resourceVersion = change.ResourceVersion;
            }
        }
    }

    private void Put(T now)
    {
        var before = _cache.Put(now.FullName(), now);
        foreach (var handler in _handlers)
        {
            if (before is null)
                Call(h => h.Added?.Invoke(now), handler);
            else if (before.Metadata.Uid != now.Metadata.Uid)
                // Deleted and made anew while we did not look: two things, not one.
                Call(h => { h.Deleted?.Invoke(before); h.Added?.Invoke(now); }, handler);
            else if (before.Metadata.ResourceVersion != now.Metadata.ResourceVersion)
                Call(h => h.Updated?.Invoke(before, now), handler);
        }
    }

    private void Remove(NamespacedName name, T? last)
    {
        if (_cache.Remove(name) is not { } before)
            return;
        foreach (var handler in _handlers)
            Call(h => h.Deleted?.Invoke(last ?? before), handler);
    }

    private void Call(Action<InformerHandler<T>> call, InformerHandler<T> handler)
    {
        try
        {
            call(handler);
        }
        catch (Exception error)
        {
            // A handler's bug must not cost the others their news.
            LogHandlerFailed(error, _source.Description);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "informer of {Resource}: failed, trying again")]
    private partial void LogFailed(Exception error, string resource);

    [LoggerMessage(2, LogLevel.Information, "informer of {Resource}: listing again, as the watch has expired: {Reason}")]
    private partial void LogExpired(string resource, string reason);

    [LoggerMessage(3, LogLevel.Error, "informer of {Resource}: a handler threw")]
    private partial void LogHandlerFailed(Exception error, string resource);
}

/// <summary>What an informer is to those who only run it.</summary>
public interface IInformer
{
    bool HasSynced { get; }
    Task WaitForSyncAsync(CancellationToken cancellation);
    Task RunAsync(CancellationToken cancellation);
}
