using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Scheduling.V1;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Tests.Registry;

namespace Coxswain.ApiServer.Tests.Admission;

/// <summary>What plug-ins make of a new pod.</summary>
public sealed class PodAdmissionTests
{
    private static readonly ServiceAccount Account = new() { Metadata = new ObjectMeta { Namespace = "ns", Name = "default" } };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static AdmissionContext Context() =>
        new() { Operation = AdmissionOperation.Create, Descriptor = Pod.Descriptor, Namespace = "ns", Name = "p", Now = Rules.Now };

    private static Pod NewPod(string members = "") =>
        Rules.Read<Pod>($$$"""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]{{{members}}}}}""");

    private static async Task<Pod> MutateAsync(IAdmissionPlugin plugin, Pod pod) => (Pod)(await plugin.MutateAsync(Context(), pod, Cancellation))!;

    [Fact]
    public async Task The_default_account_is_taken_and_its_token_mounted()
    {
        var pod = await MutateAsync(new ServiceAccountAdmission(new EmptyCluster(Account), TimeProvider.System), NewPod());

        Assert.Equal("default", pod.Spec.ServiceAccountName);
        Assert.StartsWith("kube-api-access-", pod.Spec.Volumes[0].Name, StringComparison.Ordinal);
        Assert.Equal(3607, pod.Spec.Volumes[0].Projected!.Sources[0].ServiceAccountToken!.ExpirationSeconds);
        Assert.Equal("kube-root-ca.crt", pod.Spec.Volumes[0].Projected!.Sources[1].ConfigMap!.Name);
        Assert.Equal("/var/run/secrets/kubernetes.io/serviceaccount", pod.Spec.Containers[0].VolumeMounts[0].MountPath);
    }

    [Fact]
    public async Task Nothing_is_mounted_where_the_pod_declines()
    {
        var pod = await MutateAsync(
            new ServiceAccountAdmission(new EmptyCluster(Account), TimeProvider.System), NewPod(""","automountServiceAccountToken":false"""));

        Assert.Empty(pod.Spec.Volumes);
    }

    [Fact]
    public async Task An_account_that_is_not_there_refuses_the_pod()
    {
        var plugin = new ServiceAccountAdmission(new EmptyCluster(), TimeProvider.System);

        var refusal = await Assert.ThrowsAsync<ApiException>(() => MutateAsync(plugin, NewPod(""","serviceAccountName":"none" """)));

        Assert.Equal("pods \"p\" is forbidden: error looking up service account ns/none: serviceaccount \"none\" not found", refusal.Status.Message);
    }

    [Fact]
    public async Task The_class_gives_the_priority()
    {
        var hi = new PriorityClass { Metadata = new ObjectMeta { Name = "hi" }, Value = 1000, PreemptionPolicy = "Never" };
        var plugin = new PriorityAdmission(new EmptyCluster(hi));

        var pod = await MutateAsync(plugin, NewPod(""","priorityClassName":"hi" """));
        var refusal = await Assert.ThrowsAsync<ApiException>(() => MutateAsync(plugin, NewPod(""","priority":5""")));

        Assert.Equal((1000, "Never"), (pod.Spec.Priority!.Value, pod.Spec.PreemptionPolicy));
        Assert.Equal("pods \"p\" is forbidden: the integer value of priority (5) must not be provided in pod spec; "
            + "priority admission controller computed 0 from the given PriorityClass name", refusal.Status.Message);
    }

    [Fact]
    public async Task Pods_stay_five_minutes_on_nodes_that_fail()
    {
        var pod = await MutateAsync(new DefaultTolerationSecondsAdmission(), NewPod());

        Assert.Equal(["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"], pod.Spec.Tolerations.Select(t => t.Key));
        Assert.All(pod.Spec.Tolerations, t => Assert.Equal(300, t.TolerationSeconds));
    }

    [Fact]
    public async Task A_terminating_namespace_takes_nothing_new()
    {
        var dying = new Namespace { Metadata = new ObjectMeta { Name = "ns" }, Status = new NamespaceStatus { Phase = "Terminating" } };
        var plugin = new NamespaceLifecycleAdmission(new EmptyCluster(dying), TimeProvider.System);

        var refusal = await Assert.ThrowsAsync<ApiException>(() => MutateAsync(plugin, NewPod()));

        Assert.Equal("pods \"p\" is forbidden: unable to create new content in namespace ns because it is being terminated", refusal.Status.Message);
        Assert.Equal("NamespaceTerminating", refusal.Status.Details!.Causes[0].Reason);
    }

    [Fact]
    public async Task A_restricted_namespace_names_all_that_a_pod_breaks()
    {
        var strict = new Namespace
        {
            Metadata = new ObjectMeta { Name = "ns", Labels = ApiMap.Of("pod-security.kubernetes.io/enforce", "restricted") },
        };
        IAdmissionPlugin plugin = new PodSecurityAdmission(new EmptyCluster(strict));

        var refusal = await Assert.ThrowsAsync<ApiException>(async () => await plugin.ValidateAsync(Context(), NewPod(), Cancellation));

        Assert.Equal("pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": "
            + "allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), "
            + "unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), "
            + "runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true), "
            + "seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")",
            refusal.Status.Message);
    }
}
