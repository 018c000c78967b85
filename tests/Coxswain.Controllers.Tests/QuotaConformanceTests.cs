using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;
using Coxswain.Testing;
using Coxswain.Testing.Cluster;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Controllers.Tests;

/// <summary>The life of objects under a quota: counted when they come, refused beyond it, given back when they go. Admission and
/// controller together, over a whole API server.</summary>
public sealed class QuotaConformanceTests : IAsyncLifetime
{
    private const string Ns = "quota";
    private readonly CancellationTokenSource _stop = new();
    private TestCluster _cluster = null!;
    private Task _running = Task.CompletedTask;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IApiClient Api => _cluster.Admin;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync(Cancellation);
        var manager = new ControllerManager(
            _ => _cluster.Admin, new() { RootCaPem = "PEM", Controllers = ["resourcequota-controller", "serviceaccount-controller"] }, TimeProvider.System, NullLoggerFactory.Instance);
        _running = manager.RunAsync(_stop.Token);
        await Api.CreateAsync(new Namespace { Metadata = new() { Name = Ns } }, Cancellation);
        await Eventually.TrueAsync(async () => await Api.FindAsync<ServiceAccount>(new(Ns, "default"), Cancellation) is not null, () => "no service account", Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _cluster.DisposeAsync();
        _stop.Dispose();
    }

    private Task QuotaAsync(string name, ApiMap<Quantity> hard, params string[] scopes) => Api.CreateAsync(
        new ResourceQuota { Metadata = new() { Name = name, Namespace = Ns }, Spec = new() { Hard = hard, Scopes = [.. scopes] } }, Cancellation);

    private Task UsedAsync(string quota, string resource, string amount) => Eventually.TrueAsync(
        async () => (await Api.GetAsync<ResourceQuota>(new(Ns, quota), Cancellation)).Status.Used.TryGetValue(resource, out var used) && used == Quantity.Parse(amount),
        () => $"{quota} does not come to {resource}={amount}", Cancellation);

    private static ApiMap<Quantity> Hard(params (string Name, string Amount)[] amounts) =>
        amounts.Select(a => KeyValuePair.Create(a.Name, Quantity.Parse(a.Amount))).ToApiMap();

    private static ObjectMeta Named(string name) => new() { Name = name, Namespace = Ns };

    private static PodTemplateSpec Template => new()
    {
        Metadata = new() { Labels = ApiMap.Of("a", "b") },
        Spec = new() { Containers = [new() { Name = "c", Image = "i" }] },
    };

    private static Pod NewPod(string name, string cpu = "", long? deadline = null) => new()
    {
        Metadata = Named(name),
        Spec = new()
        {
            ActiveDeadlineSeconds = deadline,
            Containers =
            [
                new()
                {
                    Name = "c",
                    Image = "i",
                    Resources = cpu.Length == 0 ? ResourceRequirements.Empty : new() { Requests = Hard(("cpu", cpu)), Limits = Hard(("cpu", cpu)) },
                },
            ],
        },
    };

    private async Task LivesAsync<T>(string resource, T o) where T : class, IResource<T>
    {
        // Some objects of a kind may be there from the start (the root certificates).
        await QuotaAsync("q", Hard((resource, "3")));
        await Eventually.TrueAsync(
            async () => (await Api.GetAsync<ResourceQuota>(new(Ns, "q"), Cancellation)).Status.Used.ContainsKey(resource), () => "the status is not calculated", Cancellation);
        var before = (await Api.GetAsync<ResourceQuota>(new(Ns, "q"), Cancellation)).Status.Used[resource].Value;

        await Api.CreateAsync(o, Cancellation);
        await UsedAsync("q", resource, (before + 1).ToString(System.Globalization.CultureInfo.InvariantCulture));
        await Api.DeleteAsync<T>(NamespacedName.Of(o), new() { GracePeriodSeconds = 0, PropagationPolicy = "Background" }, Cancellation);
        await UsedAsync("q", resource, before.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public Task A_config_map_is_counted() => LivesAsync("configmaps", new ConfigMap { Metadata = Named("x") });

    [Fact]
    public Task A_secret_is_counted() => LivesAsync("secrets", new Secret { Metadata = Named("x") });

    [Fact]
    public Task A_service_is_counted() => LivesAsync("services", new Service { Metadata = Named("x"), Spec = new() { Ports = [new() { Port = 80 }] } });

    [Fact]
    public Task A_replication_controller_is_counted() => LivesAsync("replicationcontrollers", new ReplicationController
    {
        Metadata = Named("x"),
        Spec = new() { Replicas = 0, Selector = ApiMap.Of("a", "b"), Template = Template },
    });

    [Fact]
    public Task A_replica_set_is_counted() => LivesAsync("count/replicasets.apps", new ReplicaSet
    {
        Metadata = Named("x"),
        Spec = new() { Replicas = 0, Selector = new() { MatchLabels = ApiMap.Of("a", "b") }, Template = Template },
    });

    [Fact]
    public async Task A_pod_is_counted_with_what_it_asks_for_and_refused_beyond_the_quota()
    {
        await QuotaAsync("q", Hard(("pods", "5"), ("requests.cpu", "1")));
        await UsedAsync("q", "pods", "0");

        await Api.CreateAsync(NewPod("fits", "600m"), Cancellation);
        await UsedAsync("q", "requests.cpu", "600m");
        var refused = await Assert.ThrowsAsync<ApiException>(() => Api.CreateAsync(NewPod("more", "500m"), Cancellation));
        await Api.DeleteAsync<Pod>(new(Ns, "fits"), new() { GracePeriodSeconds = 0 }, Cancellation);

        Assert.Equal(403, refused.Code);
        Assert.Equal("pods \"more\" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1", refused.Message);
        await UsedAsync("q", "requests.cpu", "0");
        await UsedAsync("q", "pods", "0");
    }

    [Theory]
    [InlineData("BestEffort", "NotBestEffort", "", null)]
    [InlineData("NotBestEffort", "BestEffort", "100m", null)]
    [InlineData("Terminating", "NotTerminating", "", 3600L)]
    [InlineData("NotTerminating", "Terminating", "", null)]
    public async Task A_quota_with_a_scope_counts_the_pods_of_its_scope_only(string counts, string other, string cpu, long? deadline)
    {
        await QuotaAsync("counts", Hard(("pods", "5")), counts);
        await QuotaAsync("other", Hard(("pods", "5")), other);
        await UsedAsync("counts", "pods", "0");
        await UsedAsync("other", "pods", "0");

        await Api.CreateAsync(NewPod("p", cpu, deadline), Cancellation);
        await UsedAsync("counts", "pods", "1");
        await UsedAsync("other", "pods", "0");
        await Api.DeleteAsync<Pod>(new(Ns, "p"), new() { GracePeriodSeconds = 0 }, Cancellation);
        await UsedAsync("counts", "pods", "0");
    }
}
