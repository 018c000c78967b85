using Coxswain.Api;

namespace Coxswain.Client;

/// <summary>Brings one thing, known by its name, nearer to what is wanted.</summary>
/// <remarks>Called for one name at a time, for different names at once. Wake-ups may be lost, doubled or late: look at what is, do what
/// is missing, and do no harm when run twice or stopped anywhere. An exception means: again, after a back-off of the name's own.</remarks>
public interface IReconciler
{
    Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation);
}

/// <summary>What a reconciler wants next for a name.</summary>
public readonly record struct ReconcileResult
{
    private ReconcileResult(TimeSpan? again) => Again = again;

    /// <summary>Nothing until something wakes the name.</summary>
    public static ReconcileResult Done => default;

    /// <summary>Once more after some time, even if nothing wakes the name.</summary>
    public static ReconcileResult After(TimeSpan delay) => new(delay > TimeSpan.Zero ? delay : TimeSpan.Zero);

    public TimeSpan? Again { get; }
}
