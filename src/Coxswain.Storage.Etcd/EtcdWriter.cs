using Coxswain.Grpc;
using Coxswain.Storage.Etcd.Connections;
using Coxswain.Storage.Etcd.Wire;
using Google.Protobuf;

namespace Coxswain.Storage.Etcd;

/// <summary>Makes a conditional write a transaction of etcd's.</summary>
internal sealed class EtcdWriter(EtcdConnection connection, EtcdLeases leases, CreateRevisions created)
{
    public async ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var lease = 0L;
            var creation = write.ExpectedRevision == 0 || write.Value is null ? 0 : created.Find(write.Key, write.ExpectedRevision);
            try
            {
                if (write is { TimeToLive: { } timeToLive, Value: not null })
                    lease = await leases.GetAsync(timeToLive, cancellation);
                return Read(write, creation, await connection.CallAsync(EtcdMethods.Txn, Make(write, lease, creation), repeatable: false, cancellation));
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

    private static TxnRequest Make(StoreWrite write, long lease, long creation)
    {
        var key = ByteString.CopyFromUtf8(write.Key);
        var compare = new Compare { Target = CompareTarget.ModRevision, Key = key, Equal = write.ExpectedRevision };
        RequestOp[] failure = [new() { Range = new() { Key = key } }];
        if (write.Value is not { } value)
            return new() { Compare = compare, Success = [new() { Delete = new() { Key = key } }], Failure = failure };

        // The store keeps the memory it is given, so the value is not copied here.
        var put = new RequestOp { Put = new() { Key = key, Value = UnsafeByteOperations.UnsafeWrap(value), Lease = lease } };

        // When the key was created that is updated, we may know; otherwise etcd does.
        return write.ExpectedRevision == 0 || creation != 0
            ? new() { Compare = compare, Success = [put], Failure = failure }
            : new() { Compare = compare, Success = [new() { Range = new() { Key = key, KeysOnly = true } }, put], Failure = failure };
    }

    private WriteResult Read(StoreWrite write, long creation, TxnResponse response)
    {
        var revision = response.Header.Revision;
        if (!response.Succeeded)
        {
            if (response.Responses is not [{ Range.KeyValues: [var found, ..] }])
                return new(false, revision, null);
            created.Learn(found.Key, found.ModRevision, found.CreateRevision);
            return new(false, revision, found.ToEntry());
        }

        if (write.Value is not { } value)
            return new(response.Responses is [{ Delete.Deleted: > 0 }], revision, null);
        if (creation == 0)
            creation = response.Responses is [{ Range.KeyValues: [var before, ..] }, ..] ? before.CreateRevision : revision;
        created.Learn(write.Key, revision, creation);
        return new(true, revision, new(write.Key, value, creation, revision));
    }
}
