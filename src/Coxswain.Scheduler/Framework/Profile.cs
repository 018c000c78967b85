using Coxswain.Scheduler.Preemption;

namespace Coxswain.Scheduler;

/// <summary>How pods that name one scheduler are placed: its plug-ins in their order.</summary>
public sealed record Profile
{
    public required string SchedulerName { get; init; }
    public IReadOnlyList<IEnqueuePlugin> Enqueue { get; init; } = [];
    public IReadOnlyList<IFilterPlugin> Filters { get; init; } = [];
    public IReadOnlyList<(IScorePlugin Plugin, int Weight)> Scores { get; init; } = [];
    public IReadOnlyList<IBindPlugin> Binds { get; init; } = [];

    /// <summary>Null: nobody is asked to leave for another.</summary>
    public DefaultPreemption? Preemption { get; init; }

    /// <summary>0: a share that falls with the number of nodes.</summary>
    public int PercentageOfNodesToScore { get; init; }

    /// <summary>What could help pods that a plug-in held back.</summary>
    public IReadOnlyList<Interest> InterestsOf(string plugin) =>
        Filters.FirstOrDefault(f => f.Name == plugin)?.Interests ?? [new(EventKind.Any)];
}
