using Coxswain.Client;
using Microsoft.Extensions.Logging;

namespace Coxswain.Controllers;

/// <summary>Runs the controllers of the table, each under its own identity, over shared informers.</summary>
/// <remarks>A controller's failure never ends another: failing names are tried again, and a loop that throws is started anew and shown as
/// unhealthy until then.</remarks>
public sealed partial class ControllerManager
{
    /// <summary>Who reads for the shared informers.</summary>
    public const string ManagerUser = "system:kube-controller-manager";

    private readonly Func<string, IApiClient> _clientFor;
    private readonly ControllerManagerOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ControllerRunner> _runners = [];
    private readonly Dictionary<string, string> _broken = [];

    /// <param name="clientFor">Gives the client that acts as a user name.</param>
    public ControllerManager(Func<string, IApiClient> clientFor, ControllerManagerOptions options, TimeProvider clock, ILoggerFactory loggers)
    {
        _clientFor = clientFor;
        _options = options;
        _clock = clock;
        _loggers = loggers;
        _logger = loggers.CreateLogger<ControllerManager>();
    }

    /// <summary>The controllers that run, each with what is wrong with it (null: nothing).</summary>
    public IReadOnlyDictionary<string, string?> Health
    {
        get
        {
            lock (_gate)
                return _runners.ToDictionary(r => r.Key, r => _broken.GetValueOrDefault(r.Key) ?? r.Value.Unhealthy);
        }
    }

    /// <summary>Runs until cancelled; returns when every controller has finished what it was doing.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        MetricsText.Start();
        await using var informers = new InformerFactory(_clientFor(ManagerUser), _clock, _loggers);
        var parts = ControllerTable.All.Where(e => IsWanted(e.Name, _options.Controllers)).Select(e => Make(e, informers)).ToList();
        informers.Start();
        await Task.WhenAll(parts.Select(p => RunAsync(p, informers, cancellation))).ConfigureAwait(false);
        foreach (var part in parts)
            part.Context.Queue.Dispose();
    }

    /// <summary>The names that --controllers takes.</summary>
    public static IReadOnlyList<string> Names => ControllerNames.All;

    /// <summary>What is wrong with a list of controllers, in upstream's words.</summary>
    public static IReadOnlyList<string> Problems(IReadOnlyList<string> wanted) => [.. ControllerNames.Problems(wanted)];

    /// <summary>What is named first of one controller counts; without a word on it, the star does.</summary>
    internal static bool IsWanted(string name, IReadOnlyList<string> wanted)
    {
        var star = false;
        foreach (var entry in wanted)
        {
            if (ControllerNames.Canonical(entry) == name)
                return true;
            if (entry.StartsWith('-') && ControllerNames.Canonical(entry[1..]) == name)
                return false;
            star |= entry == "*";
        }

        return star;
    }

    private Part Make(ControllerEntry entry, InformerFactory informers)
    {
        var context = new ControllerContext
        {
            Api = _clientFor("system:serviceaccount:kube-system:" + entry.Identity),
            Informers = informers,
            Queue = new(entry.Name, _clock),
            Clock = _clock,
            Logger = _loggers.CreateLogger("Coxswain.Controllers." + entry.Name),
            Options = _options,
        };
        var reconciler = entry.Make(context);
        foreach (var wake in entry.Wakes)
            wake.Attach(context);
        var runner = new ControllerRunner(entry.Name, reconciler, context.Queue, _clock, context.Logger, entry.Workers);
        lock (_gate)
            _runners[entry.Name] = runner;
        return new(entry.Name, context, reconciler, runner);
    }

    private async Task RunAsync(Part part, InformerFactory informers, CancellationToken cancellation)
    {
        try
        {
            await informers.WaitForSyncAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }
        var loops = new List<Task> { KeepRunningAsync(part.Name, part.Runner.RunAsync, cancellation) };
        loops.AddRange(part.Context.Recorders.Select(r => KeepRunningAsync(part.Name, r.RunAsync, cancellation)));
        if (part.Reconciler is IBackgroundWork work)
            loops.Add(KeepRunningAsync(part.Name, work.RunAsync, cancellation));
        await Task.WhenAll(loops).ConfigureAwait(false);
    }

    private async Task KeepRunningAsync(string name, Func<CancellationToken, Task> loop, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await Task.Run(() => loop(cancellation), CancellationToken.None).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogLoopFailed(error, name);
                await PauseAsync(name, error, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task PauseAsync(string name, Exception error, CancellationToken cancellation)
    {
        lock (_gate)
            _broken[name] = error.Message;
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(5), _clock, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }
        lock (_gate)
            _broken.Remove(name);
    }

    private sealed record Part(string Name, ControllerContext Context, IReconciler Reconciler, ControllerRunner Runner);

    [LoggerMessage(1, LogLevel.Error, "{Controller}: a loop failed and is started again")]
    private partial void LogLoopFailed(Exception error, string controller);
}
