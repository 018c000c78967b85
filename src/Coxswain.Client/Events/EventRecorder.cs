using System.Diagnostics.Metrics;
using System.Globalization;
using System.Threading.Channels;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Microsoft.Extensions.Logging;

namespace Coxswain.Client;

/// <summary>Tells users, by core/v1 events, what a component did to an object.</summary>
/// <remarks>Recording never waits and never fails: events wait in a bounded queue, and when it is full or an object gets too many, further
/// ones are dropped and counted. Repeats raise the count of the event there is. Safe for concurrent use; <see cref="RunAsync"/> writes them.</remarks>
public sealed partial class EventRecorder
{
    private const int Capacity = 1000;

    private static readonly Meter Meter = new(WorkQueueMetrics.MeterName);
    private static readonly Counter<long> Dropped = Meter.CreateCounter<long>("coxswain_events_dropped_total");

    private readonly Channel<Event> _queue;
    private readonly IApiClient _api;
    private readonly string _component;
    private readonly string _host;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly EventCorrelator _correlator;
    private long _dropped;
    private long _lastStamp;

    /// <param name="component">Who speaks: <c>deployment-controller</c>, <c>kubelet</c>, ...</param>
    /// <param name="host">On which node; empty for what runs on none.</param>
    public EventRecorder(IApiClient api, string component, string host, TimeProvider clock, ILogger logger)
    {
        _api = api;
        _component = component;
        _host = host;
        _clock = clock;
        _logger = logger;
        _correlator = new(clock);
        _queue = Channel.CreateBounded<Event>(new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    }

    /// <summary>How many events were not written because there were too many.</summary>
    public long DroppedCount => Interlocked.Read(ref _dropped);

    /// <summary>Records something expected.</summary>
    public void Normal(IMetadataObject about, string reason, string message) => Record(ReferenceTo(about), "Normal", reason, message);

    /// <summary>Records something that went wrong.</summary>
    public void Warning(IMetadataObject about, string reason, string message) => Record(ReferenceTo(about), "Warning", reason, message);

    /// <summary>Records an event about an object, or a part of it (<see cref="ObjectReference.FieldPath"/>).</summary>
    public void Record(ObjectReference about, string type, string reason, string message)
    {
        var now = _clock.GetUtcNow();
        var ns = about.Namespace.Length == 0 ? "default" : about.Namespace;
        var made = new Event
        {
            Metadata = new()
            {
                // Upstream's form: the object's name and the time in nanoseconds, in hexadecimal.
                Name = about.Name + "." + UniqueStamp(now).ToString("x", CultureInfo.InvariantCulture),
                Namespace = ns,
            },
            InvolvedObject = about,
            Reason = reason,
            Message = message.Length > 1024 ? message[..1024] : message,
            FirstTimestamp = now,
            LastTimestamp = now,
            Count = 1,
            Type = type,
            Source = new() { Component = _component, Host = _host },
            ReportingComponent = _component,
            ReportingInstance = _host,
        };
        if (!_queue.Writer.TryWrite(made))
            Drop();
    }

    /// <summary>Refers to an object as upstream's events do.</summary>
    public static ObjectReference ReferenceTo(IMetadataObject about) => new()
    {
        Kind = about.GroupVersionKind.Kind,
        ApiVersion = about.GroupVersionKind.ApiVersion,
        Namespace = about.Metadata.Namespace,
        Name = about.Metadata.Name,
        Uid = about.Metadata.Uid,
        ResourceVersion = about.Metadata.ResourceVersion,
    };

    /// <summary>Writes events until cancelled, then what is still queued.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (var made in _queue.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
                await WriteAsync(made, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Stopped on request; what is queued is lost, as it is upstream.
        }
    }

    private async Task WriteAsync(Event made, CancellationToken cancellation)
    {
        if (_correlator.Correlate(made) is not { } correlated)
        {
            Drop();
            return;
        }
        try
        {
            var written = await WriteAsync(correlated, cancellation).ConfigureAwait(false);
            _correlator.Written(correlated, written);
        }
        catch (ApiException refused)
        {
            // The namespace ends, or the event is not valid: nobody could do anything about it.
            LogRefused(made.Reason, made.InvolvedObject.Name, refused.Message);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            LogRefused(made.Reason, made.InvolvedObject.Name, error.Message);
            Drop();
        }
    }

    private async Task<Event> WriteAsync(CorrelatedEvent correlated, CancellationToken cancellation)
    {
        if (correlated.Patch is { } patch)
        {
            try
            {
                return await _api.PatchAsync<Event>(correlated.Event.FullName(), patch, cancellation).ConfigureAwait(false);
            }
            catch (ApiException gone) when (gone.Code == 404)
            {
                // Its time to live is over: begin a new one.
            }
        }
        return await _api.CreateAsync(correlated.Event, cancellation).ConfigureAwait(false);
    }

    // Nanoseconds, but never the same twice: names must differ though clocks tick coarsely.
    private long UniqueStamp(DateTimeOffset now)
    {
        while (true)
        {
            var last = Interlocked.Read(ref _lastStamp);
            var next = Math.Max((now - DateTimeOffset.UnixEpoch).Ticks * 100, last + 1);
            if (Interlocked.CompareExchange(ref _lastStamp, next, last) == last)
                return next;
        }
    }

    private void Drop()
    {
        Interlocked.Increment(ref _dropped);
        Dropped.Add(1, new KeyValuePair<string, object?>("component", _component));
    }

    [LoggerMessage(1, LogLevel.Debug, "event {Reason} about {Name} was not written: {Why}")]
    private partial void LogRefused(string reason, string name, string why);
}
