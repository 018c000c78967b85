using System.Net;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Testing;

namespace Coxswain.Client.Tests;

/// <summary>The requests that are sent and how answers are read; the contract tests do the same against a real server.</summary>
public sealed class HttpApiClientTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly ScriptedServer _server = new();
    private readonly HttpApiClient _client;

    public HttpApiClientTests() => _client = new(new() { Server = new("https://server:6443"), Token = "t" }, _clock, _server);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task A_list_is_asked_for_by_its_query_and_read_item_by_item()
    {
        _server.Answer(200, """{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"42","continue":"next"},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}""");
        var list = await _client.ListAsync<Pod>(new() { Namespace = "ns", LabelSelector = "app=x,tier in (a,b)", Limit = 2 }, Cancellation);

        Assert.Equal(["a", "b"], list.Items.Select(p => p.Metadata.Name));
        Assert.Equal(("42", "next"), (list.ResourceVersion, list.Continue));
        Assert.Equal("GET /api/v1/namespaces/ns/pods?labelSelector=app%3Dx%2Ctier%20in%20%28a%2Cb%29&limit=2", _server.Requests.Single());
        Assert.Equal("Bearer t", _server.Authorization);
    }

    [Fact]
    public async Task A_refusal_is_the_servers_status_and_only_404_is_null()
    {
        _server.Answer(404, """{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods \"a\" not found","reason":"NotFound","code":404}""");
        Assert.Null(await _client.FindAsync<Pod>(new("ns", "a"), Cancellation));
        _server.Answer(403, """{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"Forbidden","code":403}""");
        var refusal = await Assert.ThrowsAsync<ApiException>(() => _client.FindAsync<Pod>(new("ns", "a"), Cancellation));
        Assert.Equal((403, "Forbidden", "no"), (refusal.Code, refusal.Reason, refusal.Message));
        _server.Answer(502, "<html>bad gateway</html>");
        Assert.Equal(502, (await Assert.ThrowsAsync<ApiException>(() => _client.GetAsync<Pod>(new("ns", "a"), Cancellation))).Code);
    }

    [Fact]
    public async Task A_request_that_is_put_off_is_sent_again_after_the_time_that_was_asked_for()
    {
        _server.Answer(429, "{}", retryAfter: 7);
        _server.Answer(200, """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}""");
        var get = _client.GetAsync<Pod>(new("ns", "a"), Cancellation);
        await Eventually.TrueAsync(() => _clock.Waiting > 0 && _server.Requests.Count == 1, cancellation: Cancellation);
        _clock.Advance(TimeSpan.FromSeconds(7));

        Assert.Equal("a", (await get).Metadata.Name);
        Assert.Equal(2, _server.Requests.Count);
    }

    [Fact]
    public async Task A_watch_reads_frames_however_they_are_cut_and_ends_with_the_stream()
    {
        _server.Answer(200, string.Join('\n',
            """{"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a","resourceVersion":"5"}}}""",
            """{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9"}}}""",
            """{"type":"DELETED","object":{"kind":"Pod","metadata":{"name":"a","resourceVersion":"10"}}}""",
            """{"type":"ADDED","object":{"kind":"Pod","metada"""), cutInto: 7);
        var seen = new List<string>();
        await foreach (var change in _client.WatchAsync<Pod>(new() { ResourceVersion = "4" }, Cancellation))
            seen.Add($"{change.Type} {change.ResourceVersion}");

        Assert.Equal(["Added 5", "Bookmark 9", "Deleted 10"], seen);
        Assert.Equal("GET /api/v1/pods?watch=true&resourceVersion=4&allowWatchBookmarks=true", _server.Requests.Single());
    }

    [Fact]
    public async Task An_error_frame_ends_the_watch_with_its_status()
    {
        _server.Answer(200, """{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","code":410,"reason":"Expired","message":"too old resource version: 1 (9)"}}""" + "\n");
        var error = await Assert.ThrowsAsync<ApiException>(async () =>
        {
            await foreach (var _ in _client.WatchAsync<Pod>(new() { ResourceVersion = "1" }, Cancellation))
                Assert.Fail("nothing should come");
        });
        Assert.Equal(410, error.Code);
    }

    [Fact]
    public async Task Writes_go_to_the_paths_of_the_api_with_bodies_that_name_their_kind()
    {
        var pod = new Pod { Metadata = new() { Namespace = "ns", Name = "a" } };
        for (var i = 0; i < 5; i++)
            _server.Answer(200, """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}""");
        await _client.CreateAsync(pod, Cancellation);
        await _client.UpdateAsync(pod, Cancellation);
        await _client.UpdateStatusAsync(pod, Cancellation);
        await _client.PatchAsync<Pod>(new("ns", "a"), Patch.Apply("{}"u8.ToArray(), "me", force: true), Cancellation);
        await _client.DeleteAsync<Pod>(new("ns", "a"), new() { GracePeriodSeconds = 0 }, Cancellation);

        Assert.Equal(["POST /api/v1/namespaces/ns/pods", "PUT /api/v1/namespaces/ns/pods/a", "PUT /api/v1/namespaces/ns/pods/a/status",
            "PATCH /api/v1/namespaces/ns/pods/a?fieldManager=me&force=true", "DELETE /api/v1/namespaces/ns/pods/a"], _server.Requests);
        Assert.StartsWith("""{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"ns""", _server.Bodies[0], StringComparison.Ordinal);
        Assert.Contains("\"gracePeriodSeconds\":0", _server.Bodies[4], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_subresource_may_answer_with_another_kind()
    {
        _server.Answer(201, """{"kind":"Status","apiVersion":"v1","status":"Success","code":201}""");
        var status = await _client.CreateSubresourceAsync<Pod, Binding, Api.Meta.V1.Status>(new("ns", "a"), "binding",
            new() { Target = new() { Kind = "Node", Name = "n" } }, Cancellation);
        Assert.Equal("Success", status.StatusValue);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up_on()
    {
        _server.AnswerNever();
        var get = _client.CreateAsync(new Pod { Metadata = new() { Namespace = "ns", Name = "a" } }, Cancellation);
        await Eventually.TrueAsync(() => _clock.Waiting > 0, cancellation: Cancellation);
        _clock.Advance(TimeSpan.FromSeconds(33));
        await Assert.ThrowsAsync<TimeoutException>(() => get);
    }

    [Fact]
    public async Task A_read_is_tried_again_when_its_connection_breaks_and_a_write_is_not()
    {
        _server.Break();
        _server.Answer(200, """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}""");
        Assert.Equal("a", (await _client.GetAsync<Pod>(new("ns", "a"), Cancellation)).Metadata.Name);
        _server.Break();
        await Assert.ThrowsAsync<HttpRequestException>(() => _client.CreateAsync(new Pod(), Cancellation));
    }

    private sealed class ScriptedServer : HttpMessageHandler
    {
        private readonly Queue<Func<CancellationToken, Task<HttpResponseMessage>>> _answers = new();

        public List<string> Requests { get; } = [];
        public List<string> Bodies { get; } = [];
        public string Authorization { get; private set; } = "";

        public void Answer(int code, string body, int? retryAfter = null, int cutInto = 0) => _answers.Enqueue(_ =>
        {
            var stream = new MemoryStream(Encoding.UTF8.GetBytes(body));
            var response = new HttpResponseMessage((HttpStatusCode)code) { Content = new StreamContent(cutInto > 0 ? new SlowStream(stream, cutInto) : stream) };
            if (retryAfter is { } seconds)
                response.Headers.RetryAfter = new(TimeSpan.FromSeconds(seconds));
            return Task.FromResult(response);
        });

        public void AnswerNever() => _answers.Enqueue(async c =>
        {
            await Task.Delay(Timeout.Infinite, c);
            throw new InvalidOperationException("never reached");
        });

        public void Break() => _answers.Enqueue(_ => throw new HttpRequestException("connection reset"));

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Bodies.Add(request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken));
            Requests.Add($"{request.Method} {request.RequestUri!.PathAndQuery}");
            Authorization = request.Headers.Authorization?.ToString() ?? "";
            return await _answers.Dequeue()(cancellationToken);
        }
    }

    /// <summary>Gives a few bytes at a time, as networks do.</summary>
    private sealed class SlowStream(Stream inner, int most) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() => throw new NotSupportedException();
        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, Math.Min(count, most));
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
