using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Probes;
using Coxswain.Node.Runtime;
using Container = Coxswain.Api.Core.V1.Container;
using ContainerState = Coxswain.Node.Runtime.ContainerState;

namespace Coxswain.Node.Tests.Pods;

public sealed class PodActionPlannerTests
{
    private readonly ProbeResults _probes = new();

    [Fact]
    public void Two_ready_sandboxes_are_one_too_many()
    {
        var status = new PodRuntimeStatus([Sandbox(1), Sandbox(0)], []);

        var plan = Plan(TestPods.Pod(), status);

        Assert.True(plan.KillPod);
        Assert.True(plan.CreateSandbox);
        Assert.Equal(2u, plan.Attempt);
    }

    [Fact]
    public void A_sandbox_without_an_address_is_made_again() =>
        Assert.True(Plan(TestPods.Pod(), new([Sandbox(0) with { IPs = [] }], [])).CreateSandbox);

    [Fact]
    public void A_dead_sandbox_of_a_pod_that_never_restarts_is_not_replaced()
    {
        var pod = TestPods.Pod().With(spec => spec with { RestartPolicy = "Never" });

        var plan = Plan(pod, new([Sandbox(0) with { State = PodSandboxState.NotReady }], [Instance("web", ContainerState.Exited, 1)]));

        Assert.True(plan.KillPod);
        Assert.False(plan.CreateSandbox);
    }

    [Fact]
    public void With_on_failure_what_succeeded_is_not_started_in_a_new_sandbox()
    {
        var pod = TestPods.Pod("web", TestPods.Container("done"), TestPods.Container("failed")).With(spec => spec with { RestartPolicy = "OnFailure" });

        var plan = Plan(pod, new([Sandbox(0) with { State = PodSandboxState.NotReady }], [Instance("done", ContainerState.Exited, 0), Instance("failed", ContainerState.Exited, 1)]));

        Assert.Equal(["failed"], plan.ToStart.Select(c => c.Name));
    }

    [Fact]
    public void A_failed_init_container_of_a_pod_that_never_restarts_ends_the_pod()
    {
        var pod = TestPods.Pod().With(spec => spec with { RestartPolicy = "Never", InitContainers = [TestPods.Container("init")] });

        var plan = Plan(pod, new([Sandbox(0)], [Instance("init", ContainerState.Exited, 1)]));

        Assert.True(plan.KillPod);
        Assert.Empty(plan.ToStart);
    }

    [Fact]
    public void A_failed_init_container_is_tried_again_otherwise()
    {
        var pod = TestPods.Pod().With(spec => spec with { InitContainers = [TestPods.Container("init"), TestPods.Container("next")] });

        Assert.Equal(["init"], Plan(pod, new([Sandbox(0)], [Instance("init", ContainerState.Exited, 1)])).InitToStart.Select(c => c.Name));
        Assert.Empty(Plan(pod, new([Sandbox(0)], [Instance("init", ContainerState.Running, 0)])).InitToStart);
        Assert.Equal(["next"], Plan(pod, new([Sandbox(0)], [Instance("init", ContainerState.Exited, 0)])).InitToStart.Select(c => c.Name));
    }

    [Fact]
    public void A_sidecar_holds_the_next_init_container_back_until_its_startup_probe_is_content()
    {
        var pod = TestPods.Pod().With(spec => spec with
        {
            InitContainers = [TestPods.Container("side", c => c with { RestartPolicy = "Always", StartupProbe = new() }), TestPods.Container("next")],
        });
        var status = new PodRuntimeStatus([Sandbox(0)], [Instance("side", ContainerState.Running)]);

        Assert.Empty(Plan(pod, status).InitToStart);
        _probes.Set(ProbeType.Startup, "id-side", ProbeResult.Success);
        Assert.Equal(["next"], Plan(pod, status).InitToStart.Select(c => c.Name));
        _probes.Set(ProbeType.Startup, "id-side", ProbeResult.Failure);
        var failed = Plan(pod, status);
        Assert.Equal(["side"], failed.InitToStart.Select(c => c.Name));
        Assert.Equal(KillReason.StartupProbe, Assert.Single(failed.ToKill).Reason);
    }

    [Fact]
    public void Sidecars_do_not_keep_a_finished_pod_alive()
    {
        var pod = TestPods.Pod().With(spec => spec with { RestartPolicy = "Never", InitContainers = [TestPods.Container("side", c => c with { RestartPolicy = "Always" })] });

        var plan = Plan(pod, new([Sandbox(0)], [Instance("web", ContainerState.Exited, 0), Instance("side", ContainerState.Running)]));

        Assert.True(plan.KillPod);
        Assert.Empty(plan.InitToStart);
    }

    [Fact]
    public void A_container_with_rules_of_its_own_is_restarted_by_them()
    {
        var container = TestPods.Container("web", c => c with
        {
            RestartPolicy = "Never",
            RestartPolicyRules = [new() { Action = "Restart", ExitCodes = new() { Operator = "In", Values = [42] } }],
        });
        var pod = TestPods.Pod("web", container);

        Assert.True(RestartRules.AfterExit(pod, container, 42));
        Assert.False(RestartRules.AfterExit(pod, container, 1));
    }

    [Fact]
    public void A_deleted_pod_starts_nothing_again()
    {
        var pod = TestPods.Pod();
        pod = pod with { Metadata = pod.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } };

        Assert.False(RestartRules.ShouldRestart(pod, pod.Spec.Containers[0], new([Sandbox(0)], [Instance("web", ContainerState.Exited, 1)])));
    }

    private PodActions Plan(Pod pod, PodRuntimeStatus status) => PodActionPlanner.Plan(pod, status, _probes);

    private static PodSandboxStatus Sandbox(uint attempt) => new()
    {
        Id = $"sandbox-{attempt}",
        Metadata = new("web", "uid-web", "default", attempt),
        State = PodSandboxState.Ready,
        CreatedAt = DateTimeOffset.UnixEpoch,
        IPs = ["10.1.0.5"],
    };

    internal static ContainerInstance Instance(string name, ContainerState state, int exitCode = 0) => new(name, "sandbox-0", new()
    {
        Id = "id-" + name,
        Metadata = new(name, 0),
        State = state,
        CreatedAt = DateTimeOffset.UnixEpoch,
        Image = new("web:1"),
        ExitCode = exitCode,
        Annotations = new Dictionary<string, string> { [RuntimeLabels.ContainerHash] = ContainerHash.Of(new Container { Name = name, Image = "web:1" }) },
    });
}
