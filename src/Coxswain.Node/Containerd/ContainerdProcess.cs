using System.Globalization;
using Coxswain.Node.Host;
using Coxswain.Node.Runtime;
using Microsoft.Extensions.Logging;

namespace Coxswain.Node.Containerd;

/// <summary>How a running containerd was come by.</summary>
public enum ContainerdOrigin
{
    /// <summary>One of ours ran already: containers have lived on without us.</summary>
    Adopted,

    /// <summary>It was started now.</summary>
    Started,
}

/// <summary>The private containerd of an instance: its own configuration, root, state and socket. It runs in a session of its own and so
/// outlives this process, however that ends; a later process adopts it.</summary>
/// <remarks>Not for concurrent use; one process at a time owns an instance.</remarks>
public sealed partial class ContainerdProcess(NodeInstance instance, ContainerdBinaries binaries, TimeProvider clock, ILogger logger)
{
    private const long LogLimit = 10 * 1024 * 1024;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    /// <summary>Returns when containerd answers on its socket.</summary>
    /// <remarks>1. A process of ours that answers is adopted as it is; one that does not is ended. 2. The configuration is written.
    /// 3. The program is started, detached. 4. Its CRI service is waited for.</remarks>
    /// <exception cref="NodePrerequisiteException">It did not come up; the message quotes the end of its log.</exception>
    public async Task<ContainerdOrigin> EnsureRunningAsync(HostFeatures features, CancellationToken cancellation)
    {
        // 1.
        if (FindOurs() is { } running)
        {
            if (await Waiting.ForAsync(AnswersAsync, StopLimit, clock, cancellation))
            {
                LogAdopted(running.Id);
                return ContainerdOrigin.Adopted;
            }
            await StopAsync(cancellation);
        }

        // 2.
        foreach (var folder in (string[])[instance.RunDir, instance.NodeDir, instance.ContainerdRoot, instance.CniConfDir])
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(instance.ContainerdConfigFile, ContainerdConfig.Render(instance, binaries, features), cancellation);
        RotateLog();

        // 3.
        await ContainerdLaunch.StartAsync(instance, binaries.Containerd, features, cancellation);

        // 4.
        var started = clock.GetTimestamp();
        var answers = await Waiting.ForAsync(async token =>
        {
            // A second's grace for the shell to become containerd.
            if (clock.GetElapsedTime(started) > TimeSpan.FromSeconds(1) && FindOurs() is null)
                throw await FailedAsync("ended right after its start", token);
            return await AnswersAsync(token);
        }, StartLimit, clock, cancellation);
        if (!answers)
            throw await FailedAsync($"does not answer within {StartLimit.TotalSeconds:0} s", cancellation);
        LogStarted(FindOurs()?.Id ?? 0, clock.GetElapsedTime(started).TotalMilliseconds);
        return ContainerdOrigin.Started;
    }

    /// <summary>Whether a containerd of this instance runs, be it healthy or not.</summary>
    public bool IsRunning => FindOurs() is not null;

    /// <summary>Ends containerd. Its containers live on, held by their shims.</summary>
    public async Task StopAsync(CancellationToken cancellation)
    {
        if (FindOurs() is { } process)
        {
            NativeMethods.Signal(process.Id, NativeMethods.SignalTerminate);
            if (!await Waiting.ForAsync(() => FindOurs() is null, StopLimit, clock, cancellation))
            {
                NativeMethods.Signal(process.Id, NativeMethods.SignalKill);
                await Waiting.ForAsync(() => FindOurs() is null, StopLimit, clock, cancellation);
            }
        }
        File.Delete(instance.ContainerdPidFile);
    }

    /// <summary>Keeps the log file within its bound (10 MiB and one older file of that size). Cheap; to be called now and then.</summary>
    public void RotateLog()
    {
        var log = new FileInfo(instance.ContainerdLogFile);
        if (!log.Exists || log.Length < LogLimit)
            return;
        // containerd keeps the file open, for appending: so the content moves and the file stays. What is written in between is lost.
        log.CopyTo(instance.ContainerdLogFile + ".1", overwrite: true);
        using var stream = log.Open(FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        stream.SetLength(0);
    }

    /// <summary>The process named by the pid file, if that is still ours: numbers are used again.</summary>
    private HostProcess? FindOurs()
    {
        if (!File.Exists(instance.ContainerdPidFile))
            return null;
        var text = File.ReadAllText(instance.ContainerdPidFile).AsSpan().Trim();
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            return null;
        return HostProcesses.Find(id) is { } process && process.CommandLine.Contains(instance.ContainerdConfigFile, StringComparison.Ordinal)
            ? process
            : null;
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        if (!File.Exists(instance.ContainerdSocket))
            return false;
        using var runtime = new CriRuntime(instance.ContainerdSocket, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        try
        {
            await runtime.VersionAsync(limit.Token);
            return true;
        }
        catch (RuntimeException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<NodePrerequisiteException> FailedAsync(string what, CancellationToken cancellation)
    {
        var lines = File.Exists(instance.ContainerdLogFile) ? await File.ReadAllLinesAsync(instance.ContainerdLogFile, cancellation) : [];
        var last = lines.LastOrDefault(l => l.StartsWith("containerd:", StringComparison.Ordinal)
                || l.Contains("level=fatal", StringComparison.Ordinal) || l.Contains("level=error", StringComparison.Ordinal))
            ?? lines.LastOrDefault() ?? "it wrote no log";
        return new($"containerd {what}; see {instance.ContainerdLogFile}, which says: {last}");
    }

    [LoggerMessage(1, LogLevel.Information, "Adopted the running containerd (process {Id})")]
    private partial void LogAdopted(int id);

    [LoggerMessage(2, LogLevel.Information, "Started containerd (process {Id}) in {Milliseconds:0} ms")]
    private partial void LogStarted(int id, double milliseconds);
}
