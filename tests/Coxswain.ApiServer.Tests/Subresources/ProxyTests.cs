using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Coxswain.ApiServer.Tests.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Coxswain.ApiServer.Tests.Subresources;

/// <summary>Requests for pods and services are passed on as they are, by every method, and answers come back as they are.</summary>
public sealed class ProxyTests(ClusterFixture fixture) : IAsyncLifetime
{
    private readonly string _name = "proxied-" + Guid.NewGuid().ToString("N")[..8];
    private WebApplication _server = null!;
    private Conformance.Api _api = null!;
    private int _port;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _api = new(fixture.Cluster);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRouting();
        _server = builder.Build();
        _server.Run(AnswerAsync);
        await _server.StartAsync(Cancellation);
        _port = new Uri(_server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

        // Addresses of this machine's own are not for pods, so these are put where the API would not let them.
        (await _api.PostAsync("/api/v1/namespaces/default/services", "{\"metadata\":{\"name\":\"" + _name + "\"},\"spec\":{\"ports\":[{\"name\":\"web\",\"port\":80}]}}")).Expect(201);
        await PutAsync($"/registry/pods/default/{_name}", "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" + _name + "\",\"namespace\":\"default\",\"uid\":\"u\"},"
            + "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"ports\":[{\"containerPort\":" + _port + "}]}]},\"status\":{\"phase\":\"Running\",\"podIP\":\"127.0.0.1\"}}");
        await PutAsync($"/registry/endpointslices/default/{_name}", "{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\",\"metadata\":{\"name\":\"" + _name
            + "\",\"namespace\":\"default\",\"uid\":\"u\",\"labels\":{\"kubernetes.io/service-name\":\"" + _name + "\"}},\"addressType\":\"IPv4\","
            + "\"endpoints\":[{\"addresses\":[\"127.0.0.1\"],\"conditions\":{\"ready\":true}}],\"ports\":[{\"name\":\"web\",\"protocol\":\"TCP\",\"port\":" + _port + "}]}");
        await KnownAsync();
    }

    /// <summary>Endpoints are found by what is in memory.</summary>
    private Task<Conformance.Answer> KnownAsync() =>
        _api.UntilAsync(() => _api.GetAsync($"/api/v1/namespaces/default/services/{_name}/proxy/known"), answer => answer.Code == 200);

    public async ValueTask DisposeAsync()
    {
        foreach (var key in (string[])["pods", "endpointslices"])
            await PutAsync($"/registry/{key}/default/{_name}", null);
        _api.Dispose();
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await _server.StopAsync(now.Token);
        await _server.DisposeAsync();
    }

    public static TheoryData<string, string> Ways()
    {
        var ways = new TheoryData<string, string>();
        foreach (var kind in (string[])["pods", "services"])
            foreach (var method in (string[])["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
                ways.Add(kind, method);
        return ways;
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Every_method_is_passed_on_with_path_query_and_body(string kind, string method)
    {
        var body = method is "PATCH" or "POST" or "PUT" ? "{\"a\":1}" : null;
        var answer = await _api.SendAsync(method, $"/api/v1/namespaces/default/{kind}/{_name}/proxy/some/path/with/{method}?x=1&y=a%20b", body);

        Assert.Equal(200, answer.Code);
        if (method == "HEAD")
            return;
        Assert.Equal((method, $"/some/path/with/{method}", "?x=1&y=a%20b", body ?? ""),
            (answer.String("method"), answer.String("path"), answer.String("query"), answer.String("body")));
        Assert.Equal("", answer.String("authorization"));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_proxy_without_a_path_leads_to_the_one_with_a_slash(string kind, string method)
    {
        using var request = new HttpRequestMessage(new(method), $"/api/v1/namespaces/default/{kind}/{_name}/proxy?method={method}");
        using var response = await _api.Http.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.MovedPermanently, response.StatusCode);
        Assert.Equal($"/api/v1/namespaces/default/{kind}/{_name}/proxy/?method={method}", response.Headers.Location!.ToString());
    }

    [Theory]
    [InlineData("pods", "")]
    [InlineData("services", "")]
    [InlineData("services", "web")]
    [InlineData("services", "80")]
    public async Task A_redirect_within_what_is_proxied_stays_below_the_proxy_and_states_come_back(string kind, string port)
    {
        var root = $"/api/v1/namespaces/default/{kind}/{_name}{(port.Length > 0 ? ":" + port : "")}/proxy";
        using var request = new HttpRequestMessage(HttpMethod.Get, root + "/redirect");
        using var response = await _api.Http.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
        Assert.Equal($"{root}/elsewhere?z=1", response.Headers.Location!.ToString());
        Assert.Equal(418, (await _api.GetAsync(root + "/teapot")).Code);
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/redirect":
                context.Response.StatusCode = 302;
                context.Response.Headers.Location = "/elsewhere?z=1";
                break;
            case "/teapot":
                context.Response.StatusCode = 418;
                break;
            default:
                using (var reader = new StreamReader(context.Request.Body))
                    await context.Response.WriteAsync(new JsonObject
                    {
                        ["method"] = context.Request.Method,
                        ["path"] = context.Request.Path.Value,
                        ["query"] = context.Request.QueryString.Value,
                        ["body"] = await reader.ReadToEndAsync(),
                        ["authorization"] = context.Request.Headers.Authorization.ToString(),
                    }.ToJsonString());
                break;
        }
    }

    private async Task PutAsync(string key, string? value)
    {
        var now = await fixture.Cluster.Store.GetAsync(key, Cancellation);
        await fixture.Cluster.Store.WriteAsync(new(key, now?.ModRevision ?? 0, value is null ? null : Encoding.UTF8.GetBytes(value)), Cancellation);
    }
}
