using Coxswain.Api;
using Coxswain.Client;
using Microsoft.Extensions.Logging;

namespace Coxswain.Controllers;

/// <summary>What a controller is made from.</summary>
internal sealed class ControllerContext
{
    private readonly List<EventRecorder> _recorders = [];

    public required IApiClient Api { get; init; }
    public required InformerFactory Informers { get; init; }
    public required WorkQueue Queue { get; init; }
    public required TimeProvider Clock { get; init; }
    public required ILogger Logger { get; init; }
    public required ControllerManagerOptions Options { get; init; }

    /// <summary>The recorders that were asked for, for whoever runs them.</summary>
    public IReadOnlyList<EventRecorder> Recorders => _recorders;

    public Lister<T> Lister<T>() where T : class, IResource<T> => Informers.Lister<T>();

    public Informer<T> Informer<T>() where T : class, IResource<T> => Informers.Informer<T>();

    /// <summary>A recorder that speaks under upstream's component name.</summary>
    public EventRecorder Events(string component)
    {
        var recorder = new EventRecorder(Api, component, "", Clock, Logger);
        _recorders.Add(recorder);
        return recorder;
    }
}
