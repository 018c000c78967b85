using System.Buffers.Binary;
using System.Text;
using Coxswain.Dns.Wire;

namespace Coxswain.Dns.Tests;

/// <summary>Queries as askers write them, and responses as they read them: apart from the code under test.</summary>
internal static class Messages
{
    public static byte[] Query(string name, DnsType type, ushort id = 0x1234, int? edns = null)
    {
        var bytes = new List<byte>();
        UInt16(id);
        UInt16(0x0100);
        UInt16(1);
        UInt16(0);
        UInt16(0);
        UInt16((ushort)(edns is null ? 0 : 1));
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }

        bytes.Add(0);
        UInt16((ushort)type);
        UInt16(1);
        if (edns is { } size)
        {
            bytes.Add(0);
            UInt16((ushort)DnsType.Opt);
            UInt16((ushort)size);
            UInt16(0);
            UInt16(0);
            UInt16(0);
        }

        return [.. bytes];

        void UInt16(ushort value) => bytes.AddRange([(byte)(value >> 8), (byte)value]);
    }

    public static Response Read(byte[] message)
    {
        var position = 12;
        var questions = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(4));
        for (var i = 0; i < questions; i++)
        {
            Assert.True(DnsQuery.TryReadName(message, ref position, out _));
            position += 4;
        }

        return new(
            BinaryPrimitives.ReadUInt16BigEndian(message), (DnsResponseCode)(message[3] & 0xf), (message[2] & 2) != 0, (message[2] & 4) != 0,
            Section(6), Section(8), Section(10));

        List<string> Section(int at)
        {
            var records = new List<string>();
            for (var i = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(at)); i > 0; i--)
            {
                Assert.True(DnsQuery.TryReadName(message, ref position, out var name));
                var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(position));
                var length = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(position + 8));
                var data = position + 10;
                var text = type switch
                {
                    DnsType.A or DnsType.Aaaa => new System.Net.IPAddress(message.AsSpan(data, length)).ToString(),
                    DnsType.Srv => $"{Number(data)} {Number(data + 2)} {Number(data + 4)} {Name(data + 6)}",
                    DnsType.Cname or DnsType.Ptr or DnsType.Soa => Name(data),
                    DnsType.Txt => Encoding.ASCII.GetString(message, data + 1, length - 1),
                    _ => "",
                };
                records.Add($"{name} {type} {text}".Trim());
                position = data + length;
            }

            return records;
        }

        ushort Number(int at) => BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(at));

        string Name(int at)
        {
            Assert.True(DnsQuery.TryReadName(message, ref at, out var name));
            return name;
        }
    }

    internal sealed record Response(
        ushort Id, DnsResponseCode Code, bool Truncated, bool Authoritative, List<string> Answers, List<string> Authority, List<string> Additional);
}
