using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Aggregation;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Tests.Conformance;
using Coxswain.Client;
using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.Aggregation;

/// <summary>An API server of somebody else behind ours, as kubectl and controllers see it.</summary>
public sealed class AggregationTests : IAsyncLifetime
{
    private const string Version = "/apis/garden.example.com/v1";
    private const string Flowers = Version + "/namespaces/default/flowers";
    private TestCluster _cluster = null!;
    private Conformance.Api _api = null!;
    private ExtensionServer _extension = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync(Cancellation, tokens: ["alice-token,alice,alice-uid,\"developers,gardeners\"", "bob-token,bob,bob-uid"]);
        _api = new(_cluster);
        _extension = await StartExtensionAsync();
        (await _api.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"garden"}}""")).Expect(201);
        (await _api.PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterroles", """{"metadata":{"name":"gardener"},"rules":[{"apiGroups":["garden.example.com"],"resources":["flowers"],"verbs":["*"]}]}""")).Expect(201);
        (await _api.PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """{"metadata":{"name":"gardener"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"gardener"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"gardeners"}]}""")).Expect(201);
    }

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        await _cluster.DisposeAsync();
        await _extension.DisposeAsync();
    }

    /// <summary>It learns from the cluster whom to believe, as extension servers do.</summary>
    private async Task<ExtensionServer> StartExtensionAsync()
    {
        var trusted = (await _api.GetAsync("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")).Expect(200);
        Assert.Equal("[\"front-proxy-client\"]", trusted.String("data/requestheader-allowed-names"));
        return await ExtensionServer.StartAsync(X509Certificate2.CreateFromPem(trusted.String("data/requestheader-client-ca-file")), "flowers.garden.svc", Cancellation);
    }

    private async Task RegisterAsync(string? caBundle = null, int groupPriority = 1000)
    {
        (await _api.PostAsync("/api/v1/namespaces/garden/services", """{"metadata":{"name":"flowers"},"spec":{"ports":[{"name":"https","port":443,"targetPort":8443}]}}""")).Expect(201);
        await EndpointsAsync(_extension.Port);
        (await _api.PostAsync("/apis/apiregistration.k8s.io/v1/apiservices", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "v1.garden.example.com" },
            ["spec"] = new JsonObject
            {
                ["group"] = "garden.example.com", ["version"] = "v1", ["groupPriorityMinimum"] = groupPriority, ["versionPriority"] = 15,
                ["service"] = new JsonObject { ["namespace"] = "garden", ["name"] = "flowers" }, ["caBundle"] = caBundle ?? _extension.CaBundle,
            },
        }.ToJsonString())).Expect(201);
    }

    /// <summary>Loopback addresses are not for endpoints, so this is put where the API would not let it.</summary>
    private async Task EndpointsAsync(int? port)
    {
        const string Key = "/registry/endpointslices/garden/flowers-1";
        var now = await _cluster.Store.GetAsync(Key, Cancellation);
        var slice = port is null ? null : Encoding.UTF8.GetBytes(
            "{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\",\"metadata\":{\"name\":\"flowers-1\",\"namespace\":\"garden\",\"uid\":\"u\",\"labels\":{\"kubernetes.io/service-name\":\"flowers\"}},"
            + "\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"127.0.0.1\"],\"conditions\":{\"ready\":true}}],\"ports\":[{\"name\":\"https\",\"protocol\":\"TCP\",\"port\":" + port + "}]}");
        Assert.True((await _cluster.Store.WriteAsync(new(Key, now?.ModRevision ?? 0, slice), Cancellation)).Committed);
    }

    private Task<Answer> ConditionAsync(string reason) => _api.UntilAsync(
        () => _api.GetAsync("/apis/apiregistration.k8s.io/v1/apiservices/v1.garden.example.com"), a => a.String("status/conditions/0/reason") == reason);

    [Fact]
    public async Task Requests_go_to_the_other_server_which_is_told_who_asks()
    {
        await RegisterAsync();
        var passed = await ConditionAsync("Passed");
        Assert.Equal(("Available", "True", "all checks passed"), (passed.String("status/conditions/0/type"), passed.String("status/conditions/0/status"), passed.String("status/conditions/0/message")));

        // 1. Create, get, list, delete, errors.
        using var alice = new Conformance.Api(_cluster, "alice-token");
        var rose = (await alice.PostAsync(Flowers, """{"kind":"Flower","apiVersion":"garden.example.com/v1","metadata":{"name":"rose"}}""")).Expect(201);
        Assert.Equal("rose", (await alice.GetAsync(Flowers + "/rose")).Expect(200).String("metadata/name"));
        Assert.Equal("flowers.garden.example.com \"tulip\" not found", (await alice.GetAsync(Flowers + "/tulip")).Expect(404).Message);
        Assert.Single((await alice.GetAsync(Flowers + "?limit=5&labelSelector=a%3Db"))["items"]!.AsArray());

        // 2. The other server was told who asks, and nothing that the client said of that itself.
        var spoof = await alice.SendAsync("GET", Flowers, null, "application/json", ("X-Remote-User", "root"), ("X-Remote-Group", "system:masters"), ("X-Remote-Extra-Scopes", "all"), ("Impersonate-Nothing", "x"));
        spoof.Expect(200);
        var (method, path, headers) = _extension.Requests.Last(r => r.Path.StartsWith(Flowers, StringComparison.Ordinal));
        Assert.Equal(("GET", Flowers), (method, path));
        Assert.Equal(("alice", "alice-uid", "developers|gardeners|system:authenticated"), (headers["X-Remote-User"], headers["X-Remote-Uid"], headers["X-Remote-Group"]));
        Assert.DoesNotContain("X-Remote-Extra-Scopes", headers.Keys, StringComparer.OrdinalIgnoreCase);
        Assert.DoesNotContain("Authorization", headers.Keys, StringComparer.OrdinalIgnoreCase);
        Assert.Contains(_extension.Requests, r => r.Path == Flowers + "?limit=5&labelSelector=a%3Db");

        // 3. He who may not is refused here.
        using var bob = new Conformance.Api(_cluster, "bob-token");
        Assert.Equal("flowers.garden.example.com is forbidden: User \"bob\" cannot list resource \"flowers\" in API group \"garden.example.com\" in the namespace \"default\"",
            (await bob.GetAsync(Flowers)).Expect(403).Message);
        (await alice.DeleteAsync(Flowers + "/rose")).Expect(200);
        Assert.Empty(_extension.Flowers);
        Assert.NotNull(rose.String("metadata/uid"));
    }

    [Fact]
    public async Task A_watch_streams_and_ends_with_its_client()
    {
        await RegisterAsync();
        await ConditionAsync("Passed");
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        using var response = await _api.Http.SendAsync(new(HttpMethod.Get, Flowers + "?watch=true"), HttpCompletionOption.ResponseHeadersRead, ended.Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));

        (await _api.PostAsync(Flowers, """{"metadata":{"name":"lily"}}""")).Expect(201);
        Assert.Equal("lily", (string?)JsonNode.Parse((await reader.ReadLineAsync(Cancellation))!)!["object"]!["metadata"]!["name"]);
        (await _api.DeleteAsync(Flowers + "/lily")).Expect(200);
        Assert.Equal("DELETED", (string?)JsonNode.Parse((await reader.ReadLineAsync(Cancellation))!)!["type"]);

        response.Dispose();
        await Coxswain.Testing.Eventually.TrueAsync(() => _extension.Watchers == 0, () => $"{_extension.Watchers} watchers", Cancellation);
    }

    [Fact]
    public async Task A_connection_is_upgraded_through_both_servers()
    {
        await RegisterAsync();
        await ConditionAsync("Passed");
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _cluster.Server.Port, Cancellation);
        await using var tls = new SslStream(client.GetStream(), false, (_, c, _, _) => c is X509Certificate2 peer && _cluster.IsOurs(peer));
        await tls.AuthenticateAsClientAsync("localhost");
        await tls.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {Flowers}/rose/exec HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TestCluster.AdminToken}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"), Cancellation);
        var buffer = new byte[4096];
        var head = Encoding.ASCII.GetString(buffer, 0, await tls.ReadAsync(buffer, Cancellation));
        Assert.StartsWith("HTTP/1.1 101", head, StringComparison.Ordinal);

        await tls.WriteAsync("hello, flower"u8.ToArray(), Cancellation);
        Assert.Equal("hello, flower", Encoding.ASCII.GetString(buffer, 0, await tls.ReadAsync(buffer, Cancellation)));
    }

    [Fact]
    public async Task Discovery_has_the_groups_of_others_in_their_place()
    {
        await RegisterAsync(groupPriority: 17850);
        await ConditionAsync("Passed");

        var groups = (await _api.GetAsync("/apis")).Expect(200)["groups"]!.AsArray().Select(g => (string)g!["name"]!).ToList();
        Assert.Equal(groups.IndexOf("apps") - 1, groups.IndexOf("garden.example.com"));
        Assert.Equal("garden.example.com/v1", (await _api.GetAsync("/apis/garden.example.com")).Expect(200).String("preferredVersion/groupVersion"));
        Assert.Equal("flowers", (await _api.GetAsync(Version)).Expect(200).String("resources/0/name"));
        var aggregated = await AggregatedAsync();
        Assert.Equal("Current", (string?)aggregated["versions"]![0]!["freshness"]);
        Assert.Equal("flowers", (string?)aggregated["versions"]![0]!["resources"]![0]!["resource"]);
        Assert.Equal("Flower", (string?)aggregated["versions"]![0]!["resources"]![0]!["responseKind"]!["kind"]);
        Assert.Equal("scent", (string?)aggregated["versions"]![0]!["resources"]![0]!["subresources"]![0]!["subresource"]);
        Assert.Contains("/apis/garden.example.com/v1", (await _api.GetAsync("/")).Text, StringComparison.Ordinal);

        // OpenAPI v3: the other server's document, in the index and by itself.
        var index = (await _api.GetAsync("/openapi/v3")).Expect(200);
        Assert.Equal("/openapi/v3/apis/garden.example.com/v1?hash=ABC", (string?)index["paths"]!["apis/garden.example.com/v1"]!["serverRelativeURL"]);
        Assert.NotNull(index["paths"]!["apis/apps/v1"]);
        Assert.Equal("flowers", (await _api.GetAsync("/openapi/v3/apis/garden.example.com/v1?hash=ABC")).Expect(200).String("info/title"));

        // What is not known fresh is said to be stale, with what was known last.
        _extension.IsIll = true;
        await ConditionAsync("FailedDiscoveryCheck");
        aggregated = await AggregatedAsync();
        Assert.Equal("Stale", (string?)aggregated["versions"]![0]!["freshness"]);
        Assert.Equal("flowers", (string?)aggregated["versions"]![0]!["resources"]![0]!["resource"]);

        (await _api.DeleteAsync("/apis/apiregistration.k8s.io/v1/apiservices/v1.garden.example.com")).Expect(200);
        await _api.UntilAsync(() => _api.GetAsync("/apis"), a => !a.Text.Contains("garden.example.com", StringComparison.Ordinal));
        Assert.Equal("404 page not found\n", (await _api.GetAsync(Flowers)).Expect(404).Text);
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_unavailable_for_its_reason_and_recovers()
    {
        (await _api.PostAsync("/apis/apiregistration.k8s.io/v1/apiservices", """{"metadata":{"name":"v1.garden.example.com"},"spec":{"group":"garden.example.com","version":"v1","groupPriorityMinimum":1000,"versionPriority":15,"caBundle":"CA","service":{"namespace":"garden","name":"flowers"}}}""".Replace("\"CA\"", "\"" + _extension.CaBundle + "\"", StringComparison.Ordinal))).Expect(201);
        var refused = await _api.UntilAsync(() => _api.GetAsync(Flowers), a => a.Code == 503);
        Assert.Equal("service unavailable\n", refused.Text);
        Assert.Equal("service/flowers in \"garden\" is not present", (await ConditionAsync("ServiceNotFound")).String("status/conditions/0/message"));
        (await _api.PostAsync("/api/v1/namespaces/garden/services", """{"metadata":{"name":"flowers"},"spec":{"ports":[{"name":"https","port":443,"targetPort":8443}]}}""")).Expect(201);
        await ConditionAsync("EndpointsNotFound");
        await EndpointsAsync(_extension.Port);
        await ConditionAsync("Passed");
        (await _api.GetAsync(Flowers)).Expect(200);

        // It answers, but wrongly.
        _extension.IsIll = true;
        Assert.Equal($"failing or missing response from https://127.0.0.1:{_extension.Port}{Version}: bad status from https://127.0.0.1:{_extension.Port}{Version}: 500",
            (await ConditionAsync("FailedDiscoveryCheck")).String("status/conditions/0/message"));
        Assert.Equal("service unavailable\n", (await _api.GetAsync(Flowers)).Expect(503).Text);
        _extension.IsIll = false;
        await ConditionAsync("Passed");

        // It is gone; whoever asks before that is noticed is told so, too.
        await _extension.DisposeAsync();
        var gone = (await _api.GetAsync(Flowers)).Expect(503);
        Assert.True(gone.Text is "service unavailable\n" || gone.Text.StartsWith("error trying to reach service: ", StringComparison.Ordinal), gone.Text);
        await ConditionAsync("FailedDiscoveryCheck");
        _extension = await StartExtensionAsync();
        await EndpointsAsync(_extension.Port);
        (await _api.MergeAsync("/apis/apiregistration.k8s.io/v1/apiservices/v1.garden.example.com", "{\"spec\":{\"caBundle\":\"" + _extension.CaBundle + "\"}}")).Expect(200);
        await ConditionAsync("Passed");
        (await _api.GetAsync(Flowers)).Expect(200);
    }

    [Fact]
    public async Task A_server_with_another_certificate_is_not_believed_unless_that_is_wished()
    {
        await using var other = await StartExtensionAsync();
        await RegisterAsync(other.CaBundle);
        Assert.Contains("x509", (await ConditionAsync("FailedDiscoveryCheck")).String("status/conditions/0/message"), StringComparison.Ordinal);
        (await _api.GetAsync(Flowers)).Expect(503);

        (await _api.MergeAsync("/apis/apiregistration.k8s.io/v1/apiservices/v1.garden.example.com", """{"spec":{"caBundle":null,"insecureSkipTLSVerify":true}}""")).Expect(200);
        await ConditionAsync("Passed");
        (await _api.GetAsync(Flowers)).Expect(200);
    }

    [Fact]
    public async Task Clients_within_this_process_reach_the_other_server_and_know_when_they_do_not()
    {
        await RegisterAsync();
        await ConditionAsync("Passed");
        var resource = new GroupVersionResource("garden.example.com", "v1", "flowers");
        (await _api.PostAsync(Flowers, """{"kind":"Flower","apiVersion":"garden.example.com/v1","metadata":{"name":"rose"}}""")).Expect(201);

        var served = await _cluster.Admin.ServerResourcesAsync(Cancellation);
        Assert.Contains(served, r => r.Resource == resource && r.Namespaced && r.Kind == "Flower");
        Assert.IsNotType<PartialDiscovery>(served);
        Assert.Equal("rose", Assert.Single((await _cluster.Admin.ListPartialAsync(resource, new() { Namespace = "default" }, Cancellation)).Items).Metadata.Name);
        Assert.NotNull(await _cluster.Admin.FindPartialAsync(resource, new("default", "rose"), Cancellation));
        Assert.Null(await _cluster.Admin.FindPartialAsync(resource, new("default", "tulip"), Cancellation));
        var bob = _cluster.ClientFor(Users.Component("bob"));
        Assert.Equal(403, (await Assert.ThrowsAsync<ApiException>(() => bob.ListPartialAsync(resource, new() { Namespace = "default" }, Cancellation))).Code);
        await _cluster.Admin.DeleteCollectionPartialAsync(resource, new() { Namespace = "default" }, null, Cancellation);
        Assert.Empty(_extension.Flowers);

        _extension.IsIll = true;
        await ConditionAsync("FailedDiscoveryCheck");
        var partial = Assert.IsType<PartialDiscovery>(await _cluster.Admin.ServerResourcesAsync(Cancellation));
        Assert.Equal("unable to retrieve the complete list of server APIs: garden.example.com/v1: the server is currently unable to handle the request", partial.Message);
        Assert.Equal(503, (await Assert.ThrowsAsync<ApiException>(() => _cluster.Admin.ListPartialAsync(resource, new() { Namespace = "default" }, Cancellation))).Code);
    }

    [Fact]
    public async Task A_proxy_with_the_right_certificate_names_users_and_nobody_else_does()
    {
        using var proxy = _cluster.Pki.FrontProxyClient();
        using var admin = _cluster.Pki.Admin();
        using var stranger = _cluster.Pki.FrontProxyAuthority.Issue(new("somebody") { ClientAuthentication = true });
        const string Review = """{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}""";

        async Task<(int, string?, string?, string?)> WhoAsync(X509Certificate2? certificate, string? user)
        {
            using var handler = new SocketsHttpHandler { UseProxy = false, RequestHeaderEncodingSelector = HeaderLines.For };
            handler.SslOptions.RemoteCertificateValidationCallback = (_, c, _, _) => c is X509Certificate2 peer && _cluster.IsOurs(peer);
            if (certificate is not null)
                handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true);
            using var http = new HttpClient(handler, disposeHandler: false);
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_cluster.Address, "/apis/authentication.k8s.io/v1/selfsubjectreviews"))
            {
                Content = new StringContent(Review, Encoding.UTF8, "application/json"),
            };
            if (user is not null)
            {
                request.Headers.Add("X-Remote-User", user);
                request.Headers.TryAddWithoutValidation("X-Remote-Group", HeaderLines.Join("X-Remote-Group", ["gardeners", "system:masters"]));
                request.Headers.Add("X-Remote-Uid", "42");
                request.Headers.Add("X-Remote-Extra-Example.com%2fscopes", "all");
            }

            using var response = await http.SendAsync(request, Cancellation);
            var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!;
            var who = body["status"] as JsonObject is { } status ? status["userInfo"] : null;
            return ((int)response.StatusCode, (string?)who?["username"], who?["groups"]?.ToJsonString(), who?["extra"]?.ToJsonString());
        }

        Assert.Equal((201, "carol", """["gardeners","system:masters","system:authenticated"]""", """{"example.com/scopes":["all"]}"""), await WhoAsync(proxy, "carol"));
        Assert.Equal(401, (await WhoAsync(proxy, null)).Item1);
        Assert.Equal(401, (await WhoAsync(stranger, "carol")).Item1);
        Assert.Equal("kubernetes-admin", (await WhoAsync(admin, "carol")).Item2);
        Assert.NotEqual("carol", (await WhoAsync(null, "carol")).Item2);
    }

    [Theory]
    [InlineData("scopes", "scopes")]
    [InlineData("example.com/some key", "example.com%2Fsome%20key")]
    [InlineData("ä%", "%C3%A4%25")]
    public void Keys_of_extra_values_stand_in_header_names_and_come_back(string key, string header)
    {
        Assert.Equal(header, RemoteUser.Escape(key));
        Assert.Equal(key, RemoteUser.Unescape(header));
        Assert.Equal(
            ["X-Remote-User: u", "X-Remote-Group: a", "X-Remote-Group: b", $"X-Remote-Extra-{header}: v"],
            RemoteUser.Headers(new UserInfo { Username = "u", Groups = ["a", "b"], Extra = new Dictionary<string, ApiList<string>> { [key] = ["v"] }.ToApiMap() }).Select(h => $"{h.Name}: {h.Value}"));
    }

    [Fact]
    public void A_value_that_would_be_a_header_of_its_own_is_refused()
    {
        foreach (var bad in (string[])["a\r\nX-Remote-User: root", "a\nb", "a\0b", "a\uE000system:masters", "a\x7f"])
            Assert.Throws<HttpRequestException>(() => RemoteUser.Joined(new UserInfo { Username = "u", Groups = [bad] }).ToList());
    }

    private async Task<JsonNode> AggregatedAsync()
    {
        var all = await _api.SendAsync("GET", "/apis", null, "application/json", ("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"));
        return all.Expect(200)["items"]!.AsArray().Single(g => (string?)g!["metadata"]!["name"] == "garden.example.com")!;
    }
}
