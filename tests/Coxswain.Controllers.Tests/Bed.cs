using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;
using Coxswain.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Controllers.Tests;

/// <summary>Controllers of the table over a cluster in memory. Nothing happens but in <see cref="SettleAsync"/>.</summary>
internal sealed class Bed : IAsyncDisposable
{
    private readonly List<Part> _parts = [];
    private readonly List<Task> _loops = [];
    private readonly IReadOnlyList<string> _controllers;
    private readonly ControllerManagerOptions _options;
    private CancellationTokenSource _stop = new();
    private InformerFactory _informers;
    private int _writes;
    private bool _working;
    private bool _stopped;

    private Bed(IEnumerable<string> controllers, ControllerManagerOptions? options, Random? chaos)
    {
        Api = new(Clock);
        _informers = new(Api, Clock);
        _controllers = [.. controllers];
        _options = options ?? new() { RootCaPem = "PEM" };
        Chaos = chaos;
    }

    public FakeClock Clock { get; } = new();
    public FakeApi Api { get; }

    /// <summary>Loses, doubles and reorders wake-ups while it is set.</summary>
    public Random? Chaos { get; set; }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts controllers by their names in the table.</summary>
    public static async Task<Bed> StartAsync(IEnumerable<string> controllers, ControllerManagerOptions? options = null, Random? chaos = null)
    {
        var bed = new Bed(controllers, options, chaos);
        await bed.BeginAsync();
        await bed.SettleAsync();
        return bed;
    }

    /// <summary>Stops everything at the controllers' n-th write from now on, before or after it was made, and starts it anew with empty memories.</summary>
    public void StopAtWrite(int number, bool afterwards)
    {
        _writes = 0;
        Api.BeforeWrite = (_, o) => Stop(o, number, made: false, afterwards);
        Api.AfterWrite = (_, o) => Stop(o, number, made: true, afterwards);
    }

    /// <summary>How many writes the controllers have made since <see cref="StopAtWrite"/>.</summary>
    public int WriteCount => _writes;

    /// <summary>Ends the controllers wherever they are and starts them anew.</summary>
    public async Task RestartAsync()
    {
        await EndAsync();
        _parts.Clear();
        _loops.Clear();
        _stop = new();
        _informers = new(Api, Clock);
        _stopped = false;
        await BeginAsync();
    }

    private async Task BeginAsync()
    {
        foreach (var name in _controllers)
            Add(ControllerTable.All.Single(e => e.Name == name), _options);
        _informers.Start();
        await _informers.WaitForSyncAsync(Cancellation);
    }

    private void Stop(IMetadataObject written, int number, bool made, bool afterwards)
    {
        // A user's writes are none of the controllers', and events are told by others' tasks.
        if (!_working || written is Event)
            return;
        if (!made && !_stopped)
            _writes++;
        if (_stopped || made == afterwards && _writes == number)
        {
            _stopped = true;
            throw new IOException("the process was killed");
        }
    }

    public static Task<Bed> StartAsync(params string[] controllers) => StartAsync((IEnumerable<string>)controllers);

    /// <summary>Works until no controller has anything to do.</summary>
    public async Task SettleAsync()
    {
        for (var idle = 0; idle < 3;)
        {
            // Other work may be about to open watches of its own (the garbage collector).
            await Eventually.TrueAsync(() => Api.IsQuiet(_informers.Count), () => $"{_informers.Count} informers", Cancellation);
            _working = true;
            var worked = await WorkAsync();
            _working = false;
            if (_stopped)
                await RestartAsync();
            if (worked)
            {
                idle = 0;
                continue;
            }
            idle++;
            Clock.Advance(TimeSpan.FromMilliseconds(100));      // lets back-offs end
        }
    }

    /// <summary>Wakes every name that ever was woken: what a restart does.</summary>
    public void WakeAll()
    {
        foreach (var part in _parts)
        {
            foreach (var name in part.Names)
                part.Context.Queue.Add(name);
        }
    }

    /// <summary>Moves the time on in steps, settling after each.</summary>
    public async Task PassAsync(TimeSpan time, int steps = 1)
    {
        for (var i = 0; i < steps; i++)
        {
            Clock.Advance(time / steps);
            await SettleAsync();
        }
    }

    public async ValueTask DisposeAsync() => await EndAsync();

    private async Task EndAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
        await _informers.DisposeAsync();
        foreach (var part in _parts)
            part.Context.Queue.Dispose();
        _stop.Dispose();
    }

    private void Add(ControllerEntry entry, ControllerManagerOptions options)
    {
        var context = new ControllerContext
        {
            Api = Api,
            Informers = _informers,
            Queue = new(entry.Name, Clock),
            Clock = Clock,
            Logger = NullLogger.Instance,
            Options = options with { Gathering = TimeSpan.Zero },
        };
        var reconciler = entry.Make(context);
        foreach (var wake in entry.Wakes)
            wake.Attach(context);
        _parts.Add(new(context, new ControllerRunner(entry.Name, reconciler, context.Queue, Clock, NullLogger.Instance)));
        foreach (var recorder in context.Recorders)
            _loops.Add(recorder.RunAsync(_stop.Token));
        if (reconciler is IBackgroundWork work)
            _loops.Add(Quietly(work.RunAsync(_stop.Token)));
    }

    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            // The end of the test.
        }
    }

    private async Task<bool> WorkAsync()
    {
        var worked = false;
        var order = Chaos is null ? _parts : [.. _parts.OrderBy(_ => Chaos.Next())];
        foreach (var part in order)
        {
            var names = new List<NamespacedName>();
            while (part.Context.Queue.TryTake(out var name))
                names.Add(name);
            foreach (var name in Chaos is null ? names : [.. names.OrderBy(_ => Chaos.Next())])
            {
                if (_stopped)
                    return true;
                worked = true;
                part.Names.Add(name);
                if (Chaos?.Next(4) == 0)
                {
                    part.Context.Queue.Done(name);     // lost
                    continue;
                }
                if (Chaos?.Next(4) == 0)
                    part.Context.Queue.Add(name);      // doubled
                await part.Runner.ReconcileAsync(name, Cancellation);
            }
        }
        return worked;
    }

    private sealed record Part(ControllerContext Context, ControllerRunner Runner)
    {
        public HashSet<NamespacedName> Names { get; } = [];
    }
}

/// <summary>What a user or a node does.</summary>
internal static class BedActions
{
    public static Task<T> CreateAsync<T>(this Bed bed, T resource) where T : class, IResource<T> => bed.Api.CreateAsync(resource, Bed.Cancellation);

    public static T Get<T>(this Bed bed, string name, string ns = "default") where T : class, IResource<T> =>
        bed.Api.All<T>().Single(o => o.Metadata.Name == name && (!T.Descriptor.Namespaced || o.Metadata.Namespace == ns));

    public static IReadOnlyList<Pod> ActivePods(this Bed bed) => [.. bed.Api.All<Pod>().Where(PodFacts.IsActive)];

    /// <summary>Waits for an event of that reason whose message contains the text; events are written by tasks of their own.</summary>
    public static Task ToldAsync(this Bed bed, string reason, string message) => Eventually.TrueAsync(
        () => bed.Api.All<Event>().Any(e => e.Reason == reason && e.Message.Contains(message, StringComparison.Ordinal)),
        () => string.Join('\n', bed.Api.All<Event>().Select(e => $"{e.Reason}: {e.Message}")), Bed.Cancellation);

    /// <summary>Lets every pod that is not yet do so run and be ready, and every one that ends, end.</summary>
    public static void RunPods(this Bed bed, string node = "node-1")
    {
        foreach (var pod in bed.Api.All<Pod>())
        {
            if (pod.Metadata.DeletionTimestamp is not null)
                EndPod(bed, pod);
            else if (!PodFacts.IsReady(pod) && !PodFacts.IsFinished(pod))
                bed.Api.Change<Pod>(pod.FullName(), p => p with
                {
                    Spec = p.Spec with { NodeName = node },
                    Status = p.Status with
                    {
                        Phase = PodPhase.Running,
                        PodIP = "10.244.0." + p.Metadata.Uid[4..],
                        PodIPs = [new() { Ip = "10.244.0." + p.Metadata.Uid[4..] }],
                        Conditions = [new() { Type = PodConditionType.Ready, Status = "True", LastTransitionTime = bed.Clock.GetUtcNow() }],
                    },
                });
        }
    }

    public static void FinishPods(this Bed bed, string phase, int count = int.MaxValue)
    {
        foreach (var pod in bed.ActivePods().Take(count))
            bed.Api.Change<Pod>(pod.FullName(), p => p with
            {
                Spec = p.Spec with { NodeName = "node-1" },
                Status = p.Status with
                {
                    Phase = phase,
                    ContainerStatuses =
                    [
                        new()
                        {
                            Name = "main",
                            State = new() { Terminated = new() { ExitCode = phase == PodPhase.Failed ? 1 : 0, FinishedAt = bed.Clock.GetUtcNow() } },
                        },
                    ],
                },
            });
    }

    /// <summary>Alternates between the controllers and the node until both are content.</summary>
    public static async Task RolloutAsync(this Bed bed, int rounds = 20)
    {
        for (var i = 0; i < rounds; i++)
        {
            await bed.SettleAsync();
            bed.RunPods();
        }
        await bed.SettleAsync();
    }

    private static void EndPod(Bed bed, Pod pod)
    {
        var task = bed.Api.DeleteAsync<Pod>(pod.FullName(), new() { GracePeriodSeconds = 0 }, Bed.Cancellation);
        Assert.True(task.IsCompletedSuccessfully, task.Exception?.Message);
    }

    public static PodTemplateSpec Template(string app, string image = "nginx:1") => new()
    {
        Metadata = new() { Labels = ApiMap.Of("app", app) },
        Spec = new() { Containers = [new() { Name = "main", Image = image }] },
    };

    public static LabelSelector Select(string app) => new() { MatchLabels = ApiMap.Of("app", app) };
}
