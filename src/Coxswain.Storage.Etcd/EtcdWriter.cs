using Coxswain.Grpc;
using Coxswain.Storage.Etcd.Connections;
using Coxswain.Storage.Etcd.Wire;
using Google.Protobuf;

namespace Coxswain.Storage.Etcd;

/// <summary>Makes a conditional write a transaction of etcd's.</summary>
internal sealed class EtcdWriter(EtcdConnection connection, EtcdLeases leases)
{
    public async ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var lease = 0L;
            try
            {
                if (write is { TimeToLive: { } timeToLive, Value: not null })
                    lease = await leases.GetAsync(timeToLive, cancellation);
                return Read(write, await connection.CallAsync(EtcdMethods.Txn, Make(write, lease), repeatable: false, cancellation));
            }
            catch (GrpcException error) when (lease != 0 && attempt < 3 && EtcdErrors.IsLeaseGone(error))
            {
                // Looked at before anything is written: the write was not done.
                await leases.ForgetAsync(lease, cancellation);
            }
            catch (GrpcException error)
            {
                throw EtcdErrors.Explain(error);
            }
        }
    }

    private static TxnRequest Make(StoreWrite write, long lease)
    {
        var key = ByteString.CopyFromUtf8(write.Key);
        var compare = new Compare { Target = CompareTarget.ModRevision, Key = key, Equal = write.ExpectedRevision };
        RequestOp[] failure = [new() { Range = new() { Key = key } }];
        if (write.Value is not { } value)
            return new() { Compare = compare, Success = [new() { Delete = new() { Key = key } }], Failure = failure };

        // The store keeps the memory it is given, so the value is not copied here.
        var put = new RequestOp { Put = new() { Key = key, Value = UnsafeByteOperations.UnsafeWrap(value), Lease = lease } };

        // Of an update only etcd knows when the key was created.
        return write.ExpectedRevision == 0
            ? new() { Compare = compare, Success = [put], Failure = failure }
            : new() { Compare = compare, Success = [new() { Range = new() { Key = key, KeysOnly = true } }, put], Failure = failure };
    }

    private static WriteResult Read(StoreWrite write, TxnResponse response)
    {
        var revision = response.Header.Revision;
        if (!response.Succeeded)
        {
            return new(false, revision, response.Responses is [{ Range.KeyValues: [var found, ..] }] ? found.ToEntry() : null);
        }

        if (write.Value is not { } value)
            return new(response.Responses is [{ Delete.Deleted: > 0 }], revision, null);
        var created = response.Responses is [{ Range.KeyValues: [var before, ..] }, ..] ? before.CreateRevision : revision;
        return new(true, revision, new(write.Key, value, created, revision));
    }
}
