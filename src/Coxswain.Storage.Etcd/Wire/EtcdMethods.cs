using Coxswain.Grpc;

namespace Coxswain.Storage.Etcd.Wire;

/// <summary>What we ask etcd for.</summary>
internal static class EtcdMethods
{
    private const string Kv = "etcdserverpb.KV";
    private const string Lease = "etcdserverpb.Lease";
    private const string Maintenance = "etcdserverpb.Maintenance";

    public static GrpcMethod<RangeRequest, RangeResponse> Range { get; } = new(Kv, "Range", RangeResponse.Parser);

    public static GrpcMethod<TxnRequest, TxnResponse> Txn { get; } = new(Kv, "Txn", TxnResponse.Parser);

    public static GrpcMethod<PutRequest, PutResponse> Put { get; } = new(Kv, "Put", PutResponse.Parser);

    public static GrpcMethod<DeleteRangeRequest, DeleteRangeResponse> DeleteRange { get; } = new(Kv, "DeleteRange", DeleteRangeResponse.Parser);

    public static GrpcMethod<CompactionRequest, CompactionResponse> Compact { get; } = new(Kv, "Compact", CompactionResponse.Parser);

    public static GrpcMethod<WatchRequest, WatchResponse> Watch { get; } = new("etcdserverpb.Watch", "Watch", WatchResponse.Parser);

    public static GrpcMethod<LeaseGrantRequest, LeaseGrantResponse> LeaseGrant { get; } = new(Lease, "LeaseGrant", LeaseGrantResponse.Parser);

    public static GrpcMethod<LeaseRequest, LeaseRevokeResponse> LeaseRevoke { get; } = new(Lease, "LeaseRevoke", LeaseRevokeResponse.Parser);

    public static GrpcMethod<LeaseRequest, LeaseKeepAliveResponse> LeaseKeepAlive { get; } = new(Lease, "LeaseKeepAlive", LeaseKeepAliveResponse.Parser);

    public static GrpcMethod<EmptyRequest, StatusResponse> Status { get; } = new(Maintenance, "Status", StatusResponse.Parser);

    public static GrpcMethod<EmptyRequest, DefragmentResponse> Defragment { get; } = new(Maintenance, "Defragment", DefragmentResponse.Parser);

    public static GrpcMethod<AlarmRequest, AlarmResponse> Alarm { get; } = new(Maintenance, "Alarm", AlarmResponse.Parser);

    public static GrpcMethod<EmptyRequest, MemberListResponse> MemberList { get; } = new("etcdserverpb.Cluster", "MemberList", MemberListResponse.Parser);
}
