using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Scheduler.Configuration;
using Coxswain.Scheduler.Extenders;
using Coxswain.Scheduler.Preemption;
using static Coxswain.Scheduler.Tests.SchedulerData;

namespace Coxswain.Scheduler.Tests;

public sealed class ExtenderTests : IDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private readonly HttpListener _listener = new();
    private readonly string _address;
    private readonly List<(string Verb, JsonNode Body)> _asked = [];
    private Func<string, JsonNode, string?> _answer = (_, _) => null;

    public ExtenderTests()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            _address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/x";
        }

        _listener.Prefixes.Add(_address + "/");
        _listener.Start();
        _ = ServeAsync();
    }

    public void Dispose() => ((IDisposable)_listener).Dispose();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                var verb = context.Request.Url!.Segments[^1];
                var body = (await JsonNode.ParseAsync(context.Request.InputStream))!;
                lock (_asked)
                    _asked.Add((verb, body));
                if (_answer(verb, body) is { } answer)
                    await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer));
                else
                    context.Response.StatusCode = 500;
                context.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private ExtenderConfiguration Configuration => new()
    {
        UrlPrefix = _address, FilterVerb = "filter", PrioritizeVerb = "prioritize", BindVerb = "bind", PreemptVerb = "preempt", Weight = 2, NodeCacheCapable = true,
    };

    [Fact]
    public async Task It_is_asked_which_nodes_will_do_and_says_why_the_others_will_not()
    {
        _answer = (_, body) => """{"nodenames":["two"],"failedNodes":{"one":"no GPU left"},"failedAndUnresolvableNodes":{"three":"no GPU at all"}}""";
        using var extender = new Extender(Configuration);
        var cluster = Cluster(Node("one"), Node("two"), Node("three"));
        var diagnosis = new Diagnosis(3);
        var left = await extender.FilterAsync(new(Pod("a")), [.. cluster.Nodes], diagnosis, Cancellation);
        Assert.Equal("two", Assert.Single(left).Name);
        Assert.Equal("0/3 nodes are available: 1 no GPU at all, 1 no GPU left.", diagnosis.Message);
        Assert.Equal([true, false], diagnosis.Rejected.OrderBy(r => r.Node.Name).Select(r => r.Why.Resolvable));
        Assert.Equal("a", _asked.Single().Body["pod"]!["metadata"]!["name"]!.GetValue<string>());
        Assert.Equal(3, _asked.Single().Body["nodenames"]!.AsArray().Count);
    }

    [Fact]
    public async Task One_without_a_cache_of_its_own_gets_the_nodes_whole()
    {
        _answer = (_, body) => new JsonObject { ["nodes"] = body["nodes"]!.DeepClone() }.ToJsonString();
        using var extender = new Extender(Configuration with { NodeCacheCapable = false });
        var cluster = Cluster(Node("one"), Node("two"));
        Assert.Equal(2, (await extender.FilterAsync(new(Pod("a")), [.. cluster.Nodes], new(2), Cancellation)).Count);
        Assert.Equal("4", _asked.Single().Body["nodes"]!["items"]![0]!["status"]!["allocatable"]!["cpu"]!.GetValue<string>());
    }

    [Fact]
    public async Task Its_points_count_with_its_weight_on_the_scale_of_plug_ins()
    {
        _answer = (_, _) => """[{"host":"one","score":3},{"host":"two","score":10},{"host":"unknown","score":1}]""";
        using var extender = new Extender(Configuration);
        var points = new long[2];
        await extender.PrioritizeAsync(new(Pod("a")), [.. Cluster(Node("one"), Node("two")).Nodes], points, Cancellation);
        Assert.Equal([60, 200], points);
    }

    [Fact]
    public async Task An_error_of_one_that_may_be_ignored_is_and_of_another_ends_the_attempt()
    {
        var nodes = Cluster(Node("one")).Nodes.ToList();
        using var strict = new ExtenderChain([Configuration]);
        var failure = await Assert.ThrowsAsync<ExtenderException>(() => strict.FilterAsync(new(Pod("a")), nodes, new(1), Cancellation));
        Assert.Contains("code 500", failure.Message, StringComparison.Ordinal);
        using var lenient = new ExtenderChain([Configuration with { Ignorable = true }]);
        Assert.Single(await lenient.FilterAsync(new(Pod("a")), nodes, new(1), Cancellation));
    }

    [Fact]
    public async Task It_may_bind_and_may_choose_among_victims()
    {
        _answer = (verb, _) => verb == "bind" ? "{}" : """{"nodeNameToMetaVictims":{"one":{"pods":[{"uid":"uid-low"}],"numPDBViolations":1}}}""";
        using var extender = new Extender(Configuration);
        await extender.BindAsync(new(Pod("a")), "one", Cancellation);
        Assert.Equal("one", _asked.Single().Body["node"]!.GetValue<string>());
        var nodes = Cluster(Node("one"), Node("two")).Nodes;
        PreemptionCandidate[] candidates = [new(nodes[0], [new(Pod("low")), new(Pod("spared"))], 0), new(nodes[1], [new(Pod("other"))], 0)];
        var agreed = Assert.Single(await extender.PreemptAsync(new(Pod("a")), candidates, Cancellation));
        Assert.Equal(("one", "uid-low", 1), (agreed.Node.Name, Assert.Single(agreed.Victims).Uid, agreed.BudgetViolations));
    }

    [Fact]
    public void One_that_manages_some_resources_is_asked_only_about_pods_that_want_them()
    {
        using var extender = new Extender(Configuration with { ManagedResources = ["example.com/gpu"] });
        Assert.False(extender.IsInterested(new(Pod("a", cpu: "1"))));
        Assert.True(extender.IsInterested(new(Pod("b", change: s => s with
        {
            Containers = [s.Containers[0] with { Resources = new() { Limits = Api.ApiMap.Of("example.com/gpu", Api.Quantity.Parse("1")) } }],
        }))));
    }
}
