using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Storage;

namespace Coxswain.ApiServer.Datastore;

/// <summary>What clients are told while the store does not answer.</summary>
internal static class Unavailable
{
    private const int RetryAfterSeconds = 1;

    /// <summary>503, with the wish to be asked again soon.</summary>
    public static Status Status(StoreUnavailableException error) =>
        Statuses.ServiceUnavailable(error.Message) with { Details = new() { RetryAfterSeconds = RetryAfterSeconds } };

    /// <summary>The warning with an answer that may be old.</summary>
    public static string Warning(StoreUnavailableException error) => $"{error.Message}; this answer is from the cache, and what changed since is not in it";
}
