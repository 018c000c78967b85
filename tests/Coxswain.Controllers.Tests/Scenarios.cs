using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Certificates.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Networking.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.Api.Rbac.V1;
using Coxswain.Api.Storage.V1;
using Coxswain.Client;
using static Coxswain.Controllers.Tests.BedActions;
using TokenRequest = Coxswain.Api.Authentication.V1.TokenRequest;

namespace Coxswain.Controllers.Tests;

/// <summary>One scenario for each controller of the table; a controller without one fails the tests.</summary>
internal static class Scenarios
{
    // Before the table, which uses it.
    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly Action<Bed> Idle = _ => { };
    private static readonly Action<Bed> Pods = bed => bed.RunPods();

    public static IReadOnlyDictionary<string, Scenario> All { get; } = new Dictionary<string, Scenario>(StringComparer.Ordinal)
    {
        ["namespace-controller"] = new(
            [
                Create(new Namespace { Metadata = new() { Name = "apps" }, Spec = new() { Finalizers = ["kubernetes"] } }),
                Create(new ConfigMap { Metadata = new() { Namespace = "apps", Name = "one" } }, new Secret { Metadata = new() { Namespace = "apps", Name = "two" } }),
                Delete<Namespace>("apps", ""),
            ], Idle),
        ["serviceaccount-controller"] = new([Create(Space("apps")), Delete<ServiceAccount>("default", "apps", missingIsFine: true)], Idle),
        ["root-ca-certificate-publisher-controller"] = new([Create(Space("apps")), Delete<ConfigMap>("kube-root-ca.crt", "apps", missingIsFine: true)], Idle),
        ["deployment-controller"] = new([Create(DeploymentTests.Make(3)), Change<Deployment>("web", d => d with { Spec = d.Spec with { Replicas = 5, Template = Template("web", "nginx:2") } })],
            Pods, "replicaset-controller"),
        ["replicaset-controller"] = new([Create(ReplicaSetTests.Set(3)), Change<ReplicaSet>("web", s => s with { Spec = s.Spec with { Replicas = 1 } })], Pods),
        ["daemonset-controller"] = new(
            [Create(NodeOf("node-1"), NodeOf("node-2")), Create(DaemonSetTests.Make()), Change<DaemonSet>("agent", s => s with { Spec = s.Spec with { Template = Template("agent", "agent:2") } })],
            RunDaemons),
        ["statefulset-controller"] = new(
            [Create(StatefulSetTests.Make(3)), Change<StatefulSet>("db", s => s with { Spec = s.Spec with { Template = Template("db", "db:2") } }), Change<StatefulSet>("db", s => s with { Spec = s.Spec with { Replicas = 2 } })],
            Pods),
        ["replicationcontroller-controller"] = new(
            [Create(new ReplicationController { Metadata = Named("old"), Spec = new() { Replicas = 2, Selector = ApiMap.Of("app", "old"), Template = Template("old") } })], Pods),
        ["endpointslice-controller"] = new([Create(ServiceOf("web")), Create(RunningPod("web-1", "10.1.0.1"), RunningPod("web-2", "10.1.0.2")), Delete<Pod>("web-1")], Idle),
        ["endpoints-controller"] = new([Create(ServiceOf("web")), Create(RunningPod("web-1", "10.1.0.1"), RunningPod("web-2", "10.1.0.2")), Delete<Pod>("web-1")], Idle),
        ["endpointslice-mirroring-controller"] = new(
            [
                Create(new Service { Metadata = Named("outside"), Spec = new() { Ports = [new() { Port = 5432 }] } }, ClusterLoopTests.Written("192.0.2.1", "2001:db8::1")),
                Change<Endpoints>("outside", e => ClusterLoopTests.Written("192.0.2.3") with { Metadata = e.Metadata }),
            ], Idle),
        ["garbage-collector-controller"] = new(
            [
                Create(new ConfigMap { Metadata = Named("owner") }),
                bed => bed.CreateAsync(new ConfigMap { Metadata = Named("owned") with { OwnerReferences = [Owners.Controller(bed.Get<ConfigMap>("owner")) with { ApiVersion = "v1", Kind = "ConfigMap" }] } }),
                Delete<ConfigMap>("owner", options: new() { PropagationPolicy = "Foreground" }),
            ], Idle),
        ["node-lifecycle-controller"] = new([Create(NodeOf("silent")), Create(RunningPod("p", "10.1.0.1") with { Spec = new() { NodeName = "silent" } })], Idle),
        ["taint-eviction-controller"] = new(
            [
                Create(NodeOf("node-1"), RunningPod("goes", "10.1.0.1") with { Spec = new() { NodeName = "node-1" } },
                    RunningPod("stays", "10.1.0.2") with { Spec = new() { NodeName = "node-1", Tolerations = [new() { Operator = "Exists" }] } }),
                Change<Node>("node-1", n => n with { Spec = n.Spec with { Taints = [new() { Key = "gone", Effect = "NoExecute" }] } }, ""),
            ], EndPods),
        ["node-ipam-controller"] = new([Create(NodeOf("node-1"))], Idle),
        ["pod-garbage-collector-controller"] = new([Create(RunningPod("lost", "10.1.0.1") with { Spec = new() { NodeName = "no-such-node" } })], EndPods),
        ["clusterrole-aggregation-controller"] = new(
            [
                Create(new ClusterRole { Metadata = new() { Name = "all" }, AggregationRule = new() { ClusterRoleSelectors = [new() { MatchLabels = ApiMap.Of("part", "yes") }] } }),
                Create(new ClusterRole { Metadata = new() { Name = "part", Labels = ApiMap.Of("part", "yes") }, Rules = [ControllerEntry.Allow("", "pods", "get")] }),
            ], Idle),
        ["disruption-controller"] = new(
            [Create(ReplicaSetTests.Set(3)), Create(new PodDisruptionBudget { Metadata = Named("web"), Spec = new() { MinAvailable = new IntOrString(2), Selector = Select("web") } })],
            Pods, "replicaset-controller"),
        ["horizontal-pod-autoscaler-controller"] = new(
            [
                bed =>
                {
                    bed.Api.Raw = path => path.StartsWith("/apis/metrics.k8s.io", StringComparison.Ordinal) ? AutoscalerTests.Usage(bed, 900, 900) : null;
                    return bed.CreateAsync(AutoscalerTests.Target(2));
                },
                Create(MetricPod("web-0"), MetricPod("web-1")), Create(AutoscalerTests.Make(AutoscalerTests.Cpu(90))),
            ], Idle),
        ["resourcequota-controller"] = new(
            [
                Create(new ResourceQuota { Metadata = Named("quota"), Spec = new() { Hard = ApiMap.Of("pods", Quantity.Parse("5")) } }),
                Create(RunningPod("web-1", "10.1.0.1"), RunningPod("web-2", "10.1.0.2")), Delete<Pod>("web-2"),
            ], Idle),
        ["persistentvolumeclaim-protection-controller"] = new([Create(VolumeTests.Claim("data"), VolumeTests.PodWith("user", "data", "node-1")), Delete<PersistentVolumeClaim>("data"), Delete<Pod>("user")], Idle),
        ["persistentvolume-protection-controller"] = new([Create(VolumeTests.Volume("data")), Delete<PersistentVolume>("data", "", missingIsFine: true)], Idle),
        ["persistentvolume-binder-controller"] = new(
            [
                Create(VolumeTests.Volume("one"), VolumeTests.Volume("two", "2Gi"), VolumeTests.Class("standard", isDefault: true)),
                Create(VolumeTests.Claim("small"), VolumeTests.Claim("large", "2Gi"), VolumeTests.Claim("dynamic", storageClass: null)), Delete<PersistentVolumeClaim>("large"),
            ], Idle),
        ["persistentvolume-attach-detach-controller"] = new(
            [Create(NodeOf("node-1"), NodeOf("node-2"), BoundVolume, BoundClaim), Create(VolumeTests.PodWith("user", "data", "node-1")), Delete<Pod>("user"), Create(VolumeTests.PodWith("next", "data", "node-2"))],
            Attach),
        ["persistentvolume-expander-controller"] = new([Create(BoundVolume, BoundClaim), Change<PersistentVolumeClaim>("data", c => c with { Spec = c.Spec with { Resources = new() { Requests = ApiMap.Of("storage", Quantity.Parse("5Gi")) } } })], Idle),
        ["ephemeral-volume-controller"] = new(
            [Create(new Pod { Metadata = Named("web"), Spec = new() { Volumes = [new() { Name = "scratch", Ephemeral = new() { VolumeClaimTemplate = new() { Spec = VolumeTests.Claim("x").Spec } } }] } })], Idle),
        ["volumeattributesclass-protection-controller"] = new(
            [Create(new VolumeAttributesClass { Metadata = new() { Name = "gold" }, DriverName = "csi.example.com" }), Delete<VolumeAttributesClass>("gold", "", missingIsFine: true)], Idle),
        ["certificatesigningrequest-signing-controller"] = new([Create(Kubelet("Approved"))], Idle) { Options = new() { Signer = Authority() } },
        ["certificatesigningrequest-approving-controller"] = new(
            [
                bed =>
                {
                    bed.Api.Review = review => review.Spec.ResourceAttributes?.Subresource == "nodeclient";
                    return bed.CreateAsync(Kubelet(""));
                },
            ], Idle),
        ["certificatesigningrequest-cleaner-controller"] = new([Create(ClusterLoopTests.Request("old", "Denied", DateTimeOffset.UnixEpoch))], Idle),
        ["bootstrap-signer-controller"] = new([Create(ClusterLoopTests.ClusterInfo, ClusterLoopTests.Token("abcdef"), ClusterLoopTests.Token("ghijkl")), Delete<Secret>("bootstrap-token-ghijkl", "kube-system")], Idle),
        ["token-cleaner-controller"] = new([Create(ClusterLoopTests.Token("abcdef", "2020-01-01T00:00:00Z"), ClusterLoopTests.Token("ghijkl"))], Idle),
        ["serviceaccount-token-controller"] = new(
            [
                bed =>
                {
                    bed.Api.Subresource = (_, _, body) => body is TokenRequest request ? request with { Status = new() { Token = "a.b.c" } } : null;
                    return bed.CreateAsync(new ServiceAccount { Metadata = Named("robot") });
                },
                Create(new Secret { Metadata = Named("token") with { Annotations = ApiMap.Of("kubernetes.io/service-account.name", "robot") }, Type = "kubernetes.io/service-account-token" },
                    new Secret { Metadata = Named("stray") with { Annotations = ApiMap.Of("kubernetes.io/service-account.name", "nobody") }, Type = "kubernetes.io/service-account-token" }),
            ], Idle),
        ["ttl-controller"] = new([Create(NodeOf("node-1"), NodeOf("node-2"))], Idle),
        ["service-cidr-controller"] = new([Create(new ServiceCIDR { Metadata = new() { Name = "extra" }, Spec = new() { Cidrs = ["10.97.0.0/24"] } }), Delete<ServiceCIDR>("extra", "", missingIsFine: true)], Idle),
        ["resourceclaim-controller"] = new([Create(ClusterLoopTests.Template, ClusterLoopTests.WithDevice("one"), ClusterLoopTests.WithDevice("two")), Change<Pod>("two", p => p with { Status = p.Status with { Phase = "Succeeded" } })], Idle),
        ["job-controller"] = new([Create(JobTests.Make()), Create(JobTests.Make(s => s with { Completions = 2, CompletionMode = "Indexed", Selector = Select("indexed"), Template = Template("indexed") })
            with { Metadata = Named("indexed") })], FinishPods),
        ["cronjob-controller"] = new([Create(CronJobTests.Make("*/2 * * * *", s => s with { ConcurrencyPolicy = "Forbid" })), bed => bed.PassAsync(TimeSpan.FromMinutes(3))], Idle),
        ["ttl-after-finished-controller"] = new(
            [Create(JobTests.Make(s => s with { TtlSecondsAfterFinished = 30 }) with { Status = new() { Conditions = [new() { Type = "Complete", Status = "True", LastTransitionTime = DateTimeOffset.UnixEpoch }] } })], CollectForeground),
    };

    private static PersistentVolume BoundVolume => VolumeTests.Volume("data") with
    {
        Spec = VolumeTests.Volume("data").Spec with { ClaimRef = new() { Namespace = "default", Name = "data" } },
    };

    private static PersistentVolumeClaim BoundClaim => VolumeTests.Claim("data", volume: "data") with { Status = new() { Phase = "Bound", Capacity = ApiMap.Of("storage", Quantity.Parse("1Gi")) } };

    private static Func<Bed, Task> Create<T>(T resource) where T : class, IResource<T> => bed => bed.CreateAsync(resource);

    private static Func<Bed, Task> Create<T1, T2>(T1 first, T2 second) where T1 : class, IResource<T1> where T2 : class, IResource<T2> => async bed =>
    {
        await bed.CreateAsync(first);
        await bed.CreateAsync(second);
    };

    private static Func<Bed, Task> Create<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : class, IResource<T1> where T2 : class, IResource<T2> where T3 : class, IResource<T3> => async bed =>
    {
        await Create(first, second)(bed);
        await bed.CreateAsync(third);
    };

    private static Func<Bed, Task> Create<T1, T2, T3, T4>(T1 first, T2 second, T3 third, T4 fourth)
        where T1 : class, IResource<T1> where T2 : class, IResource<T2> where T3 : class, IResource<T3> where T4 : class, IResource<T4> => async bed =>
    {
        await Create(first, second)(bed);
        await Create(third, fourth)(bed);
    };

    private static Func<Bed, Task> Change<T>(string name, Func<T, T> change, string ns = "default") where T : class, IResource<T> => bed =>
    {
        bed.Api.Change(new(ns, name), change);
        return Task.CompletedTask;
    };

    private static Func<Bed, Task> Delete<T>(string name, string ns = "default", DeleteOptions? options = null, bool missingIsFine = false) where T : class, IResource<T> => async bed =>
    {
        // What a controller was to make, and has not yet.
        if (!missingIsFine || bed.Api.All<T>().Any(o => o.Metadata.Name == name))
            await bed.Api.DeleteAsync<T>(new(ns, name), options ?? new() { GracePeriodSeconds = 0 }, Bed.Cancellation);
    };

    private static ObjectMeta Named(string name) => new() { Namespace = "default", Name = name };

    private static Namespace Space(string name) => new() { Metadata = new() { Name = name } };

    private static Node NodeOf(string name) => new() { Metadata = new() { Name = name } };

    private static Service ServiceOf(string app) => new() { Metadata = Named(app), Spec = new() { Selector = ApiMap.Of("app", "web"), Ports = [new() { Port = 80 }] } };

    private static Pod RunningPod(string name, string ip) => new()
    {
        Metadata = Named(name) with { Labels = ApiMap.Of("app", "web") },
        Spec = new() { NodeName = "node-1", Containers = [new() { Name = "main" }] },
        Status = new() { Phase = "Running", PodIP = ip, PodIPs = [new() { Ip = ip }], Conditions = [new() { Type = "Ready", Status = "True" }] },
    };

    private static Pod MetricPod(string name) => RunningPod(name, "10.1.0.9") with
    {
        Spec = new() { Containers = [new() { Name = "main", Resources = new() { Requests = ApiMap.Of("cpu", Quantity.Parse("1")) } }] },
        Status = new() { Phase = "Running", StartTime = DateTimeOffset.UnixEpoch, Conditions = [new() { Type = "Ready", Status = "True", LastTransitionTime = DateTimeOffset.UnixEpoch }] },
    };

    private static void EndPods(Bed bed)
    {
        foreach (var pod in bed.Api.All<Pod>().Where(p => p.Metadata.DeletionTimestamp is not null))
            Assert.True(bed.Api.DeleteAsync<Pod>(pod.FullName(), new() { GracePeriodSeconds = 0 }, Bed.Cancellation).IsCompletedSuccessfully);
    }

    private static void RunDaemons(Bed bed)
    {
        EndPods(bed);
        foreach (var pod in bed.ActivePods().Where(p => !PodFacts.IsReady(p)))
            bed.Api.Change<Pod>(pod.FullName(), p => p with
            {
                Spec = p.Spec with { NodeName = DaemonPods.NodeOf(p) },
                Status = p.Status with { Phase = "Running", Conditions = [new() { Type = "Ready", Status = "True", LastTransitionTime = bed.Clock.GetUtcNow() }] },
            });
    }

    private static void FinishPods(Bed bed)
    {
        EndPods(bed);
        bed.FinishPods("Succeeded");
        // Counted and free, they are taken away.
        foreach (var pod in bed.Api.All<Pod>().Where(p => PodFacts.IsFinished(p) && p.Metadata.Finalizers.Count == 0))
            Assert.True(bed.Api.DeleteAsync<Pod>(pod.FullName(), new() { GracePeriodSeconds = 0 }, Bed.Cancellation).IsCompletedSuccessfully);
    }

    private static void Attach(Bed bed)
    {
        if (bed.Api.All<PersistentVolumeClaim>() is [var claim, ..] && bed.Api.All<PersistentVolume>() is [{ Spec.ClaimRef.Uid: "" }, ..])
            bed.Api.Change<PersistentVolume>(new("", "data"), v => v with { Spec = v.Spec with { ClaimRef = VolumeFacts.ReferenceTo(claim) } });
        foreach (var attachment in bed.Api.All<VolumeAttachment>().Where(a => !a.Status.Attached))
            bed.Api.Change<VolumeAttachment>(new("", attachment.Metadata.Name), a => a with { Status = new() { Attached = true } });
    }

    private static void CollectForeground(Bed bed)
    {
        foreach (var job in bed.Api.All<Job>().Where(j => j.Metadata.DeletionTimestamp is not null))
            bed.Api.Change<Job>(job.FullName(), j => j with { Metadata = j.Metadata with { Finalizers = default } });
    }

    private static CertificateSigningRequest Kubelet(string condition) => new()
    {
        Metadata = new() { Name = "csr" },
        Spec = new()
        {
            SignerName = CertificateSigner.KubeletClientSigner,
            Username = "system:node:n1",
            Usages = [KeyUsage.ClientAuth, KeyUsage.DigitalSignature],
            Request = ByteString.FromUtf8(new CertificateRequest("CN=system:node:n1, O=system:nodes", Key, HashAlgorithmName.SHA256).CreateSigningRequestPem()),
        },
        Status = new() { Conditions = condition.Length == 0 ? default : [new() { Type = condition, Status = "True" }] },
    };

    private static ClusterSigner Authority()
    {
        var authority = new CertificateRequest("CN=ca", Key, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = authority.CreateSelfSigned(new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2035, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return new(root.ExportCertificatePem(), Key.ExportPkcs8PrivateKeyPem());
    }
}
