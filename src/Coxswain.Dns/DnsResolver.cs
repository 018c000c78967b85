using Coxswain.Dns.Wire;

namespace Coxswain.Dns;

/// <summary>One message in, one message out: the server without its sockets.</summary>
internal sealed class DnsResolver(ClusterZone zone, Forwarder forwarder, ResponseCache cache)
{
    private const ushort ClassIn = 1;

    /// <summary>The response, or null if the message deserves none.</summary>
    public async ValueTask<byte[]?> AnswerAsync(ReadOnlyMemory<byte> message, bool overTcp, CancellationToken cancellation)
    {
        var query = DnsQuery.Parse(message.Span, out var failure);
        if (query is null)
            return failure == DnsResponseCode.NoError ? null : DnsResponseWriter.Failure(message.Span, failure);
        var limit = overTcp ? DnsResponseWriter.MaxLength : query.UdpSize;

        if (query.Class == ClassIn && zone.Resolve(query.Name, query.Type) is { } answer)
        {
            if (!zone.HasSynced && answer.Answers.Count == 0)
                return Empty(query, DnsResponseCode.ServerFailure, limit);
            var answers = answer.Answers;
            // A name that stands for another outside the zone: the asker wants an address, so that is looked up on the way.
            if (answers is [NameRecord { Type: DnsType.Cname } alias] && query.Type is DnsType.A or DnsType.Aaaa
                && zone.Resolve(alias.Target, query.Type) is { } target)
                answers = [alias, .. target.Answers];
            return DnsResponseWriter.Write(query, answer.Code, answers, answer.Authority, limit, authoritative: true, answer.Additional);
        }

        if (!forwarder.HasServers)
            return Empty(query, DnsResponseCode.Refused, limit);
        if (cache.Find(query) is { } kept && kept.Length <= limit)
            return kept;
        var forwarded = await forwarder.AskAsync(query, message, overTcp, cancellation).ConfigureAwait(false);
        if (forwarded is null)
            return Empty(query, DnsResponseCode.ServerFailure, limit);
        cache.Keep(query, forwarded);
        return forwarded.Length <= limit ? forwarded : Truncated(query, limit);
    }

    private static byte[] Empty(DnsQuery query, DnsResponseCode code, int limit) =>
        DnsResponseWriter.Write(query, code, [], [], limit, authoritative: false);

    private static byte[] Truncated(DnsQuery query, int limit)
    {
        var response = Empty(query, DnsResponseCode.NoError, limit);
        response[2] |= 0x02;
        return response;
    }
}
