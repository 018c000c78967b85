using System.Globalization;
using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;
using Microsoft.Extensions.Logging;

namespace Coxswain.Node.Server;

/// <summary>Keeps containers' logs within bounds: a log that has grown beyond a size is put aside, and the oldest put aside is removed.</summary>
/// <remarks>Upstream's defaults: 10 MiB, five files with the one being written. The runtime is told to go on in a new file; if it
/// cannot be told, the log gets its name back, so that nothing is lost.</remarks>
public sealed partial class LogRotator(IPodDirectory pods, IContainerRuntime runtime, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    public long MaxSize { get; init; } = 10 * 1024 * 1024;

    public int MaxFiles { get; init; } = 5;

    /// <summary>Looks after the logs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Period, clock);
        while (await timer.WaitForNextTickAsync(cancellation))
            await RotateAllAsync(cancellation);
    }

    /// <summary>One round. A container whose log cannot be rotated does not keep the others' from it.</summary>
    public async Task RotateAllAsync(CancellationToken cancellation)
    {
        foreach (var container in pods.List().SelectMany(p => p.Containers).Where(c => c.Running))
        {
            try
            {
                var file = new FileInfo(container.LogPath);
                if (file.Exists && file.Length >= MaxSize)
                    await RotateAsync(container, cancellation);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or RuntimeException)
            {
                LogNotRotated(container.LogPath, e.Message);
            }
        }
    }

    private async Task RotateAsync(PodEntryContainer container, CancellationToken cancellation)
    {
        foreach (var old in LogFiles.Rotated(container.LogPath).SkipLast(Math.Max(0, MaxFiles - 2)))
            File.Delete(old);

        var aside = container.LogPath + "." + clock.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        if (File.Exists(aside))
            return;
        File.Move(container.LogPath, aside);
        try
        {
            await runtime.ReopenContainerLogAsync(container.Id, cancellation);
        }
        catch
        {
            if (!File.Exists(container.LogPath))
                File.Move(aside, container.LogPath);
            throw;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The log {Path} cannot be rotated: {Reason}")]
    private partial void LogNotRotated(string path, string reason);
}
