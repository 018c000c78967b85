using System.Net;
using Coxswain.Dns.Wire;

namespace Coxswain.Dns.Tests;

public sealed class WireTests
{
    [Fact]
    public void An_answer_that_does_not_fit_says_so_and_has_no_records()
    {
        var query = DnsQuery.Parse(Messages.Query("many.example", DnsType.A), out _)!;
        var records = Enumerable.Range(0, 100).Select(i => new AddressRecord("many.example", 5, IPAddress.Parse($"192.0.2.{i}"))).ToList();
        var small = DnsResponseWriter.Write(query, DnsResponseCode.NoError, records, [], 512, true);
        Assert.True(small.Length <= 512);
        var read = Messages.Read(small);
        Assert.True(read.Truncated);
        Assert.Empty(read.Answers);
        var large = Messages.Read(DnsResponseWriter.Write(query, DnsResponseCode.NoError, records, [], DnsResponseWriter.MaxLength, true));
        Assert.False(large.Truncated);
        Assert.Equal(100, large.Answers.Count);
    }

    [Fact]
    public void A_response_repeats_the_question_as_it_was_spelled()
    {
        var sent = Messages.Query("MiXeD.example", DnsType.A);
        var query = DnsQuery.Parse(sent, out _)!;
        Assert.Equal("mixed.example", query.Name);
        var response = DnsResponseWriter.Write(query, DnsResponseCode.NoError, [], [], 512, true);
        Assert.Equal(sent[12..], response[12..]);
    }

    [Fact]
    public void A_pointer_that_does_not_lead_backwards_is_refused()
    {
        byte[] message = [.. new byte[12], 0xc0, 12, 0, 1, 0, 1];
        message[5] = 1;
        Assert.Null(DnsQuery.Parse(message, out var failure));
        Assert.Equal(DnsResponseCode.FormatError, failure);
    }

    [Fact]
    public void A_response_is_never_answered()
    {
        var message = Messages.Query("example.com", DnsType.A);
        message[2] |= 0x80;
        Assert.Null(DnsQuery.Parse(message, out var failure));
        Assert.Equal(DnsResponseCode.NoError, failure);
    }

    [Fact]
    public void No_message_makes_the_reader_throw()
    {
        var random = new Random(36);
        var good = Messages.Query("_http._tcp.web.default.svc.cluster.local", DnsType.Srv, edns: 1232);
        for (var round = 0; round < 50_000; round++)
        {
            byte[] message;
            if (random.Next(2) == 0)
            {
                message = new byte[random.Next(80)];
                random.NextBytes(message);
            }
            else
            {
                message = good[..random.Next(good.Length + 1)];
                for (var i = random.Next(4); i > 0 && message.Length > 0; i--)
                    message[random.Next(message.Length)] = (byte)random.Next(256);
            }

            if (DnsQuery.Parse(message, out _) is { } query)
                Assert.True(query.Name.Length <= 255);
        }
    }

    [Theory]
    [InlineData("nameserver 192.0.2.1\nsearch example.com\nnameserver\t2001:db8::1  \n# nameserver 192.0.2.9", "192.0.2.1:53,[2001:db8::1]:53")]
    [InlineData("nameserver nonsense\n", "")]
    [InlineData("", "")]
    public void Name_servers_are_read_from_resolv_conf(string text, string servers)
    {
        Assert.Equal(servers, string.Join(',', ResolvConf.NameServers(text)));
    }

    [Theory]
    [InlineData("1.2.0.192.in-addr.arpa", "192.0.2.1")]
    [InlineData("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "2001:db8::1")]
    [InlineData("2.0.192.in-addr.arpa", null)]
    [InlineData("x.2.0.192.in-addr.arpa", null)]
    [InlineData("web.default.svc.cluster.local", null)]
    public void Reverse_names_stand_for_addresses(string name, string? address)
    {
        Assert.Equal(address, ReverseName.Parse(name)?.ToString());
    }
}
