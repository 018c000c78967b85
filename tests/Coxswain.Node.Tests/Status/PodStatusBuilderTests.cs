using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Probes;
using Coxswain.Node.Runtime;
using Coxswain.Node.Status;
using Coxswain.Node.Tests.Pods;
using ContainerState = Coxswain.Node.Runtime.ContainerState;

namespace Coxswain.Node.Tests.Status;

public sealed class PodStatusBuilderTests
{
    private readonly ProbeResults _probes = new();

    [Theory]
    [InlineData("Always", "running", "Running")]
    [InlineData("Always", "exited0", "Running")]
    [InlineData("OnFailure", "exited1", "Running")]
    [InlineData("OnFailure", "exited0", "Succeeded")]
    [InlineData("Never", "exited1", "Failed")]
    [InlineData("Never", "exited0", "Succeeded")]
    [InlineData("Always", "none", "Pending")]
    public void The_phase_follows_from_the_container_and_the_restart_policy(string policy, string state, string phase)
    {
        var status = Build(TestPods.Pod().With(spec => spec with { RestartPolicy = policy }), state == "none" ? [] : [Instance(state)]);

        Assert.Equal(phase, status.Phase);
    }

    [Theory]
    [InlineData("exited0", "Succeeded")]
    [InlineData("exited1", "Failed")]
    public void A_pod_that_is_over_has_a_final_phase_whatever_its_policy(string state, string phase) =>
        Assert.Equal(phase, Build(TestPods.Pod(), [Instance(state)], input => input with { Terminal = true }).Phase);

    [Fact]
    public void A_terminal_phase_is_never_taken_back()
    {
        var status = Build(TestPods.Pod(), [Instance("running")], input => input with { Old = new() { Phase = "Failed", Reason = "Evicted", Message = "why" } });

        Assert.Equal("Failed", status.Phase);
        Assert.Equal("Evicted", status.Reason);
        Assert.Equal("why", status.Message);
    }

    [Fact]
    public void A_container_with_a_readiness_probe_is_ready_by_its_word()
    {
        var pod = TestPods.Pod("web", TestPods.Container("web", c => c with { ReadinessProbe = new() }));
        var unready = Build(pod, [Instance("running")]);
        Assert.False(unready.ContainerStatuses[0].Ready);
        Assert.True(unready.ContainerStatuses[0].Started);
        Assert.Equal("containers with unready status: [web]", Condition(unready, "Ready").Message);

        _probes.Set(ProbeType.Readiness, "id-web", ProbeResult.Success);
        Assert.Equal("True", Condition(Build(pod, [Instance("running")]), "ContainersReady").Status);
    }

    [Fact]
    public void A_readiness_gate_holds_the_pod_back_until_its_condition_is_true()
    {
        var pod = TestPods.Pod().With(spec => spec with { ReadinessGates = [new() { ConditionType = "example.com/lb" }] });

        var missing = Build(pod, [Instance("running")]);
        Assert.Equal("True", Condition(missing, "ContainersReady").Status);
        Assert.Equal("ReadinessGatesNotReady", Condition(missing, "Ready").Reason);
        Assert.Equal("corresponding condition of pod readiness gate \"example.com/lb\" does not exist.", Condition(missing, "Ready").Message);
        var present = Build(pod, [Instance("running")], input => input with { Old = new() { Conditions = [new() { Type = "example.com/lb", Status = "True" }] } });
        Assert.Equal("True", Condition(present, "Ready").Status);
    }

    [Fact]
    public void A_condition_keeps_the_time_of_its_last_change()
    {
        var since = DateTimeOffset.UnixEpoch;
        var status = Build(TestPods.Pod(), [Instance("running")], input => input with
        {
            Old = new() { Conditions = [new() { Type = "Ready", Status = "True", LastTransitionTime = since }, new() { Type = "Initialized", Status = "False", LastTransitionTime = since }] },
        });

        Assert.Equal(since, Condition(status, "Ready").LastTransitionTime);
        Assert.NotEqual(since, Condition(status, "Initialized").LastTransitionTime);
        Assert.Equal(1, Condition(status, "Ready").ObservedGeneration);
    }

    [Fact]
    public void A_container_that_waits_to_be_restarted_shows_its_last_end_beside_the_reason()
    {
        var status = Build(TestPods.Pod(), [Instance("exited1")], input => input with
        {
            WaitReasons = new Dictionary<string, WaitReason> { ["web"] = new("CrashLoopBackOff", "back-off 10s") },
        }).ContainerStatuses[0];

        Assert.Equal("CrashLoopBackOff", status.State.Waiting!.Reason);
        Assert.Equal(1, status.LastState.Terminated!.ExitCode);
        Assert.Equal("Error", status.LastState.Terminated.Reason);
    }

    [Fact]
    public void A_running_container_that_vanished_is_told_as_such()
    {
        var old = new PodStatus { Phase = "Running", ContainerStatuses = [new() { Name = "web", RestartCount = 2, State = new() { Running = new() { StartedAt = DateTimeOffset.UnixEpoch } } }] };
        var status = Build(TestPods.Pod(), [], input => input with { Old = old }).ContainerStatuses[0];

        Assert.Equal("ContainerStatusUnknown", status.LastState.Terminated!.Reason);
        Assert.Equal(137, status.LastState.Terminated.ExitCode);
        Assert.Equal(2, status.RestartCount);
    }

    [Fact]
    public void Statuses_tell_resources_and_mounts_of_what_runs()
    {
        var pod = TestPods.Pod("web", TestPods.Container("web", c => c with
        {
            Resources = new() { Requests = TestPods.Quantities(("cpu", "1")) },
            VolumeMounts = [new() { Name = "v", MountPath = "/v", ReadOnly = true }],
        }));

        var status = Build(pod, [Instance("running")]).ContainerStatuses[0];

        Assert.Equal("1", status.AllocatedResources["cpu"].ToString());
        Assert.Equal("Disabled", status.VolumeMounts[0].RecursiveReadOnly);
    }

    private PodStatus Build(Pod pod, ContainerInstance[] instances, Func<PodStatusInput, PodStatusInput>? adjust = null)
    {
        var sandbox = new PodSandboxStatus
        {
            Id = "sandbox-0",
            Metadata = new("web", "uid-web", "default", 0),
            State = PodSandboxState.Ready,
            CreatedAt = DateTimeOffset.UnixEpoch,
            IPs = ["10.1.0.5"],
        };
        var input = new PodStatusInput
        {
            Pod = pod,
            Old = PodStatus.Empty,
            Runtime = new([sandbox], instances),
            Probes = _probes,
            WaitReasons = new Dictionary<string, WaitReason>(),
            Node = TestPods.Node,
            RuntimeName = "containerd",
            Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
        };
        return PodStatusBuilder.Build(adjust?.Invoke(input) ?? input);
    }

    private static PodCondition Condition(PodStatus status, string type) => status.Conditions.Single(c => c.Type == type);

    private static ContainerInstance Instance(string state) => state == "running"
        ? PodActionPlannerTests.Instance("web", ContainerState.Running)
        : PodActionPlannerTests.Instance("web", ContainerState.Exited, state[^1] - '0');
}
