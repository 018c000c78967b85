using System.Diagnostics;
using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Rbac.V1;
using Coxswain.Client;
using Coxswain.Testing;
using Coxswain.Testing.Cluster;
using Microsoft.Extensions.Logging;

namespace Coxswain.Controllers.Tests;

/// <summary>All controllers under their own identities over a whole API server: what they may do is what they need.</summary>
public sealed class ServerTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Complaints _complaints = new();
    private TestCluster _cluster = null!;
    private Task _running = Task.CompletedTask;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IApiClient Api => _cluster.Admin;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync(Cancellation);
        foreach (var role in ControllerRoles.Roles)
            await PutAsync(role);
        foreach (var binding in ControllerRoles.Bindings)
            await PutAsync(binding);
        var manager = new ControllerManager(ClientFor, new() { RootCaPem = "PEM", Controllers = ["*"] }, TimeProvider.System, new ComplaintsFactory(_complaints));
        _running = manager.RunAsync(_stop.Token);
        await Eventually.TrueAsync(async () => await Api.FindAsync<ServiceAccount>(new("default", "default"), Cancellation) is not null, () => _complaints.ToString(), Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _cluster.DisposeAsync();
        _stop.Dispose();
    }

    private async Task PutAsync<T>(T wanted) where T : class, IResource<T>
    {
        if (await Api.FindAsync<T>(wanted.FullName(), Cancellation) is { } there)
            await Api.UpdateAsync((T)wanted.WithMetadata(wanted.Metadata with { ResourceVersion = there.Metadata.ResourceVersion }), Cancellation);
        else
            await Api.CreateAsync(wanted, Cancellation);
    }

    private IApiClient ClientFor(string user) => _cluster.ClientFor(new()
    {
        Username = user,
        Groups = user.StartsWith("system:serviceaccount:", StringComparison.Ordinal)
            ? ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"]
            : ["system:authenticated"],
    });

    private static PodTemplateSpec Template(string app, string restart = "Always") => new()
    {
        Metadata = new() { Labels = ApiMap.Of("app", app) },
        Spec = new() { RestartPolicy = restart, Containers = [new() { Name = "main", Image = "busybox" }] },
    };

    private Task EventuallyAsync(Func<Task<bool>> condition) => Eventually.TrueAsync(condition, () => _complaints.ToString(), Cancellation);

    private async Task<int> CountAsync<T>(string labels) where T : class, IResource<T> =>
        (await Api.ListAsync<T>(new() { Namespace = "default", LabelSelector = labels }, Cancellation)).Items.Count;

    [Fact]
    public async Task A_deployment_is_rolled_out_scaled_and_deleted_with_all_that_is_its()
    {
        await Api.CreateAsync(new Deployment
        {
            Metadata = new() { Namespace = "default", Name = "web" },
            Spec = new() { Replicas = 3, Selector = BedActions.Select("web"), Template = Template("web") },
        }, Cancellation);
        await EventuallyAsync(async () => await CountAsync<Pod>("app=web") == 3);
        await EventuallyAsync(async () => (await Api.GetAsync<Deployment>(new("default", "web"), Cancellation)) is { Status.Replicas: 3 } d
            && d.Metadata.Annotations.GetValueOrDefault(Revisions.Revision) == "1");
        await Api.PatchAsync<Deployment>(new("default", "web"), Patch.Merge("""{"spec":{"replicas":1}}"""), Cancellation);
        await EventuallyAsync(async () => await CountAsync<Pod>("app=web") == 1);
        await Api.DeleteAsync<Deployment>(new("default", "web"), new() { PropagationPolicy = DeletionPropagation.Background }, Cancellation);
        await EventuallyAsync(async () => await CountAsync<Pod>("app=web") == 0 && await CountAsync<ReplicaSet>("app=web") == 0);
        _complaints.AssertNoneForbidden();
    }

    [Fact]
    public async Task Every_workload_makes_its_pods_and_a_namespace_takes_all_with_it()
    {
        await Api.CreateAsync(new Namespace { Metadata = new() { Name = "apps" } }, Cancellation);
        await EventuallyAsync(async () => await Api.FindAsync<ServiceAccount>(new("apps", "default"), Cancellation) is not null
            && await Api.FindAsync<ConfigMap>(new("apps", "kube-root-ca.crt"), Cancellation) is not null);
        await Api.CreateAsync(new Node { Metadata = new() { Name = "n1" } }, Cancellation);
        await Api.CreateAsync(new Job { Metadata = new() { Namespace = "apps", Name = "job" }, Spec = new() { Template = Template("job", "Never") } }, Cancellation);
        await Api.CreateAsync(new StatefulSet
        {
            Metadata = new() { Namespace = "apps", Name = "db" },
            Spec = new() { Selector = BedActions.Select("db"), Template = Template("db"), ServiceName = "db" },
        }, Cancellation);
        await Api.CreateAsync(new DaemonSet { Metadata = new() { Namespace = "apps", Name = "agent" }, Spec = new() { Selector = BedActions.Select("agent"), Template = Template("agent") } }, Cancellation);
        await Api.CreateAsync(new CronJob
        {
            Metadata = new() { Namespace = "apps", Name = "cron" },
            Spec = new() { Schedule = "0 0 1 1 *", JobTemplate = new() { Spec = new() { Template = Template("cron", "Never") } } },
        }, Cancellation);
        await Api.CreateAsync(new Service
        {
            Metadata = new() { Namespace = "apps", Name = "db" },
            Spec = new() { Selector = ApiMap.Of("app", "db"), Ports = [new() { Port = 80 }] },
        }, Cancellation);
        await EventuallyAsync(async () => (await Api.ListAsync<Pod>(new() { Namespace = "apps" }, Cancellation)).Items.Select(p => p.Metadata.Labels["app"]).Order().SequenceEqual(["agent", "db", "job"]));
        await EventuallyAsync(async () => (await Api.ListAsync<Api.Discovery.V1.EndpointSlice>(new() { Namespace = "apps" }, Cancellation)).Items.Count == 1
            && await Api.FindAsync<Endpoints>(new("apps", "db"), Cancellation) is not null);

        await Api.DeleteAsync<Namespace>(new("", "apps"), null, Cancellation);
        await EventuallyAsync(async () => await Api.FindAsync<Namespace>(new("", "apps"), Cancellation) is null);
        _complaints.AssertNoneForbidden();
    }

    [Fact]
    public async Task An_autoscaler_scales_through_the_scale_of_its_target()
    {
        await Api.CreateAsync(new Deployment
        {
            Metadata = new() { Namespace = "default", Name = "scaled" },
            Spec = new() { Replicas = 1, Selector = BedActions.Select("scaled"), Template = Template("scaled") },
        }, Cancellation);
        var hpa = AutoscalerTests.Make(AutoscalerTests.Cpu());
        await Api.CreateAsync(hpa with
        {
            Metadata = new() { Namespace = "default", Name = "scaled" },
            Spec = hpa.Spec with { MinReplicas = 2, ScaleTargetRef = hpa.Spec.ScaleTargetRef with { Name = "scaled" } },
        }, Cancellation);
        await EventuallyAsync(async () => (await Api.GetAsync<Deployment>(new("default", "scaled"), Cancellation)).Spec.Replicas == 2);
        await EventuallyAsync(async () => (await Api.GetAsync<Api.Autoscaling.V2.HorizontalPodAutoscaler>(new("default", "scaled"), Cancellation)).Status
            is { DesiredReplicas: 2, LastScaleTime: not null } status && status.Conditions.Any(c => c is { Type: "AbleToScale", Status: "True", Reason: "SucceededRescale" }));
        _complaints.AssertNoneForbidden();
    }

    [Fact]
    public async Task Volumes_are_bound_and_attached_and_pods_get_the_claims_they_ask_for()
    {
        await Api.CreateAsync(new Node { Metadata = new() { Name = "v1" } }, Cancellation);
        await Api.CreateAsync(VolumeTests.Volume("data"), Cancellation);
        await Api.CreateAsync(VolumeTests.Claim("data"), Cancellation);
        await EventuallyAsync(async () => (await Api.GetAsync<PersistentVolumeClaim>(new("default", "data"), Cancellation)) is { Status.Phase: "Bound", Spec.VolumeName: "data" }
            && (await Api.GetAsync<PersistentVolume>(new("", "data"), Cancellation)).Status.Phase == "Bound");

        await Api.CreateAsync(VolumeTests.Class("standard"), Cancellation);
        var pod = VolumeTests.PodWith("user", "data", "v1");
        var scratch = new Volume { Name = "scratch", Ephemeral = new() { VolumeClaimTemplate = new() { Spec = VolumeTests.Claim("x", storageClass: "standard").Spec } } };
        await Api.CreateAsync(pod with { Spec = pod.Spec with { Volumes = pod.Spec.Volumes.Add(scratch) } }, Cancellation);
        await EventuallyAsync(async () => (await Api.ListAsync<Api.Storage.V1.VolumeAttachment>(ListQuery.All, Cancellation)).Items.Any(a => a.Spec is { NodeName: "v1", Source.PersistentVolumeName: "data" }));
        await EventuallyAsync(async () => (await Api.FindAsync<PersistentVolumeClaim>(new("default", "user-scratch"), Cancellation))?.Metadata.Annotations
            .GetValueOrDefault("volume.kubernetes.io/storage-provisioner") == "csi.example.com");

        await Api.CreateAsync(ClusterLoopTests.Template with
        {
            Spec = new() { Spec = new() { Devices = new() { Requests = [new() { Name = "one", Exactly = new() { DeviceClassName = "gpu", AllocationMode = "ExactCount", Count = 1 } }] } } },
        }, Cancellation);
        var device = ClusterLoopTests.WithDevice();
        await Api.CreateAsync(device with { Spec = device.Spec with { Containers = [new() { Name = "main", Image = "busybox" }] } }, Cancellation);
        await EventuallyAsync(async () => (await Api.GetAsync<Pod>(new("default", "trainer"), Cancellation)).Status.ResourceClaimStatuses.Any(s => s.ResourceClaimName is not null));
        _complaints.AssertNoneForbidden();
    }

    [Fact]
    public async Task Tokens_signatures_ranges_and_mirrored_endpoints_are_made()
    {
        await Api.CreateAsync(new Secret
        {
            Metadata = new() { Namespace = "default", Name = "robot", Annotations = ApiMap.Of("kubernetes.io/service-account.name", "default") },
            Type = "kubernetes.io/service-account-token",
        }, Cancellation);
        await EventuallyAsync(async () => (await Api.GetAsync<Secret>(new("default", "robot"), Cancellation)).Data.TryGetValue("token", out var token) && token.Length > 0);

        await Api.CreateAsync(ClusterLoopTests.ClusterInfo, Cancellation);
        await Api.CreateAsync(ClusterLoopTests.Token("abcdef"), Cancellation);
        await EventuallyAsync(async () => (await Api.GetAsync<ConfigMap>(new("kube-public", "cluster-info"), Cancellation)).Data.ContainsKey("jws-kubeconfig-abcdef"));

        await EventuallyAsync(async () => (await Api.GetAsync<Api.Networking.V1.ServiceCIDR>(new("", "kubernetes"), Cancellation)).Status.Conditions.Any(c => c is { Type: "Ready", Status: "True" }));

        await Api.CreateAsync(new Service { Metadata = new() { Namespace = "default", Name = "outside" }, Spec = new() { Ports = [new() { Port = 5432 }] } }, Cancellation);
        await Api.CreateAsync(ClusterLoopTests.Written("192.0.2.1"), Cancellation);
        await EventuallyAsync(async () => (await Api.ListAsync<Api.Discovery.V1.EndpointSlice>(new() { Namespace = "default", LabelSelector = "kubernetes.io/service-name=outside" }, Cancellation)).Items.Count == 1);
        _complaints.AssertNoneForbidden();
    }

    [Fact]
    public async Task Built_in_roles_are_aggregated()
    {
        await EventuallyAsync(async () => (await Api.GetAsync<ClusterRole>(new("", "admin"), Cancellation)).Rules.Count > 0
            && (await Api.GetAsync<ClusterRole>(new("", "view"), Cancellation)).Rules.Count > 0);
        _complaints.AssertNoneForbidden();
    }

    [Fact]
    public async Task A_deployment_of_a_thousand_pods_comes_and_goes()
    {
        await Api.CreateAsync(new Deployment
        {
            Metadata = new() { Namespace = "default", Name = "big" },
            Spec = new() { Replicas = 0, Selector = BedActions.Select("big"), Template = Template("big") },
        }, Cancellation);
        await EventuallyAsync(async () => await CountAsync<ReplicaSet>("app=big") == 1);
        foreach (var replicas in (int[])[1000, 0])
        {
            var (since, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            await Api.PatchAsync<Deployment>(new("default", "big"), Patch.Merge($$"""{"spec":{"replicas": {{replicas}} } }"""), Cancellation);
            await EventuallyAsync(async () => (await Api.GetAsync<Deployment>(new("default", "big"), Cancellation)).Status.Replicas == replicas);
            TestContext.Current.SendDiagnosticMessage("to {0}: {1:0} ms, {2:0} ms of CPU", replicas, Stopwatch.GetElapsedTime(since).TotalMilliseconds,
                (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds);
            Assert.Equal(replicas, await CountAsync<Pod>("app=big"));
        }
        _complaints.AssertNoneForbidden();
    }

    /// <summary>What the controllers warned of.</summary>
    private sealed class Complaints : ILogger
    {
        private readonly List<string> _all = [];

        public void AssertNoneForbidden()
        {
            lock (_all)
                Assert.DoesNotContain(_all, c => c.Contains("forbidden", StringComparison.OrdinalIgnoreCase));
        }

        public override string ToString()
        {
            lock (_all)
                return string.Join('\n', _all.TakeLast(8));
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel < LogLevel.Warning)
                return;
            lock (_all)
                _all.Add($"{formatter(state, exception)} {exception?.GetType().Name}: {exception?.Message}");
        }
    }

    private sealed class ComplaintsFactory(ILogger logger) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();
        public ILogger CreateLogger(string categoryName) => logger;
        public void Dispose()
        {
            // Nothing to give back.
        }
    }
}
