using System.Text;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Probes;
using Coxswain.Node.Runtime;

namespace Coxswain.Node.Pods;

/// <summary>A lifecycle hook did not do what it should.</summary>
internal sealed class HookException(string message) : Exception(message);

/// <summary>Runs postStart and preStop hooks.</summary>
internal sealed class HookRunner(IContainerRuntime runtime, TimeProvider clock) : IDisposable
{
    private readonly HttpProbe _http = new();

    /// <exception cref="HookException">It failed.</exception>
    public async Task RunAsync(LifecycleHandler handler, ProbeTarget target, CancellationToken cancellation)
    {
        if (handler.Exec is { } exec)
        {
            await ExecAsync(exec, target, cancellation);
        }
        else if (handler.HttpGet is { } http)
        {
            var answer = await GetAsync(http, target, cancellation);
            if (answer.Outcome != ProbeOutcome.Success)
                throw new HookException(answer.Output);
        }
        else if (handler.Sleep is { } sleep)
        {
            await Task.Delay(TimeSpan.FromSeconds(sleep.Seconds), clock, cancellation);
        }
        else
        {
            throw new HookException("invalid handler: " + PodContainers.Describe(target.Pod));
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task ExecAsync(ExecAction exec, ProbeTarget target, CancellationToken cancellation)
    {
        try
        {
            var result = await runtime.ExecSyncAsync(target.ContainerId, [.. exec.Command], TimeSpan.Zero, cancellation);
            if (result.ExitCode != 0)
            {
                var output = Encoding.UTF8.GetString(result.Stdout.Span) + Encoding.UTF8.GetString(result.Stderr.Span);
                throw new HookException($"command '{string.Join(' ', exec.Command)}' exited with {result.ExitCode}: {output}");
            }
        }
        catch (RuntimeException failed)
        {
            throw new HookException(failed.Message);
        }
    }

    private async Task<ProbeAnswer> GetAsync(HTTPGetAction http, ProbeTarget target, CancellationToken cancellation)
    {
        try
        {
            return await _http.GetAsync(HttpProbe.AddressOf(http, target), http.HttpHeaders, cancellation);
        }
        catch (FormatException unusable)
        {
            throw new HookException(unusable.Message);
        }
    }
}
