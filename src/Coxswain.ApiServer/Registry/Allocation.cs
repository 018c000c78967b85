using Coxswain.Api;

namespace Coxswain.ApiServer.Registry;

/// <summary>An object to which shared things (addresses, ports) were given, and how that is made final or undone.</summary>
/// <param name="Object">The object with what it was given.</param>
/// <param name="Commit">Runs after the write succeeded: gives back what the old object held and the new one does not.</param>
/// <param name="Rollback">Runs when the write did not happen: gives back what was taken.</param>
public readonly record struct Allocation(
    IMetadataObject Object, Func<CancellationToken, ValueTask>? Commit = null, Func<CancellationToken, ValueTask>? Rollback = null);
