using Microsoft.Extensions.Logging;

namespace Coxswain.Composition;

/// <summary>Runs the modules' loops. One that throws is logged and started anew after a while; the others go on.</summary>
internal sealed partial class Supervisor(TimeProvider clock, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _tasks = [];

    public void Run(string module, Func<CancellationToken, Task> loop) => _tasks.Add(Task.Run(() => SuperviseAsync(module, loop)));

    /// <summary>Asks all loops to end and waits for them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_tasks).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task SuperviseAsync(string module, Func<CancellationToken, Task> loop)
    {
        var pause = FirstPause;
        while (!_stop.IsCancellationRequested)
        {
            var started = clock.GetTimestamp();
            try
            {
                await loop(_stop.Token).ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                if (clock.GetElapsedTime(started) > LongestPause)
                    pause = FirstPause;
                LogFailed(e, module, pause);
            }

            try
            {
                await Task.Delay(pause, clock, _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{Module} failed and is started anew in {Pause}")]
    private partial void LogFailed(Exception error, string module, TimeSpan pause);
}
