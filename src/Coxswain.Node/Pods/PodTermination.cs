using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>Takes one pod down. Its patience may shrink while it is under way (a second, more urgent deletion), never grow.</summary>
internal sealed class PodTermination(PodServices services)
{
    private readonly Lock _gate = new();
    private long? _patience;
    private CancellationTokenSource? _stopping;

    /// <summary>Tells the patience in seconds that the pod's deletion now has.</summary>
    public void SetPatience(long? seconds)
    {
        lock (_gate)
        {
            if (seconds is not { } now || _patience <= now)
                return;
            _patience = now;
            _stopping?.Cancel();
        }
    }

    /// <summary>Stops everything; begins anew with less patience when told to.</summary>
    public async Task StopAsync(Pod pod, PodRuntimeStatus status, CancellationToken cancellation)
    {
        while (true)
        {
            using var hurry = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            TimeSpan? grace;
            lock (_gate)
            {
                _stopping = hurry;
                grace = _patience is { } seconds && _patience != pod.Metadata.DeletionGracePeriodSeconds ? TimeSpan.FromSeconds(seconds) : null;
            }

            try
            {
                await services.Killer.KillPodAsync(pod, status, grace, hurry.Token);
                return;
            }
            catch (OperationCanceledException) when (hurry.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                // More urgent now: once more, with less patience.
            }
            finally
            {
                lock (_gate)
                    _stopping = null;
            }
        }
    }

    /// <summary>Removes the stopped sandboxes and containers, and their logs.</summary>
    public async Task EraseAsync(Pod pod, PodRuntimeStatus status, CancellationToken cancellation)
    {
        await services.Pruner.RemoveAllAsync(status, cancellation);
        var logs = SandboxConfigBuilder.LogDirectory(services.Options, pod);
        if (Directory.Exists(logs))
            Directory.Delete(logs, recursive: true);
    }
}
