using System.Globalization;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Testing.Cluster;
using FsCheck.Fluent;

namespace Coxswain.ApiServer.Tests.Fuzz;

/// <summary>Broken requests over real TLS: every one is answered with a client's code, and the server lives on.</summary>
public sealed class WireFuzzTests : IAsyncLifetime
{
    private readonly FaultLog _faults = new();
    private TestCluster _cluster = null!;
    private RawHttp _raw = null!;
    private Conformance.Api _api = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync(Cancellation, logs: _faults);
        _raw = new(_cluster);
        _api = new(_cluster);
    }

    public async ValueTask DisposeAsync()
    {
        // Whatever was sent, the server still serves.
        (await _api.GetAsync("/api/v1/namespaces/default")).Expect(200);
        _api.Dispose();
        await _raw.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    private static byte[] Request(string method, byte[] target, string headers = "", byte[]? body = null) =>
    [
        .. Encoding.ASCII.GetBytes(method + " "), .. target,
        .. Encoding.UTF8.GetBytes($" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TestCluster.AdminToken}\r\n{headers}"
            + (body is null ? "" : string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n")) + "\r\n"),
        .. body ?? [],
    ];

    /// <summary>What no request may cause: an answer that blames the server, other than where upstream does so too.</summary>
    private async Task<RawHttp.Response?> AnsweredAsync(byte[] request)
    {
        var response = await _raw.SendAsync(request, Cancellation);
        if (response is { Code: >= 500 })
            Assert.True(IsUpstreams(response), $"{response.Code}: {response.Body}\n{_faults.Last}\nto {Encoding.Latin1.GetString(request.AsSpan(0, Math.Min(3000, request.Length)))}");
        return response;
    }

    private static bool IsUpstreams(RawHttp.Response response) =>
        response.Code is 503 or 502 || ParserFuzzTests.UpstreamsOwn.Any(text => response.Body.Contains(text, StringComparison.Ordinal));

    [Fact]
    public async Task Targets_of_all_kinds_are_answered()
    {
        var targets = Mutations.Of(
            "/api/v1/namespaces/default/configmaps/a", "/api/v1/namespaces/default/pods?limit=1&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhXHUwMDAwIn0",
            "/apis/apps/v1/deployments?labelSelector=a%20in%20(b,c)&fieldSelector=metadata.name%3Dx&resourceVersion=0&resourceVersionMatch=NotOlderThan",
            "/api/v1/namespaces/default/pods/p/exec?command=a", "/api/v1/namespaces/default/services/http:s:80/proxy/x/%2e%2e/y", "/apis", "/openapi/v3/apis/apps/v1?hash=1",
            "/openapi/v2?timeout=1s", "/healthz/ping", "/metrics", "/", "/api/v1/nodes/n/proxy/", "http://localhost/api/v1/namespaces", "*", "/.well-known/openid-configuration",
            "/api/v1/namespaces/default/pods/p/log?tailLines=1&sinceTime=x", "/version/", "/api/v1/watch/pods?timeoutSeconds=1&resourceVersion=x");
        foreach (var target in targets.Cases(300))
            foreach (var method in new[] { "GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "BREW" }.OrderBy(_ => Random.Shared.Next()).Take(2))
            {
                // A request target ends at the first space or line end: what follows is another matter (headers).
                var clean = Encoding.UTF8.GetBytes(target).Where(b => b is not ((byte)'\r' or (byte)'\n' or (byte)' ')).ToArray();
                if (Encoding.UTF8.GetString(clean).Contains("watch", StringComparison.Ordinal) && method == "GET")
                    continue;
                if (method == "HEAD")
                    continue;
                await AnsweredAsync(Request(method, clean, method is "GET" or "HEAD" or "OPTIONS" ? "" : "Content-Type: application/json\r\n", method is "GET" or "OPTIONS" ? null : "{}"u8.ToArray()));
            }
    }

    [Fact]
    public async Task Headers_of_all_kinds_are_answered()
    {
        var headers = Mutations.Of(
            "Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "Accept-Encoding: gzip;q=0", "Impersonate-User: a\r\nImpersonate-Group: b",
            "Impersonate-Extra-a%2Fb: c\r\nImpersonate-User: system:serviceaccount:ns:n", "Impersonate-Uid: 1", "User-Agent: kubectl/v1.36.0 (linux/amd64) kubernetes/abc",
            "Content-Type: application/json; charset=utf-8", "If-None-Match: \"x\"", "Audit-Id: abc", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13",
            "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io", "Expect: 100-continue", "Transfer-Encoding: chunked", "Content-Encoding: gzip",
            "Authorization: Basic eDp5", "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.", "X-Remote-User: admin", "Traceparent: 00-x-y-01", "Range: bytes=0-1");
        foreach (var header in headers.Cases(300))
        {
            var lines = header.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n').Where(l => l.Length > 0 && !l.StartsWith("Content-Length", StringComparison.OrdinalIgnoreCase)
                && !l.StartsWith("Transfer-", StringComparison.OrdinalIgnoreCase) && !l.StartsWith("Expect", StringComparison.OrdinalIgnoreCase));
            await AnsweredAsync(Request("GET", Encoding.ASCII.GetBytes(Random.Shared.Next(2) == 0 ? "/api/v1/namespaces/default/configmaps?limit=1" : "/api/v1/namespaces/default/pods/p/exec?command=x"),
                string.Join("\r\n", lines) + "\r\n"));
        }
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/yaml")]
    [InlineData("application/vnd.kubernetes.protobuf")]
    [InlineData("")]
    public async Task Bodies_of_all_kinds_are_answered(string type)
    {
        string[] documents =
        [
            """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":{"a":"b"},"ownerReferences":[{"apiVersion":"v1","kind":"X","name":"y","uid":"z"}]},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"100m"}},"ports":[{"containerPort":80}]}],"volumes":[{"name":"v","emptyDir":{"sizeLimit":"1Gi"}}]}}""",
            """{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"p-","managedFields":[{"manager":"m","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{}}}}]},"spec":{"containers":[]}}""",
        ];
        var samples = documents.Select(json => type switch
        {
            "application/yaml" => Encoding.UTF8.GetBytes(YamlConverter.FromJson(Encoding.UTF8.GetBytes(json))),
            "application/vnd.kubernetes.protobuf" => ProtobufEnvelope.ToBytes(Pod.Codec, Pod.Codec.ReadJson(Encoding.UTF8.GetBytes(json), null)),
            _ => Encoding.UTF8.GetBytes(json),
        }).ToList();
        var targets = new[] { "/api/v1/namespaces/default/pods?dryRun=All", "/api/v1/namespaces/default/pods?dryRun=All&fieldValidation=Strict", "/api/v1/namespaces/default/pods/p/eviction?dryRun=All" };
        foreach (var body in Mutations.Of(samples).Cases(150))
            await AnsweredAsync(Request("POST", Encoding.ASCII.GetBytes(targets[Random.Shared.Next(targets.Length)]), type.Length > 0 ? $"Content-Type: {type}\r\n" : "", body));
    }

    [Fact]
    public async Task Bodies_of_every_kind_of_object_are_answered()
    {
        // Documents of each served kind with strange values in every field: validation meets what no client sends.
        foreach (var descriptor in ResourceTable.All.Where(d => d.HasVerb("create")))
        {
            var path = Encoding.ASCII.GetBytes(
                $"/{(descriptor.Kind.Group.Length == 0 ? "api" : "apis/" + descriptor.Kind.Group)}/{descriptor.Kind.Version}/{(descriptor.Namespaced ? "namespaces/default/" : "")}{descriptor.Plural}?dryRun=All");
            var seed = Random.Shared.Next();
            for (var i = 0; i < Mutations.Runs(15); i++)
                await AnsweredAsync(Request("POST", path, "Content-Type: application/json\r\n", Encoding.UTF8.GetBytes(new FuzzDocument(seed + i).Of(descriptor))));
        }
    }

    [Theory]
    [InlineData("application/json-patch+json", """[{"op":"add","path":"/data/x","value":"y"},{"op":"test","path":"/data/k","value":"v"},{"op":"copy","from":"/data","path":"/binaryData"}]""")]
    [InlineData("application/merge-patch+json", """{"metadata":{"labels":{"a":null},"resourceVersion":"1"},"data":{"k":"w"}}""")]
    [InlineData("application/strategic-merge-patch+json", """{"metadata":{"$retainKeys":["name"],"$deleteFromPrimitiveList/finalizers":["a/b"],"labels":{"$patch":"replace"}},"data":{"$patch":"delete"}}""")]
    [InlineData("application/apply-patch+yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {x: y}\ndata:\n  k: &v w\n  l: *v\n")]
    public async Task Patches_of_all_kinds_are_answered(string type, string patch)
    {
        await _api.PostAsync("/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"a","finalizers":["a/b"],"labels":{"a":"b"}},"data":{"k":"v"}}""");
        var query = type.StartsWith("application/apply", StringComparison.Ordinal) ? "?dryRun=All&fieldManager=m&force=true" : "?dryRun=All";
        foreach (var body in Mutations.Of(Encoding.UTF8.GetBytes(patch)).Cases(150))
            await AnsweredAsync(Request("PATCH", Encoding.ASCII.GetBytes("/api/v1/namespaces/default/configmaps/a" + query), $"Content-Type: {type}\r\n", body));
    }

    [Fact]
    public async Task Options_of_deletions_and_documents_of_subresources_are_answered()
    {
        await _api.PostAsync("/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"a"}}""");
        await _api.PostAsync("/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"default"}}""");
        await _api.PostAsync("/api/v1/namespaces/default/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        await _api.PostAsync("/apis/apps/v1/namespaces/default/deployments",
            """{"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""");
        (string Method, string Target, string Body)[] requests =
        [
            ("DELETE", "/api/v1/namespaces/default/configmaps/a", """{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"propagationPolicy":"Orphan","preconditions":{"uid":"x","resourceVersion":"1"},"dryRun":["All"]}"""),
            ("DELETE", "/api/v1/namespaces/default/configmaps?dryRun=All", """{"dryRun":["All"],"orphanDependents":true}"""),
            ("POST", "/api/v1/namespaces/default/pods/p/binding?dryRun=All", """{"target":{"kind":"Node","name":"n"},"metadata":{"name":"p"}}"""),
            ("POST", "/api/v1/namespaces/default/pods/p/eviction?dryRun=All", """{"metadata":{"name":"p"},"deleteOptions":{"gracePeriodSeconds":1}}"""),
            ("POST", "/api/v1/namespaces/default/serviceaccounts/default/token?dryRun=All", """{"spec":{"audiences":["a"],"expirationSeconds":600,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p"}}}"""),
            ("PUT", "/apis/apps/v1/namespaces/default/deployments/d/scale?dryRun=All", """{"metadata":{"name":"d","namespace":"default"},"spec":{"replicas":3}}"""),
            ("PUT", "/api/v1/namespaces/default/pods/p/status?dryRun=All", """{"metadata":{"name":"p"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}"""),
            ("PUT", "/api/v1/namespaces/default/pods/p/ephemeralcontainers?dryRun=All", """{"metadata":{"name":"p"},"spec":{"ephemeralContainers":[{"name":"e","image":"i","targetContainerName":"c"}]}}"""),
            ("PATCH", "/api/v1/namespaces/default/pods/p/resize?dryRun=All", """{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"1"}}}]}}"""),
            ("PUT", "/api/v1/namespaces/default/finalize?dryRun=All", """{"metadata":{"name":"default"},"spec":{"finalizers":["kubernetes"]}}"""),
            ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", """{"spec":{"token":"abc","audiences":["x"]}}"""),
            ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", """{"spec":{"user":"u","resourceAttributes":{"verb":"get","resource":"pods","fieldSelector":{"requirements":[{"key":"a","operator":"In","values":["b"]}]}}}}"""),
            ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", """{"spec":{"namespace":"default"}}"""),
        ];
        foreach (var (method, target, body) in requests)
            foreach (var mutated in Mutations.Of(Encoding.UTF8.GetBytes(body)).Cases(25))
                await AnsweredAsync(Request(method, Encoding.ASCII.GetBytes(target), method == "PATCH" ? "Content-Type: application/strategic-merge-patch+json\r\n" : "Content-Type: application/json\r\n", mutated));
    }

    [Fact]
    public async Task Frames_of_a_web_socket_watch_that_are_none_end_it()
    {
        foreach (var frames in Mutations.Of([0x81, 0x82, 1, 2, 3, 4, 5, 6], [0x88, 0x80, 0, 0, 0, 0], [0x89, 0x80, 1, 1, 1, 1], [0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0]).Cases(25))
        {
            var response = await _raw.SendAsync(
                [.. Request("GET", "/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1"u8.ToArray(),
                    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), .. frames], Cancellation);
            Assert.Equal(101, response?.Code);
        }
    }
}
