using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Client;

/// <summary>Hands out shared informers: one for each kind and selector, however many ask. Runs them and owns their tasks.</summary>
/// <remarks>Safe for concurrent use. Informers asked for after <see cref="Start"/> start at once.</remarks>
public sealed class InformerFactory(IApiClient api, TimeProvider clock, ILoggerFactory? loggers = null) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(Type Type, string Key), IInformer> _informers = [];
    private readonly List<Task> _tasks = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly ILogger _logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger("Coxswain.Client.Informer");
    private bool _started;

    /// <summary>How many informers were asked for so far.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _informers.Count;
        }
    }

    /// <summary>The informer of a kind, limited to a namespace and by selectors where they are not empty.</summary>
    public Informer<T> Informer<T>(string ns = "", string fieldSelector = "", string labelSelector = "") where T : class, IResource<T> =>
        (Informer<T>)GetOrAdd((typeof(T), $"{ns}|{fieldSelector}|{labelSelector}"),
            () => new Informer<T>(new TypedSource<T>(api, ns, fieldSelector, labelSelector), clock, _logger));

    /// <summary>The lister of <see cref="Informer{T}"/>.</summary>
    public Lister<T> Lister<T>() where T : class, IResource<T> => Informer<T>().Lister;

    /// <summary>The informer of a resource known only by name; metadata only.</summary>
    public Informer<PartialObjectMetadata> Partial(GroupVersionResource resource) =>
        (Informer<PartialObjectMetadata>)GetOrAdd((typeof(PartialObjectMetadata), resource.ToString()),
            () => new Informer<PartialObjectMetadata>(new PartialSource(api, resource), clock, _logger));

    /// <summary>Starts every informer asked for so far, and those to come as they are asked for.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_started)
                return;
            _started = true;
            foreach (var informer in _informers.Values)
                Run(informer);
        }
    }

    /// <summary>Waits until every informer asked for so far has synced.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellation)
    {
        IInformer[] informers;
        lock (_gate)
            informers = [.. _informers.Values];
        return Task.WhenAll(informers.Select(i => i.WaitForSyncAsync(cancellation)));
    }

    /// <summary>Stops the informers and waits for them to end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Task[] tasks;
        lock (_gate)
        {
            tasks = [.. _tasks];
            _tasks.Clear();
        }
        await Task.WhenAll(tasks).ConfigureAwait(false);
        _stop.Dispose();
    }

    private IInformer GetOrAdd((Type Type, string Key) key, Func<IInformer> make)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
            if (!_informers.TryGetValue(key, out var informer))
            {
                _informers[key] = informer = make();
                if (_started)
                    Run(informer);
            }
            return informer;
        }
    }

    private void Run(IInformer informer) => _tasks.Add(Task.Run(() => informer.RunAsync(_stop.Token), CancellationToken.None));
}
