using Coxswain.Api;

namespace Coxswain.Client;

/// <summary>Gets told of an informer's changes, after the lister shows them.</summary>
/// <remarks>Called one change at a time, in the informer's own loop: be quick (put a name in a queue) and do not wait. An object may be
/// reported as updated without a visible difference, and a deletion may carry a state older than the last.</remarks>
public sealed record InformerHandler<T> where T : class, IMetadataObject
{
    public Action<T>? Added { get; init; }
    public Action<T, T>? Updated { get; init; }
    public Action<T>? Deleted { get; init; }

    /// <summary>The same for every change; an update calls it for the new state only.</summary>
    public static InformerHandler<T> ForAny(Action<T> changed) => new() { Added = changed, Updated = (_, now) => changed(now), Deleted = changed };
}
