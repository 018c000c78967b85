using System.IO.Compression;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Testing;
using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.Conformance;

/// <summary>Lists and watches as clients of upstream know them: versions, pages, selections, forms and transports.</summary>
public sealed class ReadingTests(Wire.ClusterFixture fixture) : IDisposable
{
    private readonly Api _api = new(fixture.Cluster);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _api.Dispose();

    private static string Maps(string @namespace) => $"/api/v1/namespaces/{@namespace}/configmaps";

    private async Task<string> FilledAsync(int count, string labels = "")
    {
        var @namespace = await _api.NamespaceAsync();
        for (var i = 0; i < count; i++)
            (await _api.PostAsync(Maps(@namespace), "{\"metadata\":{\"name\":\"m" + i + "\",\"labels\":{" + labels + "}}}")).Expect(201);
        return @namespace;
    }

    private static List<string> Names(Answer list) => [.. list["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!)];

    [Fact]
    public async Task Pages_show_one_state_say_what_remains_and_end()
    {
        var path = Maps(await FilledAsync(5));

        var first = (await _api.GetAsync(path + "?limit=2")).Expect(200);
        (await _api.PostAsync(path, """{"metadata":{"name":"m3a"}}""")).Expect(201);
        (await _api.DeleteAsync(path + "/m4")).Expect(200);
        var second = (await _api.GetAsync($"{path}?limit=2&continue={first.String("metadata/continue")}")).Expect(200);
        var third = (await _api.GetAsync($"{path}?limit=2&continue={second.String("metadata/continue")}")).Expect(200);
        var all = await _api.GetAsync(path);

        Assert.Equal(["m0", "m1", "m2", "m3", "m4"], Names(first).Concat(Names(second)).Concat(Names(third)));
        Assert.Equal((3L, 1L), ((long)first["metadata/remainingItemCount"]!, (long)second["metadata/remainingItemCount"]!));
        Assert.Null(third["metadata/remainingItemCount"]);
        Assert.Null(third["metadata/continue"]);
        Assert.Equal(first.String("metadata/resourceVersion"), second.String("metadata/resourceVersion"));
        Assert.Equal(first.String("metadata/resourceVersion"), third.String("metadata/resourceVersion"));
        Assert.Equal(["m0", "m1", "m2", "m3", "m3a"], Names(all));
    }

    [Fact]
    public async Task What_remains_of_a_selection_is_not_said()
    {
        var path = Maps(await FilledAsync(3, "\"a\":\"b\""));

        var first = await _api.GetAsync(path + "?limit=1&labelSelector=a%3Db");

        Assert.NotNull(first["metadata/continue"]);
        Assert.Null(first["metadata/remainingItemCount"]);
    }

    [Fact]
    public async Task A_page_whose_state_is_gone_comes_with_a_token_to_go_on_inconsistently()
    {
        var clock = new FakeClock();
        await using var cluster = await TestCluster.StartAsync(Cancellation, clock: clock);
        using var api = new Api(cluster);
        for (var i = 0; i < 4; i++)
            (await api.PostAsync(Maps("default"), "{\"metadata\":{\"name\":\"m" + i + "\"}}")).Expect(201);
        var first = await api.GetAsync(Maps("default") + "?limit=1");
        var version = long.Parse(first.String("metadata/resourceVersion")!, null);
        clock.Advance(TimeSpan.FromHours(1));
        // What the cache keeps of the past ends before the newest change.
        (await api.PostAsync(Maps("default"), """{"metadata":{"name":"m9"}}""")).Expect(201);
        clock.Advance(TimeSpan.FromHours(1));
        (await api.MergeAsync(Maps("default") + "/m9", """{"data":{"k":"v"}}""")).Expect(200);
        await cluster.Store.CompactAsync(version + 1, Cancellation);

        var gone = await api.GetAsync($"{Maps("default")}?limit=2&continue={first.String("metadata/continue")}");
        var next = await api.GetAsync($"{Maps("default")}?limit=2&continue={gone.String("metadata/continue")}");
        var rest = await api.GetAsync($"{Maps("default")}?continue={next.String("metadata/continue")}");
        var exact = await api.GetAsync($"{Maps("default")}?resourceVersion={version}&resourceVersionMatch=Exact");
        var watch = await api.GetAsync($"{Maps("default")}?watch=true&resourceVersion={version}");

        gone.Expect(410);
        Assert.Equal("Expired", gone.String("reason"));
        Assert.StartsWith("The provided continue parameter is too old to display a consistent list result.", gone.Message, StringComparison.Ordinal);
        Assert.Equal(["m1", "m2"], Names(next.Expect(200)));
        Assert.Equal(2L, (long)next["metadata/remainingItemCount"]!);
        Assert.Equal(["m3", "m9"], Names(rest.Expect(200)));
        Assert.Equal(next.String("metadata/resourceVersion"), rest.String("metadata/resourceVersion"));
        exact.Expect(410);
        // A watch has begun by then, and says it in its first and only event.
        watch.Expect(200);
        Assert.Equal(("ERROR", "Expired", 410), (watch.String("type"), watch.String("object/reason"), (int)watch["object/code"]!));
    }

    [Theory]
    [InlineData("resourceVersionMatch=Exact", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")]
    [InlineData("resourceVersion=0&resourceVersionMatch=Exact", "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")]
    [InlineData("resourceVersion=1&resourceVersionMatch=Newest", "resourceVersionMatch: Unsupported value: \"Newest\": supported values: \"Exact\", \"NotOlderThan\", \"\"")]
    [InlineData("resourceVersion=1&resourceVersionMatch=Exact&continue=x", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided")]
    [InlineData("sendInitialEvents=true", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list")]
    [InlineData("watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch")]
    [InlineData("watch=1&sendInitialEvents=true", "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    [InlineData("watch=1&sendInitialEvents=true&resourceVersionMatch=Exact",
        "[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: \"Exact\": supported values: \"NotOlderThan\"]")]
    public async Task Options_that_exclude_each_other_are_refused(string query, string error)
    {
        var answer = await _api.GetAsync("/api/v1/configmaps?" + query);

        answer.Expect(422);
        Assert.Equal($"ListOptions.meta.k8s.io \"\" is invalid: {error}", answer.Message);
    }

    [Fact]
    public async Task Versions_and_matches_choose_the_state_that_is_listed()
    {
        var path = Maps(await FilledAsync(1));
        var then = (await _api.GetAsync(path)).String("metadata/resourceVersion")!;
        (await _api.PostAsync(path, """{"metadata":{"name":"later"}}""")).Expect(201);

        async Task<int> CountAsync(string query) => Names((await _api.GetAsync($"{path}?{query}")).Expect(200)).Count;

        Assert.Equal(2, await CountAsync(""));
        Assert.Equal(2, await CountAsync($"resourceVersion={then}"));
        Assert.Equal(2, await CountAsync($"resourceVersion={then}&resourceVersionMatch=NotOlderThan"));
        Assert.Equal(1, await CountAsync($"resourceVersion={then}&resourceVersionMatch=Exact"));
        Assert.Equal(1, await CountAsync($"resourceVersion={then}&resourceVersionMatch=Exact&limit=1"));
        Assert.Equal(then, (await _api.GetAsync($"{path}?resourceVersion={then}&resourceVersionMatch=Exact&limit=1")).String("metadata/resourceVersion"));
        (await _api.GetAsync($"{path}/later?resourceVersion={then}")).Expect(200);
        (await _api.GetAsync($"{path}/later?resourceVersion=0")).Expect(200);

        // A collection is deleted as it is listed: by page, selection and version.
        var deleted = (await _api.DeleteAsync(path + "?limit=1")).Expect(200);
        Assert.Equal("ConfigMapList", deleted.String("kind"));
        Assert.Equal(1, await CountAsync(""));
        var token = (await _api.GetAsync(path + "?limit=1")).String("metadata/continue");
        Assert.Null(token);
    }

    [Theory]
    [InlineData("")]
    [InlineData("continue=")]
    public async Task A_continued_list_takes_no_version(string more)
    {
        var path = Maps(await FilledAsync(2));
        var token = (await _api.GetAsync(path + "?limit=1&" + more)).String("metadata/continue");

        var refused = await _api.GetAsync($"{path}?continue={token}&resourceVersion=5");

        refused.Expect(400);
        Assert.Equal("specifying resource version is not allowed when using continue", refused.Message);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_watch_sends_what_is_there_a_bookmark_and_what_comes(string version)
    {
        var @namespace = await FilledAsync(2);
        using var http = fixture.Cluster.Http(version: Version.Parse(version));
        using var response = await http.GetAsync(
            $"{Maps(@namespace)}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=20",
            HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        async Task<JsonNode> NextAsync() => JsonNode.Parse((await reader.ReadLineAsync(Cancellation))!)!;

        var (one, two, mark) = (await NextAsync(), await NextAsync(), await NextAsync());
        (await _api.PostAsync(Maps(@namespace), """{"metadata":{"name":"m5"}}""")).Expect(201);
        var come = await NextAsync();

        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(["ADDED", "ADDED", "BOOKMARK", "ADDED"], new[] { one, two, mark, come }.Select(e => (string?)e["type"]));
        Assert.Equal("true", (string?)mark["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
        Assert.Equal("ConfigMap", (string?)mark["object"]!["kind"]);
        Assert.Equal("m5", (string?)come["object"]!["metadata"]!["name"]);
    }

    [Theory]
    [InlineData("application/json", WebSocketMessageType.Text)]
    [InlineData("application/vnd.kubernetes.protobuf", WebSocketMessageType.Binary)]
    public async Task A_watch_over_a_web_socket_sends_an_event_a_message(string accept, WebSocketMessageType type)
    {
        var @namespace = await FilledAsync(1);
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer " + TestCluster.AdminToken);
        socket.Options.SetRequestHeader("Accept", accept);
        socket.Options.RemoteCertificateValidationCallback = (_, c, _, _) => c is System.Security.Cryptography.X509Certificates.X509Certificate2 peer && fixture.Cluster.IsOurs(peer);
        await socket.ConnectAsync(new($"wss://127.0.0.1:{fixture.Cluster.Server.Port}{Maps(@namespace)}?watch=1&timeoutSeconds=2"), Cancellation);
        var buffer = new byte[64 * 1024];

        var message = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
        var bytes = buffer[..message.Count];
        (await _api.PostAsync(Maps(@namespace), """{"metadata":{"name":"m5"}}""")).Expect(201);
        var second = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
        var end = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);

        Assert.Equal((type, true), (message.MessageType, message.EndOfMessage));
        Assert.Equal(type, second.MessageType);
        Assert.Equal(WebSocketMessageType.Close, end.MessageType);
        if (type == WebSocketMessageType.Text)
            Assert.Equal("ADDED", (string?)JsonNode.Parse(bytes)!["type"]);
        else
            Assert.Contains("ADDED", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_ends_when_its_time_is_over()
    {
        var @namespace = await FilledAsync(1);

        var watched = await _api.GetAsync($"{Maps(@namespace)}?watch=1&timeoutSeconds=1");

        watched.Expect(200);
        Assert.Equal("ADDED", watched.String("type"));
    }

    [Fact]
    public async Task Tables_are_watched_with_their_columns_once()
    {
        var @namespace = await FilledAsync(2);
        var watched = await _api.SendAsync("GET", $"{Maps(@namespace)}?watch=1&timeoutSeconds=1",
            headers: ("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"));

        var events = watched.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!).ToList();

        Assert.Equal(2, events.Count);
        Assert.All(events, e => Assert.Equal("Table", (string?)e["object"]!["kind"]));
        Assert.Equal("Name", (string?)events[0]["object"]!["columnDefinitions"]![0]!["name"]);
        Assert.Empty((events[1]["object"]!["columnDefinitions"] as JsonArray) ?? []);
        Assert.Equal("PartialObjectMetadata", (string?)events[0]["object"]!["rows"]![0]!["object"]!["kind"]);
    }

    [Fact]
    public async Task Partial_objects_are_got_listed_and_watched_in_JSON_and_protobuf()
    {
        var @namespace = await FilledAsync(1);
        (await _api.MergeAsync(Maps(@namespace) + "/m0", """{"data":{"secret":"x"}}""")).Expect(200);
        foreach (var wire in new[] { "application/json", "application/vnd.kubernetes.protobuf" })
        {
            async Task<Answer> GetAsync(string path, string kind) =>
                (await _api.SendAsync("GET", path, headers: ("Accept", $"{wire};as={kind};v=v1;g=meta.k8s.io"))).Expect(200);

            var one = await GetAsync(Maps(@namespace) + "/m0", "PartialObjectMetadata");
            var list = await GetAsync(Maps(@namespace), "PartialObjectMetadataList");
            var watch = await GetAsync(Maps(@namespace) + "?watch=1&timeoutSeconds=1", "PartialObjectMetadata");

            Assert.All([one, list, watch], a => Assert.Contains("PartialObjectMetadata", a.Text, StringComparison.Ordinal));
            Assert.All([one, list, watch], a => Assert.Contains("m0", a.Text, StringComparison.Ordinal));
            // The data is not among the metadata; that somebody owns it is.
            Assert.All([one, list, watch], a => Assert.DoesNotContain("\"secret\":\"x\"", a.Text, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("application/json;as=Table;v=v1;g=meta.k8s.io", "/api/v1/namespaces", 200)]
    [InlineData("application/json;as=Table;v=v1alpha1;g=meta.k8s.io", "/api/v1/namespaces", 406)]
    [InlineData("application/xml", "/api/v1/namespaces", 406)]
    [InlineData("application/json;as=Table;v=v1;g=meta.k8s.io", "/api/v1", 406)]
    public async Task What_cannot_be_made_a_table_is_not_acceptable(string accept, string path, int code) =>
        (await _api.SendAsync("GET", path, headers: ("Accept", accept))).Expect(code);

    [Fact]
    public async Task The_body_of_an_access_review_cannot_be_made_a_table() => (await _api.SendAsync(
        "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", """{"spec":{"nonResourceAttributes":{"path":"/","verb":"get"}}}""",
        headers: ("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io"))).Expect(406);

    [Fact]
    public async Task Answers_from_128_kilobytes_on_are_compressed_for_those_who_take_it()
    {
        var @namespace = await FilledAsync(1);
        (await _api.MergeAsync(Maps(@namespace) + "/m0", "{\"data\":{\"k\":\"" + new string('x', 140_000) + "\"}}")).Expect(200);
        async Task<HttpResponseMessage> GetAsync(string path, string? encoding, string? accept = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (encoding is not null)
                request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
            if (accept is not null)
                request.Headers.TryAddWithoutValidation("Accept", accept);
            return await _api.Http.SendAsync(request, Cancellation);
        }

        // Others write meanwhile, and lists say at which version they are.
        var version = (await _api.GetAsync(Maps(@namespace))).String("metadata/resourceVersion");
        foreach (var path in new[] { Maps(@namespace) + "/m0", $"{Maps(@namespace)}?resourceVersion={version}&resourceVersionMatch=Exact" })
        {
            foreach (var accept in new[] { "application/json", "application/yaml", "application/vnd.kubernetes.protobuf" })
            {
                using var plain = await GetAsync(path, null, accept);
                using var packed = await GetAsync(path, "gzip", accept);
                await using var unpacked = new GZipStream(await packed.Content.ReadAsStreamAsync(Cancellation), CompressionMode.Decompress);
                using var whole = new MemoryStream();
                await unpacked.CopyToAsync(whole, Cancellation);

                Assert.Empty(plain.Content.Headers.ContentEncoding);
                Assert.Equal(["gzip"], packed.Content.Headers.ContentEncoding);
                Assert.Equal(await plain.Content.ReadAsByteArrayAsync(Cancellation), whole.ToArray());
            }
        }

        using var small = await GetAsync("/api/v1/namespaces/default", "gzip");
        Assert.Empty(small.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task Watches_that_go_on_where_another_ended_miss_nothing_and_all_see_one_order()
    {
        var @namespace = await _api.NamespaceAsync();
        var start = (await _api.GetAsync(Maps(@namespace))).String("metadata/resourceVersion");
        for (var i = 0; i < 10; i++)
            (await _api.PostAsync(Maps(@namespace), "{\"metadata\":{\"name\":\"m" + i + "\"}}")).Expect(201);
        (await _api.DeleteAsync(Maps(@namespace) + "/m3")).Expect(200);

        async Task<List<string>> VersionsAsync(string from) =>
            [.. (await _api.GetAsync($"{Maps(@namespace)}?watch=1&timeoutSeconds=1&resourceVersion={from}")).Text
                .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => (string)JsonNode.Parse(l)!["object"]!["metadata"]!["resourceVersion"]!)];

        var whole = await VersionsAsync(start!);
        var parts = await Task.WhenAll(whole.Take(5).Select(VersionsAsync));

        Assert.Equal(11, whole.Count);
        for (var i = 0; i < parts.Length; i++)
            Assert.Equal(whole.Skip(i + 1), parts[i]);
    }

    [Fact]
    public async Task A_watch_with_a_selector_sees_an_object_leave_and_come_back()
    {
        var @namespace = await FilledAsync(1, "\"w\":\"yes\"");
        var start = (await _api.GetAsync(Maps(@namespace))).String("metadata/resourceVersion");
        (await _api.MergeAsync(Maps(@namespace) + "/m0", """{"metadata":{"labels":{"w":"no"}}}""")).Expect(200);
        (await _api.MergeAsync(Maps(@namespace) + "/m0", """{"data":{"unseen":"1"}}""")).Expect(200);
        (await _api.MergeAsync(Maps(@namespace) + "/m0", """{"metadata":{"labels":{"w":"yes"}}}""")).Expect(200);
        (await _api.DeleteAsync(Maps(@namespace) + "/m0")).Expect(200);

        var events = (await _api.GetAsync($"{Maps(@namespace)}?watch=1&timeoutSeconds=1&resourceVersion={start}&labelSelector=w%3Dyes")).Text
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!).ToList();

        Assert.Equal(["DELETED", "ADDED", "DELETED"], events.Select(e => (string?)e["type"]));
        Assert.Equal("1", (string?)events[1]["object"]!["data"]!["unseen"]);
    }

    [Fact]
    public async Task A_head_request_is_answered_like_a_get_without_the_body()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/api/v1/namespaces/default");
        using var response = await _api.Http.SendAsync(request, Cancellation);

        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.MethodNotAllowed);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task Bodies_and_answers_in_YAML_and_protobuf_say_the_same()
    {
        var @namespace = await _api.NamespaceAsync();
        var made = await _api.SendAsync("POST", Maps(@namespace), "metadata:\n  name: why\ndata:\n  k: \"on\"\n", "application/yaml");
        var yaml = await _api.SendAsync("GET", Maps(@namespace) + "/why", headers: ("Accept", "application/yaml"));

        made.Expect(201);
        Assert.Equal("on", made.String("data/k"));
        Assert.True(JsonNode.DeepEquals(made.Json, JsonNode.Parse(YamlConverter.ToJson(Encoding.UTF8.GetBytes(yaml.Text)))), yaml.Text);
    }
}
