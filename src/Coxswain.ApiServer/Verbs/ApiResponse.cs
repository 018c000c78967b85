using Coxswain.Api;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Verbs;

/// <summary>What a verb has to say, before anyone encodes it. A closed family: the doors handle each member.</summary>
internal abstract record ApiResponse(int StatusCode);

/// <summary>One object of a served resource, whose final bytes exist already.</summary>
internal sealed record ObjectResponse(int StatusCode, ResourceRegistry Registry, CachedObject Object) : ApiResponse(StatusCode);

/// <summary>Any other document: a Status, a Scale, a review.</summary>
internal sealed record DocumentResponse(int StatusCode, IKubernetesObject Document) : ApiResponse(StatusCode);

/// <summary>Objects of a served resource as of one revision.</summary>
/// <param name="Remaining">How many more there are, if that is known.</param>
internal sealed record ListResponse(
    ResourceRegistry Registry, IReadOnlyList<CachedObject> Items, long Revision, string Continue, long? Remaining) : ApiResponse(200);

/// <summary>Objects as they change. Owned by the door, which disposes the subscription.</summary>
/// <param name="Timeout">When the server ends the watch.</param>
internal sealed record WatchResponse(ResourceRegistry Registry, WatchCacheSubscription Subscription, TimeSpan Timeout) : ApiResponse(200);
