using System.Buffers.Binary;
using Coxswain.Dns.Wire;

namespace Coxswain.Dns;

/// <summary>Keeps responses of other servers for as long as their records live, but no longer than half a minute.</summary>
/// <remarks>Bounded: when full, what has expired goes first, then anything. Thread-safe.</remarks>
internal sealed class ResponseCache(TimeProvider clock, int capacity = 10_000)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly Dictionary<(string Name, DnsType Type, ushort Class, bool Dnssec, bool Edns), Entry> _entries = [];
    private readonly Lock _gate = new();

    private sealed record Entry(byte[] Message, DateTimeOffset Stored, DateTimeOffset Expires);

    /// <summary>A kept response made to fit this query (its id, its spelling of the name, the time that has passed); null if there is none.</summary>
    public byte[]? Find(DnsQuery query)
    {
        var now = clock.GetUtcNow();
        Entry? entry;
        lock (_gate)
        {
            if (!_entries.TryGetValue(Key(query), out entry))
                return null;
        }

        if (now >= entry.Expires || entry.Message.Length < DnsQuery.HeaderLength + query.Question.Length)
            return null;
        var message = entry.Message.AsSpan().ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(message, query.Id);
        query.Question.Span.CopyTo(message.AsSpan(DnsQuery.HeaderLength));
        var age = (uint)(now - entry.Stored).TotalSeconds;
        if (age > 0)
            TryVisitTtls(message, (span, ttl) => BinaryPrimitives.WriteUInt32BigEndian(span, ttl > age ? ttl - age : 0), out _);
        return message;
    }

    public void Keep(DnsQuery query, byte[] message)
    {
        var code = (DnsResponseCode)(message[3] & 0xf);
        var truncated = (message[2] & 0x02) != 0;
        if (truncated || code is not (DnsResponseCode.NoError or DnsResponseCode.NameError))
            return;
        if (!TryVisitTtls(message, static (_, _) => { }, out var least) || least == 0)
            return;
        var now = clock.GetUtcNow();
        var life = TimeSpan.FromSeconds(least) is var seconds && seconds < Longest ? seconds : Longest;
        lock (_gate)
        {
            if (_entries.Count >= capacity)
                MakeRoom(now);
            _entries[Key(query)] = new(message, now, now + life);
        }
    }

    private static (string, DnsType, ushort, bool, bool) Key(DnsQuery query) => (query.Name, query.Type, query.Class, query.DnssecOk, query.HasEdns);

    private void MakeRoom(DateTimeOffset now)
    {
        foreach (var key in _entries.Where(e => now >= e.Value.Expires).Select(e => e.Key).ToList())
            _entries.Remove(key);
        foreach (var key in _entries.Keys.Take(Math.Max(0, _entries.Count - capacity * 3 / 4)).ToList())
            _entries.Remove(key);
    }

    private delegate void TtlVisitor(Span<byte> field, uint ttl);

    /// <summary>Visits the time to live of every record but OPT. The least of them; 0 if there is none to go by.</summary>
    private static bool TryVisitTtls(byte[] message, TtlVisitor visit, out uint least)
    {
        least = uint.MaxValue;
        var position = DnsQuery.HeaderLength;
        for (var i = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(4)); i > 0; i--)
        {
            if (!DnsQuery.TryReadName(message, ref position, out _))
                return false;
            position += 4;
        }

        var records = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(6)) + BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(8))
            + BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(10));
        for (var i = 0; i < records; i++)
        {
            if (!DnsQuery.TryReadName(message, ref position, out _) || position + 10 > message.Length)
                return false;
            var field = message.AsSpan(position + 4, 4);
            if ((DnsType)BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(position)) != DnsType.Opt)
            {
                var ttl = BinaryPrimitives.ReadUInt32BigEndian(field);
                least = Math.Min(least, ttl);
                visit(field, ttl);
            }

            position += 10 + BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(position + 8));
            if (position > message.Length)
                return false;
        }

        if (least == uint.MaxValue)
            least = 0;
        return true;
    }
}
