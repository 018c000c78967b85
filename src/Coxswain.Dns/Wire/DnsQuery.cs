using System.Buffers.Binary;
using System.Text;

namespace Coxswain.Dns.Wire;

/// <summary>A query as read from the wire: exactly one question, and perhaps EDNS (RFC 6891).</summary>
/// <param name="Name">Lower case, labels joined by dots, without the final dot; the root is empty.</param>
/// <param name="Question">The question section's octets as sent: answers repeat them, case included.</param>
/// <param name="UdpSize">How much the asker can take in one datagram.</param>
public sealed record DnsQuery(
    ushort Id, bool RecursionDesired, string Name, DnsType Type, ushort Class, ReadOnlyMemory<byte> Question, int UdpSize, bool HasEdns, bool DnssecOk)
{
    public const int HeaderLength = 12;
    private const ushort ResponseFlag = 0x8000;

    /// <summary>Reads a query.</summary>
    /// <returns>Null when this is not a query that deserves an answer other than <paramref name="failure"/>; and null with
    /// <see cref="DnsResponseCode.NoError"/> when it deserves none at all (too short, or itself a response).</returns>
    public static DnsQuery? Parse(ReadOnlySpan<byte> message, out DnsResponseCode failure)
    {
        failure = DnsResponseCode.NoError;
        if (message.Length < HeaderLength)
            return null;
        var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if ((flags & ResponseFlag) != 0)
            return null;
        failure = DnsResponseCode.NotImplemented;
        if (((flags >> 11) & 0xf) != 0)
            return null;
        failure = DnsResponseCode.FormatError;
        if (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1)
            return null;

        var position = HeaderLength;
        if (!TryReadName(message, ref position, out var name) || position + 4 > message.Length)
            return null;
        var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[position..]);
        var @class = BinaryPrimitives.ReadUInt16BigEndian(message[(position + 2)..]);
        position += 4;
        var question = message[HeaderLength..position].ToArray();

        var others = BinaryPrimitives.ReadUInt16BigEndian(message[6..]) + BinaryPrimitives.ReadUInt16BigEndian(message[8..])
            + BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        var (udpSize, edns, dnssec) = (512, false, false);
        for (var i = 0; i < others; i++)
        {
            if (!TryReadName(message, ref position, out _) || position + 10 > message.Length)
                return null;
            var recordType = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[position..]);
            var length = BinaryPrimitives.ReadUInt16BigEndian(message[(position + 8)..]);
            if (recordType == DnsType.Opt)
            {
                edns = true;
                udpSize = Math.Clamp((int)BinaryPrimitives.ReadUInt16BigEndian(message[(position + 2)..]), 512, 4096);
                dnssec = (message[position + 6] & 0x80) != 0;
            }

            position += 10 + length;
            if (position > message.Length)
                return null;
        }

        failure = DnsResponseCode.NoError;
        return new(BinaryPrimitives.ReadUInt16BigEndian(message), (flags & 0x0100) != 0, name, type, @class, question, udpSize, edns, dnssec);
    }

    /// <summary>Reads a name, following compression pointers (RFC 1035, 4.1.4), each of which must point backwards, so that it ends.</summary>
    public static bool TryReadName(ReadOnlySpan<byte> message, ref int position, out string name)
    {
        var text = new StringBuilder();
        var (at, jumped, bound, octets) = (position, false, position, 0);
        name = "";
        while (at < message.Length)
        {
            int length = message[at];
            if (length == 0)
            {
                if (!jumped)
                    position = at + 1;
                name = text.ToString();
                return true;
            }

            if ((length & 0xc0) == 0xc0)
            {
                if (at + 1 >= message.Length)
                    return false;
                var target = ((length & 0x3f) << 8) | message[at + 1];
                if (target >= bound)
                    return false;
                if (!jumped)
                    position = at + 2;
                (jumped, at, bound) = (true, target, target);
                continue;
            }

            octets += length + 1;
            if (length > 63 || octets > 254 || at + 1 + length > message.Length)
                return false;
            if (text.Length > 0)
                text.Append('.');
            foreach (var octet in message.Slice(at + 1, length))
                text.Append(octet is (byte)'.' ? '\ufffd' : char.ToLowerInvariant((char)octet));
            at += 1 + length;
        }

        return false;
    }
}
