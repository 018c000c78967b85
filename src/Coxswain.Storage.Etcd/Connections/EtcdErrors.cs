using Coxswain.Grpc;

namespace Coxswain.Storage.Etcd.Connections;

/// <summary>What a failure means for the request that met it.</summary>
internal enum EtcdFailure
{
    /// <summary>The member's answer; another member would say the same.</summary>
    Final,

    /// <summary>The request was not done, and another member may do it.</summary>
    Refused,

    /// <summary>The request was not done because there are too many; the same member may do it a little later.</summary>
    Busy,

    /// <summary>Nobody knows whether the request was done.</summary>
    Unknown,
}

/// <summary>etcd's errors in the store's words.</summary>
internal static class EtcdErrors
{
    public static EtcdFailure Judge(GrpcException error) => error.Code switch
    {
        GrpcStatusCode.ResourceExhausted when Says(error, "too many requests") => EtcdFailure.Busy,
        GrpcStatusCode.Unavailable when Says(error, "etcdserver: no leader") || Says(error, "not supported for learner") => EtcdFailure.Refused,
        _ when NeverSent(error) => EtcdFailure.Refused,
        GrpcStatusCode.Unavailable or GrpcStatusCode.DeadlineExceeded or GrpcStatusCode.Cancelled or GrpcStatusCode.Aborted
            or GrpcStatusCode.Internal or GrpcStatusCode.Unknown => EtcdFailure.Unknown,
        _ => EtcdFailure.Final,
    };

    /// <summary>It is the member or the way to it that failed, not the one request.</summary>
    public static bool IsOfMember(GrpcException error) =>
        error.InnerException is not null || error.Code is GrpcStatusCode.Unavailable or GrpcStatusCode.DeadlineExceeded;

    public static bool IsCompacted(GrpcException error) => error.Code == GrpcStatusCode.OutOfRange && Says(error, "has been compacted");

    public static bool IsFuture(GrpcException error) => error.Code == GrpcStatusCode.OutOfRange && Says(error, "future revision");

    public static bool IsLeaseGone(GrpcException error) => error.Code == GrpcStatusCode.NotFound && Says(error, "lease not found");

    /// <summary>Our own refusal of an answer that is larger than we take.</summary>
    public static bool IsTooLarge(GrpcException error) => error.Code == GrpcStatusCode.ResourceExhausted && Says(error, "the answer has");

    /// <summary>A final answer as the store's exception.</summary>
    public static StoreException Explain(GrpcException error) => error.Code switch
    {
        GrpcStatusCode.ResourceExhausted when Says(error, "database space exceeded") => new StoreFullException(
            "etcd's database has reached its quota; compact and defragment it, or raise --quota-backend-bytes, and then disarm the alarm NOSPACE.", error),
        GrpcStatusCode.DataLoss => new StoreCorruptException($"etcd has found its data to be damaged: {error.Detail}", error),
        GrpcStatusCode.PermissionDenied or GrpcStatusCode.Unauthenticated => new StoreException(
            $"etcd refuses this client ({error.Detail}); it needs the right to read and write all keys.", error),
        _ => new StoreException($"etcd refused a request: {error.Detail}", error),
    };

    // There was no connection, or the channel had been closed before the call began because another member is used.
    private static bool NeverSent(GrpcException error) => error.InnerException is
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
        }
        or ObjectDisposedException { ObjectName: "System.Net.Http.HttpMessageInvoker" or "System.Net.Http.SocketsHttpHandler" };

    private static bool Says(GrpcException error, string words) => error.Detail.Contains(words, StringComparison.Ordinal);
}
