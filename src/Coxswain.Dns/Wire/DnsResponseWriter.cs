using System.Buffers.Binary;
using System.Text;

namespace Coxswain.Dns.Wire;

/// <summary>Writes responses. Names are compressed against the ones written before (RFC 1035, 4.1.4).</summary>
public static class DnsResponseWriter
{
    /// <summary>The most that a response over TCP may have.</summary>
    public const int MaxLength = 65535;

    /// <summary>The response to a query, at most <paramref name="limit"/> octets; when it does not fit, it says so (TC) and has no records, so that
    /// the asker comes back over TCP.</summary>
    public static byte[] Write(
        DnsQuery query, DnsResponseCode code, IReadOnlyList<DnsRecord> answers, IReadOnlyList<DnsRecord> authority, int limit, bool authoritative,
        IReadOnlyList<DnsRecord>? additional = null)
    {
        var writer = new Writer(limit);
        writer.Header(query, code, authoritative);
        var counts = (Answers: 0, Authority: 0, Additional: 0);
        try
        {
            foreach (var record in answers)
            {
                writer.Record(record);
                counts.Answers++;
            }

            foreach (var record in authority)
            {
                writer.Record(record);
                counts.Authority++;
            }

            if (query.HasEdns)
            {
                writer.Opt();
                counts.Additional++;
            }
        }
        catch (DoesNotFitException)
        {
            writer.Truncate();
            counts = default;
            if (query.HasEdns)
            {
                writer.Opt();
                counts.Additional++;
            }

            return writer.Finish(counts);
        }

        // Additional records are a courtesy: as many as fit.
        foreach (var record in additional ?? [])
        {
            var mark = writer.Length;
            try
            {
                writer.Record(record);
                counts.Additional++;
            }
            catch (DoesNotFitException)
            {
                writer.CutTo(mark);
                break;
            }
        }

        return writer.Finish(counts);
    }

    /// <summary>An answer without content to something that could not be read as a query: the first octets are echoed.</summary>
    public static byte[] Failure(ReadOnlySpan<byte> message, DnsResponseCode code)
    {
        var response = new byte[DnsQuery.HeaderLength];
        message[..4].CopyTo(response);
        response[2] = (byte)((response[2] & 0x79) | 0x80);
        response[3] = (byte)code;
        return response;
    }

    private sealed class DoesNotFitException : Exception;

    private sealed class Writer(int limit)
    {
        private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
        private byte[] _buffer = new byte[512];
        private int _headerEnd;

        public int Length { get; private set; }

        public void Header(DnsQuery query, DnsResponseCode code, bool authoritative)
        {
            UInt16(query.Id);
            var flags = 0x8000 | (authoritative ? 0x0400 : 0) | (query.RecursionDesired ? 0x0100 : 0) | 0x0080 | (int)code;
            UInt16((ushort)flags);
            UInt16(1);
            UInt16(0);
            UInt16(0);
            UInt16(0);
            if (query.Name.Length > 0)
                _names[query.Name] = Length;
            Bytes(query.Question.Span);
            _headerEnd = Length;
        }

        public void Record(DnsRecord record)
        {
            Name(record.Name, compress: true);
            UInt16((ushort)record.Type);
            UInt16(1);
            UInt32(record.Ttl);
            var lengthAt = Length;
            UInt16(0);
            switch (record)
            {
                case AddressRecord address:
                    Bytes(address.Address.GetAddressBytes());
                    break;
                case NameRecord name:
                    Name(name.Target, compress: true);
                    break;
                case SrvRecord srv:
                    UInt16(srv.Priority);
                    UInt16(srv.Weight);
                    UInt16(srv.Port);
                    // RFC 2782: the target is not to be compressed.
                    Name(srv.Target, compress: false);
                    break;
                case TxtRecord txt:
                    var text = Encoding.UTF8.GetBytes(txt.Text);
                    Bytes([(byte)Math.Min(text.Length, 255)]);
                    Bytes(text.AsSpan(0, Math.Min(text.Length, 255)));
                    break;
                case SoaRecord soa:
                    Name(soa.PrimaryServer, compress: true);
                    Name(soa.Mailbox, compress: true);
                    UInt32(soa.Serial);
                    UInt32(7200);
                    UInt32(1800);
                    UInt32(86400);
                    UInt32(soa.NegativeTtl);
                    break;
                default:
                    throw new NotSupportedException(record.GetType().Name);
            }

            BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(lengthAt), (ushort)(Length - lengthAt - 2));
        }

        public void Opt()
        {
            Bytes([0]);
            UInt16((ushort)DnsType.Opt);
            UInt16(1232);
            UInt32(0);
            UInt16(0);
        }

        public void Truncate()
        {
            CutTo(_headerEnd);
            _buffer[2] |= 0x02;
        }

        public void CutTo(int length)
        {
            foreach (var name in _names.Where(n => n.Value >= length).Select(n => n.Key).ToList())
                _names.Remove(name);
            Length = length;
        }

        public byte[] Finish((int Answers, int Authority, int Additional) counts)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(6), (ushort)counts.Answers);
            BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(8), (ushort)counts.Authority);
            BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(10), (ushort)counts.Additional);
            return _buffer.AsSpan(0, Length).ToArray();
        }

        private void Name(string name, bool compress)
        {
            while (name.Length > 0)
            {
                if (_names.TryGetValue(name, out var at))
                {
                    if (compress)
                    {
                        UInt16((ushort)(0xc000 | at));
                        return;
                    }
                }
                else if (Length < 0x4000)
                {
                    _names[name] = Length;
                }

                var dot = name.IndexOf('.', StringComparison.Ordinal);
                var label = dot < 0 ? name : name[..dot];
                Bytes([(byte)label.Length]);
                Bytes(Encoding.ASCII.GetBytes(label));
                name = dot < 0 ? "" : name[(dot + 1)..];
            }

            Bytes([0]);
        }

        private void UInt16(ushort value)
        {
            Span<byte> octets = stackalloc byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(octets, value);
            Bytes(octets);
        }

        private void UInt32(uint value)
        {
            Span<byte> octets = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(octets, value);
            Bytes(octets);
        }

        private void Bytes(ReadOnlySpan<byte> octets)
        {
            if (Length + octets.Length > limit)
                throw new DoesNotFitException();
            if (Length + octets.Length > _buffer.Length)
                Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + octets.Length));
            octets.CopyTo(_buffer.AsSpan(Length));
            Length += octets.Length;
        }
    }
}
