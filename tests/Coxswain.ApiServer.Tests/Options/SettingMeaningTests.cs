using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Testing;
using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.Options;

/// <summary>Each setting does what it says, seen from a client. One small server for each test.</summary>
public sealed class SettingMeaningTests
{
    private const string Alice = "alice-token";
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Task<TestCluster> StartAsync(ApiServerOptions options, TimeProvider? clock = null) =>
        TestCluster.StartAsync(Cancellation, options, clock, tokens: [$"{Alice},alice,alice-uid,developers"]);

    private static async Task<(HttpStatusCode Code, string Text)> GetAsync(HttpClient http, string path)
    {
        using var response = await http.GetAsync(path, Cancellation);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }

    /// <summary>A request whose body begins and never ends.</summary>
    private static async Task<SslStream> EndlessAsync(TestCluster cluster, string token)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, cluster.Server.Port, Cancellation);
        var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, c, _, _) => c is X509Certificate2 peer && cluster.IsOurs(peer));
        await tls.AuthenticateAsClientAsync("localhost");
        await tls.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"), Cancellation);
        return tls;
    }

    [Fact]
    public async Task A_request_that_takes_longer_than_request_timeout_gets_504()
    {
        await using var cluster = await StartAsync(new() { RequestTimeout = TimeSpan.FromMilliseconds(200) });
        await using var endless = await EndlessAsync(cluster, TestCluster.AdminToken);
        using var reader = new StreamReader(endless);
        Assert.Equal("HTTP/1.1 504 Gateway Timeout", await reader.ReadLineAsync(Cancellation));
        while (await reader.ReadLineAsync(Cancellation) is { Length: > 0 })
        {
            // Headers.
        }

        var status = JsonNode.Parse((await reader.ReadLineAsync(Cancellation))!)!;
        Assert.Equal("Timeout: request did not complete within the allotted timeout", (string?)status["message"]);
        Assert.Equal(("Failure", "Timeout", 504), ((string?)status["status"], (string?)status["reason"], (int)status["code"]!));
    }

    [Theory]
    [InlineData("soon", HttpStatusCode.BadRequest)]
    [InlineData("30s", HttpStatusCode.OK)]
    public async Task A_client_may_ask_for_less_time(string timeout, HttpStatusCode expected)
    {
        await using var cluster = await StartAsync(new());
        using var http = cluster.Http();
        var (code, text) = await GetAsync(http, "/api/v1/namespaces?timeout=" + timeout);
        Assert.Equal(expected, code);
        if (expected == HttpStatusCode.BadRequest)
            Assert.Contains("invalid timeout specified in the request URL", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_changes_at_once_than_max_mutating_requests_inflight_get_429_and_administrators_do_not()
    {
        await using var cluster = await StartAsync(new() { MaxMutatingRequestsInflight = 1, AuthorizationMode = ["AlwaysAllow"] });
        await using var held = await EndlessAsync(cluster, Alice);
        using (var another = cluster.Http(Alice))
        {
            HttpResponseMessage? refused = null;
            await Eventually.TrueAsync(async () =>
            {
                refused?.Dispose();
                refused = await another.PostAsync("/api/v1/namespaces/default/configmaps?dryRun=All", Map(), Cancellation);
                return refused.StatusCode == HttpStatusCode.TooManyRequests;
            }, cancellation: Cancellation);
            Assert.Equal("1", refused!.Headers.GetValues("Retry-After").Single());
            Assert.Equal("Too many requests, please try again later.\n", await refused.Content.ReadAsStringAsync(Cancellation));
            refused.Dispose();
            // Reading is counted apart.
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(another, "/api/v1/namespaces")).Code);
        }

        using (var admin = cluster.Http())
        using (var created = await admin.PostAsync("/api/v1/namespaces/default/configmaps?dryRun=All", Map(), Cancellation))
            Assert.Equal(HttpStatusCode.Created, created.StatusCode);

        static StringContent Map() => new("""{"metadata":{"name":"a"}}""", Encoding.UTF8, "application/json");
    }

    [Fact]
    public async Task Without_anonymous_auth_nobody_gets_401()
    {
        await using var cluster = await StartAsync(new() { AnonymousAuth = false });
        using var nobody = cluster.Http(token: null);
        var (code, text) = await GetAsync(nobody, "/version");
        Assert.Equal(HttpStatusCode.Unauthorized, code);
        Assert.Equal("Unauthorized", (string?)JsonNode.Parse(text)!["message"]);
        using var alice = cluster.Http(Alice);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(alice, "/version")).Code);
    }

    [Fact]
    public async Task With_AlwaysAllow_nobody_gets_401_whatever_anonymous_auth_says()
    {
        await using var cluster = await StartAsync(new() { AuthorizationMode = ["AlwaysAllow"], AnonymousAuth = true });
        using var nobody = cluster.Http(token: null);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(nobody, "/api/v1/secrets")).Code);
        using var alice = cluster.Http(Alice);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(alice, "/api/v1/secrets")).Code);
    }

    [Theory]
    [InlineData("Everything is forbidden.", "AlwaysDeny")]
    [InlineData("Everything is forbidden.", "RBAC", "AlwaysDeny")]
    [InlineData(null, "AlwaysDeny", "AlwaysAllow")]
    [InlineData("User \"alice\" cannot list resource \"secrets\"", "Node", "RBAC")]
    public async Task Authorizers_are_asked_in_order(string? refusal, params string[] modes)
    {
        await using var cluster = await StartAsync(new() { AuthorizationMode = modes });
        using var alice = cluster.Http(Alice);
        var (code, text) = await GetAsync(alice, "/api/v1/secrets");
        Assert.Equal(refusal is null ? HttpStatusCode.OK : HttpStatusCode.Forbidden, code);
        if (refusal is not null)
            Assert.Contains(refusal, (string?)JsonNode.Parse(text)!["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_go_when_nobody_has_changed_them_for_event_ttl()
    {
        await using var cluster = await StartAsync(new() { EventTtl = TimeSpan.FromSeconds(2) });
        await cluster.Admin.CreateAsync(NewEvent("old"), Cancellation);
        await Eventually.TrueAsync(async () => await cluster.Admin.FindAsync<Event>(new("default", "old"), Cancellation) is null, cancellation: Cancellation);
        await cluster.Admin.CreateAsync(NewEvent("new"), Cancellation);
        Assert.NotNull(await cluster.Admin.FindAsync<Event>(new("default", "new"), Cancellation));

        static Event NewEvent(string name) => new()
        {
            Metadata = new() { Name = name, Namespace = "default" },
            InvolvedObject = new() { Kind = "Namespace", Name = "default", Namespace = "default" },
            Reason = "Tried",
        };
    }

    public static TheoryData<string> GroupVersions() => [.. ResourceTable.All.Select(d => d.Kind.ApiVersion).Distinct()];

    [Theory]
    [MemberData(nameof(GroupVersions))]
    public async Task A_version_that_is_off_is_in_no_discovery_document_and_its_paths_are_404(string apiVersion)
    {
        var key = apiVersion == "v1" ? "api/v1" : apiVersion;
        var root = apiVersion == "v1" ? "/api/v1" : $"/apis/{apiVersion}";
        await using var cluster = await StartAsync(new() { RuntimeConfig = new Dictionary<string, string> { [key] = "false" } });
        using var http = cluster.Http();
        var resource = ResourceTable.All.First(d => d.Kind.ApiVersion == apiVersion);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(http, root)).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(http, $"{root}/{resource.Plural}")).Code);
        if (apiVersion != "v1")
        {
            Assert.DoesNotContain($"\"groupVersion\":\"{apiVersion}\"", (await GetAsync(http, "/apis")).Text, StringComparison.Ordinal);
            Assert.DoesNotContain($"\"/apis/{apiVersion}\"", (await GetAsync(http, "/")).Text, StringComparison.Ordinal);
        }

        var openApi = (await GetAsync(http, "/openapi/v3")).Text;
        Assert.DoesNotContain($"\"{root.TrimStart('/')}\"", openApi, StringComparison.Ordinal);
        Assert.DoesNotContain($"\"{root}/{resource.Plural}\"", (await GetAsync(http, "/openapi/v2")).Text, StringComparison.Ordinal);
        // The rest is there, and the server is ready without it.
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, apiVersion == "v1" ? "/apis/apps/v1" : "/api/v1")).Code);
        Assert.Equal((HttpStatusCode.OK, "ok"), await GetAsync(http, "/readyz"));
    }

    [Fact]
    public async Task The_more_exact_key_of_runtime_config_wins()
    {
        await using var cluster = await StartAsync(new() { RuntimeConfig = new Dictionary<string, string> { ["api/all"] = "false", ["api/v1"] = "true", ["apps/v1"] = "true", ["api/beta"] = "true" } });
        using var http = cluster.Http();
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, "/api/v1/pods")).Code);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, "/apis/apps/v1/deployments")).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(http, "/apis/batch/v1/jobs")).Code);
        Assert.Equal(["apps"], JsonNode.Parse((await GetAsync(http, "/apis")).Text)!["groups"]!.AsArray().Select(g => (string?)g!["name"]));
    }

    [Fact]
    public async Task Profiling_serves_pages_to_those_who_may_and_nothing_when_it_is_off()
    {
        await using (var cluster = await StartAsync(new()))
        {
            using var http = cluster.Http();
            Assert.Contains("heap", (await GetAsync(http, "/debug/pprof/")).Text, StringComparison.Ordinal);
            Assert.Contains("# HeapAlloc = ", (await GetAsync(http, "/debug/pprof/heap?debug=1")).Text, StringComparison.Ordinal);
            Assert.Contains("# PoolThreads = ", (await GetAsync(http, "/debug/pprof/goroutine?debug=2")).Text, StringComparison.Ordinal);
            Assert.StartsWith("threadcreate profile: total ", (await GetAsync(http, "/debug/pprof/threadcreate")).Text, StringComparison.Ordinal);
            Assert.NotEqual("", (await GetAsync(http, "/debug/pprof/cmdline")).Text);
            Assert.Equal(HttpStatusCode.MovedPermanently, (await GetAsync(http, "/debug/pprof")).Code);
            Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(http, "/debug/pprof/profile")).Code);
            using var alice = cluster.Http(Alice);
            Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(alice, "/debug/pprof/heap")).Code);
        }

        await using var off = await StartAsync(new() { Profiling = false });
        using var none = off.Http();
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(none, "/debug/pprof/")).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(none, "/debug/pprof/heap")).Code);
    }

    private static Task<TokenRequest> TokenAsync(TestCluster cluster, long seconds) =>
        cluster.Admin.CreateSubresourceAsync<ServiceAccount, TokenRequest, TokenRequest>(
            new("default", "robot"), "token", new() { Spec = new() { ExpirationSeconds = seconds } }, Cancellation);

    [Theory]
    [InlineData(true, HttpStatusCode.Unauthorized)]
    [InlineData(false, HttpStatusCode.OK)]
    public async Task A_token_of_an_account_that_is_gone_is_refused_unless_lookup_is_off(bool lookup, HttpStatusCode expected)
    {
        await using var cluster = await StartAsync(new() { ServiceAccountLookup = lookup });
        await cluster.Admin.CreateAsync(new ServiceAccount { Metadata = new() { Name = "robot", Namespace = "default" } }, Cancellation);
        using var http = cluster.Http((await TokenAsync(cluster, 3600)).Status.Token);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, "/version")).Code);
        await cluster.Admin.DeleteAsync<ServiceAccount>(new("default", "robot"), null, Cancellation);
        Assert.Equal(expected, (await GetAsync(http, "/version")).Code);
    }

    [Fact]
    public async Task Tokens_name_the_issuer_and_the_audiences_and_live_no_longer_than_the_limit()
    {
        await using var cluster = await StartAsync(new()
        {
            ServiceAccountIssuer = "https://issuer.example",
            ApiAudiences = ["here", "there"],
            ServiceAccountMaxTokenExpiration = TimeSpan.FromHours(2),
        });
        await cluster.Admin.CreateAsync(new ServiceAccount { Metadata = new() { Name = "robot", Namespace = "default" } }, Cancellation);
        var token = await TokenAsync(cluster, 100_000);
        var claims = JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Status.Token.Split('.')[1]))!;
        Assert.Equal("https://issuer.example", (string?)claims["iss"]);
        Assert.Equal(["here", "there"], claims["aud"]!.AsArray().Select(a => (string?)a));
        Assert.Equal(7200, (long)claims["exp"]! - (long)claims["iat"]!);
        using var http = cluster.Http();
        Assert.Equal("https://issuer.example", (string?)JsonNode.Parse((await GetAsync(http, "/.well-known/openid-configuration")).Text)!["issuer"]);
    }
}
