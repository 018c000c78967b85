using System.Globalization;
using System.Text;
using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.Fuzz;

/// <summary>What is too much is refused as upstream refuses it, and costs little.</summary>
public sealed class LimitTests(Wire.ClusterFixture fixture) : IDisposable
{
    private readonly Conformance.Api _api = new(fixture.Cluster);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private TestCluster Cluster => fixture.Cluster;

    public void Dispose() => _api.Dispose();

    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    [Theory]
    [InlineData("POST", "application/json")]
    [InlineData("PUT", "application/yaml")]
    [InlineData("PATCH", "application/merge-patch+json")]
    [InlineData("DELETE", "application/json")]
    public async Task A_body_of_more_than_three_megabytes_is_too_large(string method, string type)
    {
        var answer = await _api.SendAsync(method, ConfigMaps + (method == "POST" ? "" : "/none"), new string(' ', (3 * 1024 * 1024) + 1), type);

        answer.Expect(413);
        Assert.Equal("Request entity too large: limit is 3145728", answer.Message);
        Assert.Equal("RequestEntityTooLarge", answer.String("reason"));
    }

    [Fact]
    public async Task A_body_without_a_length_is_measured_as_it_comes()
    {
        using var content = new StreamContent(new EndlessStream());
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, ConfigMaps) { Content = content };
        request.Headers.TransferEncodingChunked = true;

        var code = 0;
        try
        {
            using var response = await _api.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            code = (int)response.StatusCode;
        }
        catch (HttpRequestException)
        {
            // The server answers and closes while the client still writes; some clients see only the latter.
            code = 413;
        }

        Assert.Equal(413, code);
    }

    [Fact]
    public async Task An_object_of_more_than_a_megabyte_and_a_half_does_not_fit_into_the_store()
    {
        var most = new string('x', 1_000_000);

        var whole = await _api.PostAsync(ConfigMaps, $$$"""{"metadata":{"name":"big"},"data":{"a":"{{{most}}}"}}""");
        var large = await _api.PostAsync("/apis/apps/v1/namespaces/default/controllerrevisions", $$$"""{"metadata":{"name":"big"},"revision":1,"data":{"a":"{{{most}}}","b":"{{{most}}}"}}""");
        var fits = await _api.PostAsync("/apis/apps/v1/namespaces/default/controllerrevisions", $$$"""{"metadata":{"name":"fits"},"revision":1,"data":{"a":"{{{most}}}"}}""");

        whole.Expect(201);
        Assert.Equal("etcdserver: request is too large", large.Message);
        fits.Expect(201);
        (await _api.DeleteAsync(ConfigMaps + "/big")).Expect(200);
        (await _api.DeleteAsync("/apis/apps/v1/namespaces/default/controllerrevisions/fits")).Expect(200);
    }

    [Fact]
    public async Task A_patch_of_more_than_ten_thousand_operations_is_too_large()
    {
        (await _api.PostAsync(ConfigMaps, """{"metadata":{"name":"ops"}}""")).Expect(201);
        string Patch(int count) => "[" + string.Join(',', Enumerable.Repeat("""{"op":"test","path":"/kind","value":"ConfigMap"}""", count)) + "]";

        (await _api.SendAsync("PATCH", ConfigMaps + "/ops", Patch(10_000), "application/json-patch+json")).Expect(200);
        var refused = await _api.SendAsync("PATCH", ConfigMaps + "/ops", Patch(10_001), "application/json-patch+json");

        refused.Expect(413);
        Assert.Equal("Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001", refused.Message);
    }

    [Theory]
    [InlineData("application/json", "[", "]")]
    [InlineData("application/json", "{\"a\":", "}")]
    [InlineData("application/yaml", "[", "]")]
    [InlineData("application/merge-patch+json", "{\"a\":", "}")]
    [InlineData("application/strategic-merge-patch+json", "{\"a\":", "}")]
    [InlineData("application/json-patch+json", "[", "]")]
    [InlineData("application/apply-patch+yaml", "{a: ", "}")]
    public async Task Depth_without_end_is_a_bad_request(string type, string open, string close)
    {
        var deep = string.Concat(Enumerable.Repeat(open, 100_000)) + "1" + string.Concat(Enumerable.Repeat(close, 100_000));
        var isPatch = type.Contains("patch", StringComparison.Ordinal);
        await _api.PostAsync(ConfigMaps, """{"metadata":{"name":"deep"}}""");

        var answer = await _api.SendAsync(
            isPatch ? "PATCH" : "POST", ConfigMaps + (isPatch ? "/deep?fieldManager=m" : ""), isPatch || open == "[" ? deep : $$"""{"metadata":{"name":"x"},"data":{{deep}}}""", type);

        answer.Expect(400);
    }

    [Theory]
    [InlineData("application/yaml")]
    [InlineData("application/apply-patch+yaml")]
    public async Task Aliases_of_aliases_are_a_bad_request(string type)
    {
        var bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (var i = 1; i < 12; i++)
            bomb.Append(CultureInfo.InvariantCulture, $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        var isPatch = type.Contains("patch", StringComparison.Ordinal);

        var answer = await _api.SendAsync(isPatch ? "PATCH" : "POST", ConfigMaps + (isPatch ? "/bomb?fieldManager=m" : ""), bomb.ToString(), type);

        answer.Expect(400);
    }

    [Fact]
    public async Task Headers_and_addresses_beyond_reason_are_refused_before_anything_else()
    {
        await using var raw = new RawHttp(Cluster);
        async Task<int?> Code(string target, string headers) =>
            (await raw.SendAsync(Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TestCluster.AdminToken}\r\n{headers}\r\n"), Cancellation))?.Code;

        Assert.Equal(200, await Code("/api/v1/namespaces?labelSelector=a!%3D" + new string('b', 60) + "&x=" + new string('y', 20_000), "X-A: " + new string('a', 20_000) + "\r\n"));
        Assert.Equal(414, await Code("/api/v1/namespaces?x=" + new string('y', 2_000_000), ""));
        Assert.Equal(431, await Code("/api/v1/namespaces", "X-A: " + new string('a', 1_200_000) + "\r\n"));
    }

    private sealed class EndlessStream : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            buffer.AsSpan(offset, count).Fill((byte)' ');
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
