namespace Coxswain.Lifecycle;

/// <summary>One named step of something that must happen in order. Its work returns a few words on what it found or did, or null.</summary>
public sealed record Phase(string Name, Func<CancellationToken, Task<string?>> Work);

/// <summary>Runs phases one after another and tells of each when it has ended.</summary>
public static class PhaseRunner
{
    /// <summary>Runs until the first failure, which is reported and thrown on.</summary>
    public static async Task RunAsync(
        IEnumerable<Phase> phases, IProgress<PhaseReport> progress, TimeProvider clock, CancellationToken cancellation)
    {
        foreach (var phase in phases)
        {
            var started = clock.GetTimestamp();
            try
            {
                var detail = await phase.Work(cancellation).ConfigureAwait(false);
                progress.Report(new(phase.Name, clock.GetElapsedTime(started), detail, Error: null));
            }
            catch (Exception e)
            {
                progress.Report(new(phase.Name, clock.GetElapsedTime(started), Detail: null, e.Message));
                throw;
            }
        }
    }
}

/// <summary>How a phase ended, or what it waits for.</summary>
public sealed record PhaseReport(string Name, TimeSpan Took, string? Detail, string? Error)
{
    /// <summary>The phase goes on; <see cref="Detail"/> says what it waits for.</summary>
    public bool Waits { get; init; }

    /// <summary>One line for people: a mark, the phase, its time, and what it found.</summary>
    public override string ToString()
    {
        var time = Took.TotalSeconds >= 10 ? $"{Took.TotalSeconds,6:0.0} s " : $"{Took.TotalMilliseconds,5:0} ms";
        return $"{(Error is not null ? "FAIL" : Waits ? "wait" : "ok  ")} {Name,-22} {time}  {Error ?? Detail}".TrimEnd();
    }
}
