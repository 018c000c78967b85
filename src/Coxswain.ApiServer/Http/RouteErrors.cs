using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Http;

/// <summary>What the router says before any handler is reached.</summary>
internal static class RouteErrors
{
    public static Status NotAcceptable { get; } = Statuses.NotAcceptableBecause("406: Not Acceptable") with { Details = StatusDetails.Empty };

    public static Status UnsupportedMediaType { get; } = Statuses.UnsupportedMediaType() with
    {
        Message = "415: Unsupported Media Type",
        Details = StatusDetails.Empty,
    };
}
