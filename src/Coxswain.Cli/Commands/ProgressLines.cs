using Coxswain.Lifecycle;

namespace Coxswain.Cli.Commands;

/// <summary>Progress as lines of text. Losing the reader of the lines never stops the work.</summary>
internal sealed class ProgressLines(TextWriter output, TimeProvider clock) : IProgress<PhaseReport>
{
    private readonly long _started = clock.GetTimestamp();
    private readonly Lock _gate = new();

    public void Report(PhaseReport value) => Line(value.ToString());

    public void Ready(InstanceDirectory directory)
    {
        Line($"ready after {clock.GetElapsedTime(_started).TotalSeconds:0.0} s");
        Line($"  export KUBECONFIG={directory.AdminKubeConfig}");
    }

    private void Line(string text)
    {
        lock (_gate)
        {
            try
            {
                output.WriteLine(text);
                output.Flush();
            }
            catch (IOException)
            {
                // The terminal that asked for progress was closed; the log has the same lines.
            }
        }
    }
}
