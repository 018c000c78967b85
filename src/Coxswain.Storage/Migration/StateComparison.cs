using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Coxswain.Storage;

/// <summary>Compares every key and value of two states.</summary>
internal static class StateComparison
{
    /// <returns>How many keys and bytes of values there are, and the SHA-256 over all of them.</returns>
    /// <exception cref="MigrationException">They differ; the message names the first key that does.</exception>
    public static async Task<(long Keys, long Bytes, string Hash)> CompareAsync(
        StoreSnapshot left, StoreSnapshot right, StoreRange range, Func<string, bool> skip, CancellationToken cancellation)
    {
        await using var ours = Entries(left, range, skip, cancellation).GetAsyncEnumerator(cancellation);
        await using var theirs = Entries(right, range, skip, cancellation).GetAsyncEnumerator(cancellation);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long keys = 0, bytes = 0;
        while (true)
        {
            var (one, other) = (await ours.MoveNextAsync(), await theirs.MoveNextAsync());
            if (!one && !other)
                return (keys, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
            if (!one || !other || ours.Current.Key != theirs.Current.Key || !ours.Current.Value.Span.SequenceEqual(theirs.Current.Value.Span))
            {
                var key = one && (!other || string.CompareOrdinal(ours.Current.Key, theirs.Current.Key) <= 0) ? ours.Current.Key : theirs.Current.Key;
                throw new MigrationException($"The key {key} is not the same in both stores.");
            }

            Append(hash, ours.Current);
            keys++;
            bytes += ours.Current.Value.Length;
        }
    }

    private static void Append(IncrementalHash hash, StoreEntry entry)
    {
        Span<byte> lengths = stackalloc byte[8];
        var key = Encoding.UTF8.GetBytes(entry.Key);
        BinaryPrimitives.WriteInt32BigEndian(lengths, key.Length);
        BinaryPrimitives.WriteInt32BigEndian(lengths[4..], entry.Value.Length);
        hash.AppendData(lengths);
        hash.AppendData(key);
        hash.AppendData(entry.Value.Span);
    }

    private static async IAsyncEnumerable<StoreEntry> Entries(
        StoreSnapshot snapshot, StoreRange range, Func<string, bool> skip,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var page in snapshot.ReadAsync(range, cancellation))
        {
            foreach (var entry in page)
            {
                if (!skip(entry.Key))
                    yield return entry;
            }
        }
    }
}
