using Coxswain.Api;
using Microsoft.Extensions.Logging;

namespace Coxswain.Client;

/// <summary>Runs a reconciler over a work queue with a fixed number of workers.</summary>
/// <remarks>One name's failure is logged here, once, and tried again after its back-off; it never ends the runner.</remarks>
public sealed partial class ControllerRunner(string name, IReconciler reconciler, WorkQueue queue, TimeProvider clock, ILogger logger,
    int workers = 5)
{
    private long _lastProgress = clock.GetTimestamp();
    private int _running;

    public string Name => name;
    public WorkQueue Queue => queue;

    /// <summary>Null while all is well; otherwise what is wrong: names have been waiting and no worker has finished one for a long time.</summary>
    public string? Unhealthy
    {
        get
        {
            var idle = clock.GetElapsedTime(Volatile.Read(ref _lastProgress));
            return queue.Count > 0 && Volatile.Read(ref _running) > 0 && idle > TimeSpan.FromMinutes(5)
                ? $"{queue.Count} names wait and none has been finished for {idle:g}"
                : null;
        }
    }

    /// <summary>Works until cancelled, then returns when every worker has finished its name.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Volatile.Write(ref _running, workers);
        var tasks = new Task[workers];
        for (var i = 0; i < workers; i++)
            tasks[i] = Task.Run(() => WorkAsync(cancellation), CancellationToken.None);
        await Task.WhenAll(tasks).ConfigureAwait(false);
    }

    private async Task WorkAsync(CancellationToken cancellation)
    {
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                var key = await queue.TakeAsync(cancellation).ConfigureAwait(false);
                await ReconcileAsync(key, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The stop that was asked for.
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    /// <summary>Reconciles one taken name and says to the queue what is next; the unit that tests drive.</summary>
    public async Task ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        try
        {
            var result = await reconciler.ReconcileAsync(key, cancellation).ConfigureAwait(false);
            queue.Forget(key);
            if (result.Again is { } delay)
                queue.AddAfter(key, delay);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (ApiException lost) when (lost.Code == 409)
        {
            // A lost race is daily business: the newer object is on its way to the lister.
            LogConflict(name, key, lost.Message);
            queue.AddRateLimited(key);
        }
        catch (Exception error)
        {
            LogFailed(error, name, key, queue.Failures(key) + 1);
            queue.AddRateLimited(key);
        }
        finally
        {
            Volatile.Write(ref _lastProgress, clock.GetTimestamp());
            queue.Done(key);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Controller}: {Name} failed (attempt {Attempt}), trying again")]
    private partial void LogFailed(Exception error, string controller, NamespacedName name, int attempt);

    [LoggerMessage(2, LogLevel.Debug, "{Controller}: {Name} lost a race, trying again: {Reason}")]
    private partial void LogConflict(string controller, NamespacedName name, string reason);
}
