using Coxswain.Grpc;
using Coxswain.Storage.Etcd.Connections;
using Coxswain.Storage.Etcd.Wire;
using Google.Protobuf;

namespace Coxswain.Storage.Etcd;

/// <summary>Reads keys and ranges, linearizably; a long range in pages of bounded size, all of one revision.</summary>
internal sealed class EtcdReader(EtcdConnection connection, EtcdRevisions revisions, CreateRevisions created, EtcdStoreOptions options)
{
    private const int FirstPage = 500;
    private const int LargestPage = 10_000;

    // How many entries fill a page, as far as the last lists have shown.
    private int _pageSize = FirstPage;

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation)
    {
        try
        {
            var response = await connection.CallAsync(
                EtcdMethods.Range, new RangeRequest { Key = ByteString.CopyFromUtf8(key) }, repeatable: true, cancellation);
            if (response.KeyValues is not [var only, ..])
                return null;
            created.Learn(only.Key, only.ModRevision, only.CreateRevision);
            return only.ToEntry();
        }
        catch (GrpcException error)
        {
            throw EtcdErrors.Explain(error);
        }
    }

    public async ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions list, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ReadAsync(range, list, cancellation);
            }
            catch (CompactedException) when (list.Revision == 0 && attempt < 3)
            {
                // The newest state was asked for, and became history between two pages.
            }
        }
    }

    private async Task<StorePage> ReadAsync(StoreRange range, StoreListOptions list, CancellationToken cancellation)
    {
        if (range.End is not null && string.CompareOrdinal(range.Start, range.End) >= 0)
            range = new("\0", "\0\0");
        var entries = new List<StoreEntry>();
        var (revision, count, more) = (list.Revision, -1L, true);
        var start = range.Start;
        while (more && (list.Limit == 0 || entries.Count < list.Limit || count < 0))
        {
            var room = list.Limit == 0 ? int.MaxValue : list.Limit - entries.Count;
            var response = await PageAsync(start, range.End, Math.Min(room, Volatile.Read(ref _pageSize)), revision, list.Revision, cancellation);
            if (count < 0)
            {
                count = response.Count;
                revision = list.Revision != 0 ? list.Revision : response.Header.Revision;
                entries.EnsureCapacity((int)Math.Min(count, room));
            }

            var bytes = 0L;
            foreach (var found in response.KeyValues)
            {
                entries.Add(found.ToEntry());
                bytes += found.Value.Length + found.Key.Length + 32;
            }

            more = response.More;
            if (response.KeyValues.Count > 0)
            {
                start = response.KeyValues[^1].Key + "\0";
                Learn(bytes / response.KeyValues.Count);
            }
        }

        return new(entries, revision, entries.Count < count, count);
    }

    private async Task<RangeResponse> PageAsync(string start, string? end, int limit, long revision, long asked, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await connection.CallAsync(
                    EtcdMethods.Range,
                    new RangeRequest
                    {
                        Key = ByteString.CopyFromUtf8(start),
                        RangeEnd = end is null ? RangeRequest.AllKeys : ByteString.CopyFromUtf8(end),
                        Limit = limit,
                        Revision = revision,
                    },
                    repeatable: true,
                    cancellation);
            }
            catch (GrpcException error) when (EtcdErrors.IsTooLarge(error) && limit > 1)
            {
                limit /= 2;
                Volatile.Write(ref _pageSize, limit);
            }
            catch (GrpcException error) when (EtcdErrors.IsCompacted(error))
            {
                await revisions.LearnCompactedAsync(cancellation);
                throw new CompactedException(asked == 0 ? revision : asked, revisions.Compacted);
            }
            catch (GrpcException error) when (EtcdErrors.IsFuture(error))
            {
                throw new FutureRevisionException(revision, (await revisions.GetAsync(cancellation)).Current);
            }
            catch (GrpcException error)
            {
                throw EtcdErrors.Explain(error);
            }
        }
    }

    private void Learn(long entryBytes) =>
        Volatile.Write(ref _pageSize, (int)Math.Clamp(options.PageBytes / Math.Max(1, entryBytes), 1, LargestPage));
}
