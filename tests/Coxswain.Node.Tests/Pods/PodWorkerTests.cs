using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Node.Probes;
using Coxswain.Node.Runtime;
using static Coxswain.Node.Tests.Pods.PodHarness;
using ContainerState = Coxswain.Node.Runtime.ContainerState;

namespace Coxswain.Node.Tests.Pods;

public sealed class PodWorkerTests
{
    [Fact]
    public async Task A_new_pod_gets_a_sandbox_and_its_container_and_is_told_to_run()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());

        await worker.PassAsync(Cancellation);

        Assert.Equal(["sandbox web 0", "create web", "start web"], harness.Runtime.Calls);
        var status = harness.Stored().Status;
        Assert.Equal("Running", status.Phase);
        Assert.Equal("10.244.0.1", status.PodIP);
        Assert.Equal("192.0.2.10", status.HostIP);
        Assert.Equal(harness.Clock.GetUtcNow(), status.StartTime);
        Assert.Equal("BestEffort", status.QosClass);
        Assert.Equal("True", status.Conditions.Single(c => c.Type == "Ready").Status);
        var container = harness.StatusOf("web");
        Assert.True(container.Ready);
        Assert.Equal("containerd://container-2", container.ContainerID);
        Assert.Equal("docker.io/library/web:1", container.Image);
        Assert.Equal(
            [
                "Normal Pulled spec.containers{web}: Container image \"web:1\" already present on machine and can be accessed by the pod",
                "Normal Created spec.containers{web}: Container created",
                "Normal Started spec.containers{web}: Container started",
            ],
            harness.Events.All);
    }

    [Fact]
    public async Task A_second_pass_over_a_healthy_pod_changes_nothing_and_writes_nothing()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);
        var calls = harness.Runtime.Calls.Count;
        var writes = harness.Api.Writes.Count;

        harness.Clock.Advance(TimeSpan.FromSeconds(5));
        await worker.PassAsync(Cancellation);

        Assert.Equal(calls, harness.Runtime.Calls.Count);
        Assert.Equal(writes, harness.Api.Writes.Count);
    }

    [Fact]
    public async Task A_restarted_agent_adopts_what_runs_and_restarts_nothing()
    {
        await using var harness = new PodHarness();
        var first = await harness.AddAsync(TestPods.Pod());
        await first.PassAsync(Cancellation);
        var calls = harness.Runtime.Calls.Count;

        var second = harness.WorkerFor(harness.Stored());
        await second.PassAsync(Cancellation);

        Assert.Equal(calls, harness.Runtime.Calls.Count);
        Assert.Equal("Running", harness.Stored().Status.Phase);
        Assert.Equal(0, harness.StatusOf("web").RestartCount);
    }

    [Fact]
    public async Task A_container_that_fails_is_restarted_at_once_and_then_after_ten_seconds_doubling()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);

        harness.Runtime.Exit("web", 1);
        await worker.PassAsync(Cancellation);
        Assert.Equal(1, harness.StatusOf("web").RestartCount);
        Assert.Equal(1, harness.StatusOf("web").LastState.Terminated!.ExitCode);

        harness.Runtime.Exit("web", 1);
        var wait = await worker.PassAsync(Cancellation);
        var waiting = harness.StatusOf("web");
        Assert.Equal(TimeSpan.FromSeconds(10), wait);
        Assert.Equal("CrashLoopBackOff", waiting.State.Waiting!.Reason);
        Assert.StartsWith("back-off 10s restarting failed container=web pod=web_default(", waiting.State.Waiting.Message, StringComparison.Ordinal);
        Assert.Contains(harness.Events.All, e => e.StartsWith("Warning BackOff spec.containers{web}: Back-off restarting failed container web in pod web_default(", StringComparison.Ordinal));
        Assert.Equal("Running", harness.Stored().Status.Phase);
        Assert.Equal("False", harness.Stored().Status.Conditions.Single(c => c.Type == "Ready").Status);

        harness.Clock.Advance(TimeSpan.FromSeconds(10));
        await worker.PassAsync(Cancellation);
        Assert.Equal(2, harness.StatusOf("web").RestartCount);

        harness.Runtime.Exit("web", 1);
        Assert.Equal(TimeSpan.FromSeconds(20), await worker.PassAsync(Cancellation));
    }

    [Fact]
    public async Task A_container_that_ran_for_ten_minutes_begins_its_back_off_anew()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);
        for (var i = 0; i < 4; i++)
        {
            harness.Runtime.Exit("web", 1);
            harness.Clock.Advance(await worker.PassAsync(Cancellation));
            await worker.PassAsync(Cancellation);
        }

        harness.Clock.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(1));
        harness.Runtime.Exit("web", 1);
        await worker.PassAsync(Cancellation);
        Assert.Equal(ContainerState.Running, harness.Runtime.Find("web").State);
        harness.Runtime.Exit("web", 1);
        Assert.Equal(TimeSpan.FromSeconds(10), await worker.PassAsync(Cancellation));
    }

    [Fact]
    public async Task A_pod_that_never_restarts_succeeds_when_its_container_does_and_keeps_its_log()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod().With(spec => spec with { RestartPolicy = "Never" }));
        await worker.PassAsync(Cancellation);

        harness.Runtime.Exit("web", 0);
        await worker.PassAsync(Cancellation);

        var status = harness.Stored().Status;
        Assert.Equal("Succeeded", status.Phase);
        Assert.Equal("PodCompleted", status.Conditions.Single(c => c.Type == "Ready").Reason);
        Assert.Equal("10.244.0.1", status.PodIP);
        Assert.Contains("stop-sandbox web", harness.Runtime.Calls);
        Assert.Equal(1, harness.Runtime.Count("web"));
        Assert.False(Directory.Exists(harness.Directories.Pod(worker.Uid)));
    }

    [Fact]
    public async Task A_pod_that_never_restarts_fails_when_its_container_does()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod().With(spec => spec with { RestartPolicy = "Never" }));
        await worker.PassAsync(Cancellation);

        harness.Runtime.Exit("web", 3, "OOMKilled");
        await worker.PassAsync(Cancellation);

        Assert.Equal("Failed", harness.Stored().Status.Phase);
        Assert.Equal("OOMKilled", harness.StatusOf("web").State.Terminated!.Reason);
    }

    [Fact]
    public async Task Init_containers_run_one_after_the_other_before_the_others()
    {
        await using var harness = new PodHarness();
        var pod = TestPods.Pod().With(spec => spec with { InitContainers = [TestPods.Container("first"), TestPods.Container("second")] });
        var worker = await harness.AddAsync(pod);

        await worker.PassAsync(Cancellation);
        Assert.Equal(["sandbox web 0", "create first", "start first"], harness.Runtime.Calls);
        Assert.Equal("Pending", harness.Stored().Status.Phase);
        Assert.Equal("PodInitializing", harness.StatusOf("web").State.Waiting!.Reason);
        Assert.Equal("containers with incomplete status: [first second]", harness.Stored().Status.Conditions.Single(c => c.Type == "Initialized").Message);

        harness.Runtime.Exit("first", 0);
        await worker.PassAsync(Cancellation);
        Assert.Equal("start second", harness.Runtime.Calls[^1]);

        harness.Runtime.Exit("second", 0);
        await worker.PassAsync(Cancellation);
        Assert.Equal("start web", harness.Runtime.Calls[^1]);
        Assert.Equal("Running", harness.Stored().Status.Phase);
        Assert.Equal("True", harness.Stored().Status.Conditions.Single(c => c.Type == "Initialized").Status);
        Assert.Equal("Completed", harness.StatusOf("first").State.Terminated!.Reason);
    }

    [Fact]
    public async Task A_sidecar_is_started_before_the_next_init_container_and_stopped_last()
    {
        await using var harness = new PodHarness();
        var pod = TestPods.Pod().With(spec => spec with
        {
            InitContainers = [TestPods.Container("proxy", c => c with { RestartPolicy = "Always" }), TestPods.Container("setup")],
        });
        var worker = await harness.AddAsync(pod);

        await worker.PassAsync(Cancellation);
        await worker.PassAsync(Cancellation);
        Assert.Equal(["start proxy", "start setup"], harness.Runtime.Calls.Where(c => c.StartsWith("start", StringComparison.Ordinal)));
        harness.Runtime.Exit("setup", 0);
        await worker.PassAsync(Cancellation);
        Assert.Equal(ContainerState.Running, harness.Runtime.Find("web").State);
        Assert.Equal(ContainerState.Running, harness.Runtime.Find("proxy").State);

        harness.Runtime.Exit("proxy", 1);
        await worker.PassAsync(Cancellation);
        Assert.Equal(ContainerState.Running, harness.Runtime.Find("proxy").State);

        harness.Delete(worker);
        await worker.PassAsync(Cancellation);
        var stops = harness.Runtime.Calls.Where(c => c.StartsWith("stop ", StringComparison.Ordinal)).Select(c => c.Split(' ')[1]);
        Assert.Equal(["web", "proxy"], stops);
    }

    [Fact]
    public async Task A_missing_config_map_key_is_a_config_error_until_it_is_there()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod("web", TestPods.Container("web", c => c with
        {
            Env = [new() { Name = "MODE", ValueFrom = new() { ConfigMapKeyRef = new() { Name = "settings", Key = "mode" } } }],
        })));

        await worker.PassAsync(Cancellation);
        var waiting = harness.StatusOf("web").State.Waiting!;
        Assert.Equal("CreateContainerConfigError", waiting.Reason);
        Assert.Equal("configmap \"settings\" not found", waiting.Message);
        Assert.Contains("Warning Failed spec.containers{web}: Error: configmap \"settings\" not found", harness.Events.All);
        Assert.Equal("Pending", harness.Stored().Status.Phase);

        await harness.Api.CreateAsync(new ConfigMap { Metadata = new() { Name = "settings", Namespace = "default" }, Data = ApiMap.Of("mode", "fast") }, Cancellation);
        await worker.PassAsync(Cancellation);
        Assert.Contains(KeyValuePair.Create("MODE", "fast"), harness.Runtime.ConfigOf("web").Envs);
        Assert.Equal("Running", harness.Stored().Status.Phase);
    }

    [Fact]
    public async Task An_image_that_cannot_be_pulled_backs_off_and_says_so()
    {
        await using var harness = new PodHarness();
        harness.Runtime.PullFailure = (_, _) => new(RuntimeErrorCode.NotFound, "no such image");
        var worker = await harness.AddAsync(TestPods.Pod("web", TestPods.Container("web", c => c with { Image = "missing:2" })));

        await worker.PassAsync(Cancellation);
        Assert.Equal("ErrImagePull", harness.StatusOf("web").State.Waiting!.Reason);
        Assert.Equal("rpc error: code = NotFound desc = no such image", harness.StatusOf("web").State.Waiting!.Message);
        Assert.Contains("Normal Pulling spec.containers{web}: Pulling image \"missing:2\"", harness.Events.All);
        Assert.Contains("Warning Failed spec.containers{web}: Failed to pull image \"missing:2\": rpc error: code = NotFound desc = no such image", harness.Events.All);
        Assert.Contains("Warning Failed spec.containers{web}: Error: ErrImagePull", harness.Events.All);

        await worker.PassAsync(Cancellation);
        Assert.Equal("ImagePullBackOff", harness.StatusOf("web").State.Waiting!.Reason);
        Assert.Equal("Back-off pulling image \"missing:2\": ErrImagePull: rpc error: code = NotFound desc = no such image", harness.StatusOf("web").State.Waiting!.Message);
        Assert.Contains("Warning Failed spec.containers{web}: Error: ImagePullBackOff", harness.Events.All);
        Assert.Single(harness.Runtime.Calls, "pull docker.io/library/missing:2");

        harness.Runtime.PullFailure = null;
        harness.Clock.Advance(TimeSpan.FromSeconds(10));
        await worker.PassAsync(Cancellation);
        Assert.Equal("Running", harness.Stored().Status.Phase);
        Assert.Contains(harness.Events.All, e => e.StartsWith("Normal Pulled spec.containers{web}: Successfully pulled image \"missing:2\" in 0s (0s including waiting). Image size: 1000 bytes.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Never", "web:1", false)]
    [InlineData("IfNotPresent", "web:1", false)]
    [InlineData("Always", "web:1", true)]
    [InlineData("IfNotPresent", "other:1", true)]
    public async Task The_pull_policy_decides_whether_an_image_is_pulled(string policy, string image, bool pulled)
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod("web", TestPods.Container("web", c => c with { ImagePullPolicy = policy, Image = image })));

        await worker.PassAsync(Cancellation);

        Assert.Equal(pulled, harness.Runtime.Calls.Any(call => call.StartsWith("pull", StringComparison.Ordinal)));
        Assert.Equal("Running", harness.Stored().Status.Phase);
    }

    [Fact]
    public async Task An_absent_image_with_policy_never_is_an_error_of_its_own()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod("web", TestPods.Container("web", c => c with { ImagePullPolicy = "Never", Image = "other:1" })));

        await worker.PassAsync(Cancellation);

        Assert.Equal("ErrImageNeverPull", harness.StatusOf("web").State.Waiting!.Reason);
        Assert.Equal("Container image \"other:1\" is not present with pull policy of Never", harness.StatusOf("web").State.Waiting!.Message);
    }

    [Fact]
    public async Task A_name_that_can_be_no_image_is_an_invalid_image_name()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod("web", TestPods.Container("web", c => c with { Image = "Not An Image" })));

        await worker.PassAsync(Cancellation);

        Assert.Equal("InvalidImageName", harness.StatusOf("web").State.Waiting!.Reason);
    }

    [Fact]
    public async Task A_deleted_pod_is_stopped_with_its_grace_and_then_leaves_the_api()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);

        harness.Delete(worker, grace: 7);
        await worker.PassAsync(Cancellation);

        Assert.Contains("stop web 7", harness.Runtime.Calls);
        Assert.Contains("Normal Killing spec.containers{web}: Stopping container web", harness.Events.All);
        Assert.False(harness.IsStored());
        Assert.Equal(0, harness.Runtime.SandboxCount);
        Assert.True(worker.IsFinished);
        Assert.False(Directory.Exists(harness.Directories.Pod(worker.Uid)));
    }

    [Fact]
    public async Task A_second_more_urgent_deletion_shortens_the_grace()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        harness.Runtime.OnStop = async (_, timeout, cancellation) =>
        {
            stopping.TrySetResult();
            if (timeout > TimeSpan.FromSeconds(5))
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
        };

        harness.Delete(worker, grace: 600);
        var pass = worker.PassAsync(Cancellation);
        await stopping.Task.WaitAsync(Cancellation);
        harness.Delete(worker, grace: 3);
        await pass;

        Assert.Contains("stop web 600", harness.Runtime.Calls);
        Assert.Contains("stop web 3", harness.Runtime.Calls);
        Assert.False(harness.IsStored());
    }

    [Fact]
    public async Task A_deletion_cuts_a_long_pull_short()
    {
        await using var harness = new PodHarness();
        var pulling = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        harness.Runtime.OnPull = async cancellation =>
        {
            pulling.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
        };
        var worker = await harness.AddAsync(TestPods.Pod("web", TestPods.Container("web", c => c with { Image = "huge:1" })));

        var pass = worker.PassAsync(Cancellation);
        await pulling.Task.WaitAsync(Cancellation);
        harness.Delete(worker);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pass);
        await worker.PassAsync(Cancellation);
        Assert.False(harness.IsStored());
    }

    [Fact]
    public async Task A_pod_that_is_gone_from_the_api_is_taken_down_without_telling_anyone()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);
        var last = harness.Stored();
        await harness.Api.DeleteAsync<Pod>(last.FullName(), new() { GracePeriodSeconds = 0 }, Cancellation);
        var writes = harness.Api.Writes.Count;

        worker.Removed(last);
        await worker.PassAsync(Cancellation);

        Assert.True(worker.IsFinished);
        Assert.Equal(0, harness.Runtime.SandboxCount);
        Assert.Equal(writes, harness.Api.Writes.Count);
    }

    [Fact]
    public async Task A_younger_pod_of_the_same_name_is_not_deleted_in_the_old_ones_place()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);
        harness.Delete(worker);
        await harness.Api.DeleteAsync<Pod>(new("default", "web"), new() { GracePeriodSeconds = 0 }, Cancellation);
        var younger = await harness.Api.CreateAsync(TestPods.Pod() with { Metadata = new() { Name = "web", Namespace = "default" } }, Cancellation);

        await worker.PassAsync(Cancellation);

        Assert.Equal(younger.Metadata.Uid, harness.Stored().Metadata.Uid);
        Assert.Null(harness.Stored().Metadata.DeletionTimestamp);
    }

    [Fact]
    public async Task A_pod_past_its_deadline_fails_and_stops()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod().With(spec => spec with { ActiveDeadlineSeconds = 20 }));
        Assert.Equal(TimeSpan.FromSeconds(20), await worker.PassAsync(Cancellation));

        harness.Clock.Advance(TimeSpan.FromSeconds(20));
        await worker.PassAsync(Cancellation);

        Assert.Equal("Failed", harness.Stored().Status.Phase);
        Assert.Equal("DeadlineExceeded", harness.Stored().Status.Reason);
        Assert.Equal("Pod was active on the node longer than the specified deadline", harness.Stored().Status.Message);
        Assert.Equal(ContainerState.Exited, harness.Runtime.Find("web").State);
    }

    [Fact]
    public async Task A_failed_liveness_probe_restarts_the_container()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);

        harness.Probes.Set(ProbeType.Liveness, harness.Runtime.Find("web").Id, ProbeResult.Failure);
        await worker.PassAsync(Cancellation);

        Assert.Contains("Normal Killing spec.containers{web}: Container web failed liveness probe, will be restarted", harness.Events.All);
        Assert.Contains("stop web 30", harness.Runtime.Calls);
        await worker.PassAsync(Cancellation);
        Assert.Equal(1, harness.StatusOf("web").RestartCount);
        Assert.NotNull(harness.StatusOf("web").State.Running);
    }

    [Fact]
    public async Task A_changed_image_replaces_the_container_only()
    {
        await using var harness = new PodHarness();
        harness.Runtime.AddImage("docker.io/library/web:2");
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);

        worker.Update(harness.Api.Change<Pod>(new("default", "web"), pod => pod.With(spec => spec with { Containers = [spec.Containers[0] with { Image = "web:2" }] })));
        await worker.PassAsync(Cancellation);
        await worker.PassAsync(Cancellation);

        Assert.Contains("Normal Killing spec.containers{web}: Container web definition changed, will be restarted", harness.Events.All);
        Assert.Equal("docker.io/library/web:2", harness.StatusOf("web").Image);
        Assert.Equal(1, harness.Runtime.SandboxCount);
    }

    [Fact]
    public async Task After_a_reboot_a_pod_gets_a_new_sandbox_and_its_containers_count_a_restart()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);
        harness.Runtime.Reboot();
        harness.Events.Clear();

        await worker.PassAsync(Cancellation);

        Assert.Contains("Normal SandboxChanged: Pod sandbox changed, it will be killed and re-created.", harness.Events.All);
        Assert.Contains("sandbox web 1", harness.Runtime.Calls);
        Assert.Equal(1, harness.StatusOf("web").RestartCount);
        Assert.Equal("Running", harness.Stored().Status.Phase);
        Assert.Equal("10.244.0.3", harness.Stored().Status.PodIP);
    }

    [Fact]
    public async Task A_sandbox_that_cannot_be_made_is_told_and_tried_again()
    {
        await using var harness = new PodHarness();
        harness.Runtime.SandboxFailure = _ => new(RuntimeErrorCode.Unknown, "no address left");
        var worker = await harness.AddAsync(TestPods.Pod());

        await worker.PassAsync(Cancellation);
        Assert.Contains("Warning FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = no address left", harness.Events.All);
        Assert.Equal("ContainerCreating", harness.StatusOf("web").State.Waiting!.Reason);

        harness.Runtime.SandboxFailure = null;
        await worker.PassAsync(Cancellation);
        Assert.Equal("Running", harness.Stored().Status.Phase);
    }

    [Fact]
    public async Task Refusals_of_the_runtime_to_create_or_start_have_their_own_reasons()
    {
        await using var harness = new PodHarness();
        harness.Runtime.CreateFailure = _ => new(RuntimeErrorCode.Unknown, "bad mount");
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);
        Assert.Equal("CreateContainerError", harness.StatusOf("web").State.Waiting!.Reason);
        Assert.Equal("bad mount", harness.StatusOf("web").State.Waiting!.Message);

        harness.Runtime.CreateFailure = null;
        harness.Runtime.StartFailure = _ => new(RuntimeErrorCode.Unknown, "exec: no such file");
        await worker.PassAsync(Cancellation);
        Assert.Equal("RunContainerError", harness.StatusOf("web").State.Waiting!.Reason);
        Assert.Contains("Warning Failed spec.containers{web}: Error: exec: no such file", harness.Events.All);
    }

    [Fact]
    public async Task A_pod_waits_for_the_network_unless_it_uses_the_hosts()
    {
        await using var harness = new PodHarness();
        harness.Runtime.Network = new(RuntimeStatus.NetworkReady, false, "NetworkPluginNotReady", "no config");
        var worker = await harness.AddAsync(TestPods.Pod());
        var hostNetwork = await harness.AddAsync(TestPods.Pod("host").With(spec => spec with { HostNetwork = true }));

        await worker.PassAsync(Cancellation);
        await hostNetwork.PassAsync(Cancellation);

        Assert.Contains(
            "Warning NetworkNotReady: network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:no config",
            harness.Events.All);
        Assert.Equal("Pending", harness.Stored().Status.Phase);
        Assert.Equal("Running", harness.Stored("host").Status.Phase);
        Assert.Equal("192.0.2.10", harness.Stored("host").Status.PodIP);
    }

    [Fact]
    public async Task A_post_start_hook_that_fails_kills_the_container()
    {
        await using var harness = new PodHarness();
        harness.Runtime.Exec = (_, _) => new("boom"u8.ToArray(), default, 1);
        var worker = await harness.AddAsync(TestPods.Pod("web", TestPods.Container("web", c => c with
        {
            Lifecycle = new() { PostStart = new() { Exec = new() { Command = ["warm", "up"] } } },
        })));

        await worker.PassAsync(Cancellation);

        Assert.Contains("exec web warm up", harness.Runtime.Calls);
        Assert.Contains("Warning FailedPostStartHook spec.containers{web}: PostStartHook failed", harness.Events.All);
        Assert.Equal("PostStartHookError", harness.StatusOf("web").State.Waiting!.Reason);
    }

    [Fact]
    public async Task A_pre_stop_hook_runs_before_the_signal_and_takes_from_the_grace()
    {
        await using var harness = new PodHarness();
        harness.Runtime.Exec = (_, _) =>
        {
            harness.Clock.Advance(TimeSpan.FromSeconds(4));
            return new(default, default, 0);
        };
        var worker = await harness.AddAsync(TestPods.Pod("web", TestPods.Container("web", c => c with
        {
            Lifecycle = new() { PreStop = new() { Exec = new() { Command = ["drain"] } } },
        })));
        await worker.PassAsync(Cancellation);

        harness.Delete(worker, grace: 10);
        await worker.PassAsync(Cancellation);

        var calls = harness.Runtime.Calls.ToList();
        Assert.True(calls.IndexOf("exec web drain") < calls.IndexOf("stop web 6"));
        Assert.Contains("stop web 6", calls);
    }

    [Fact]
    public async Task A_sleeping_pre_stop_hook_never_outlasts_the_grace()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod("web", TestPods.Container("web", c => c with
        {
            Lifecycle = new() { PreStop = new() { Sleep = new() { Seconds = 3600 } } },
        })));
        await worker.PassAsync(Cancellation);

        harness.Delete(worker, grace: 5);
        var waiting = harness.Clock.Waiting;
        var pass = worker.PassAsync(Cancellation);
        await Testing.Eventually.TrueAsync(() => harness.Clock.Waiting > waiting, cancellation: Cancellation);
        harness.Clock.Advance(TimeSpan.FromSeconds(5));
        await pass;

        Assert.Contains("Warning FailedPreStopHook spec.containers{web}: PreStopHook failed", harness.Events.All);
        Assert.Contains("stop web 2", harness.Runtime.Calls);
    }

    [Fact]
    public async Task An_ephemeral_container_joins_the_process_space_of_its_target()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);

        worker.Update(harness.Api.Change<Pod>(new("default", "web"), pod => pod.With(spec => spec with
        {
            EphemeralContainers = [new() { Name = "debug", Image = "web:1", TargetContainerName = "web", Stdin = true, Tty = true }],
        })));
        await worker.PassAsync(Cancellation);

        var config = harness.Runtime.ConfigOf("debug");
        Assert.Equal(NamespaceMode.Target, config.Linux.SecurityContext.NamespaceOptions.Pid);
        Assert.Equal(harness.Runtime.Find("web").Id, config.Linux.SecurityContext.NamespaceOptions.TargetId);
        Assert.True(config.Tty);
        Assert.NotNull(harness.StatusOf("debug").State.Running);

        harness.Runtime.Exit("debug", 0);
        await worker.PassAsync(Cancellation);
        Assert.Equal(1, harness.Runtime.Count("debug"));
    }

    [Fact]
    public async Task A_volume_that_is_not_ready_holds_the_pod_back_and_is_told()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod().With(spec => spec with
        {
            Volumes = [new() { Name = "settings", ConfigMap = new() { Name = "settings" } }],
        }));

        await Assert.ThrowsAsync<Coxswain.Node.Volumes.VolumesNotReadyException>(() => worker.PassAsync(Cancellation));

        Assert.Contains("Warning FailedMount: MountVolume.SetUp failed for volume \"settings\" : configmap \"settings\" not found", harness.Events.All);
        Assert.Equal("ContainerCreating", harness.StatusOf("web").State.Waiting!.Reason);
        Assert.Empty(harness.Runtime.Calls);
    }

    [Fact]
    public async Task Only_the_last_dead_instance_of_a_container_is_kept()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);
        for (var i = 0; i < 3; i++)
        {
            harness.Runtime.Exit("web", 1);
            harness.Clock.Advance(TimeSpan.FromMinutes(11));
            await worker.PassAsync(Cancellation);
        }

        Assert.Equal(2, harness.Runtime.Count("web"));
        Assert.Equal(3, harness.StatusOf("web").RestartCount);
    }

    [Fact]
    public async Task A_lost_race_for_the_status_is_tried_again_and_keeps_what_others_wrote()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        harness.Api.Change<Pod>(new("default", "web"), pod => pod with
        {
            Status = pod.Status with { Conditions = [new() { Type = "example.com/gate", Status = "True" }] },
        });

        await worker.PassAsync(Cancellation);

        Assert.Equal("Running", harness.Stored().Status.Phase);
        Assert.Equal("True", harness.Stored().Status.Conditions.Single(c => c.Type == "example.com/gate").Status);
    }

    [Fact]
    public async Task A_pod_whose_empty_dir_outgrows_its_limit_is_evicted()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod().With(spec => spec with
        {
            Volumes = [new() { Name = "cache", EmptyDir = new() { SizeLimit = Quantity.Parse("1Ki") } }],
        }));
        await worker.PassAsync(Cancellation);
        Assert.Equal("Running", harness.Stored().Status.Phase);
        var folder = harness.Directories.Volume(worker.Uid, "empty-dir", "cache");
        Directory.CreateDirectory(Path.Combine(folder, "deep"));
        await File.WriteAllBytesAsync(Path.Combine(folder, "deep", "file"), new byte[1025], Cancellation);

        await worker.PassAsync(Cancellation);

        Assert.Equal("Failed", harness.Stored().Status.Phase);
        Assert.Equal("Evicted", harness.Stored().Status.Reason);
        Assert.Equal("Usage of EmptyDir volume \"cache\" exceeds the limit \"1Ki\". ", harness.Stored().Status.Message);
        Assert.Equal("TerminationByKubelet", harness.Stored().Status.Conditions.Single(c => c.Type == "DisruptionTarget").Reason);
        Assert.Equal(ContainerState.Exited, harness.Runtime.Find("web").State);
    }

    [Fact]
    public async Task Probes_of_a_pod_in_the_hosts_network_know_its_address()
    {
        await using var harness = new PodHarness();
        var addresses = new System.Collections.Concurrent.ConcurrentQueue<string>();
        harness.Prober.Answer = (_, target) =>
        {
            addresses.Enqueue(target.PodIP);
            return new(ProbeOutcome.Success, "");
        };
        var worker = await harness.AddAsync(TestPods.Pod("web", TestPods.Container("web", c => c with { ReadinessProbe = new() { PeriodSeconds = 1 } }))
            .With(spec => spec with { HostNetwork = true }));

        await worker.PassAsync(Cancellation);
        await Testing.Eventually.TrueAsync(
            () =>
            {
                harness.Clock.Advance(TimeSpan.FromSeconds(1));
                return !addresses.IsEmpty;
            },
            cancellation: Cancellation);

        Assert.Equal("192.0.2.10", addresses.First());
    }

    [Fact]
    public async Task The_echo_of_an_own_status_does_not_wake_the_worker()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);

        worker.Update(harness.Stored());
        Assert.False(worker.IsAwake);

        worker.Update(harness.Api.Change<Pod>(new("default", "web"), pod => pod with { Metadata = pod.Metadata with { Labels = ApiMap.Of("a", "b") } }));
        Assert.True(worker.IsAwake);
    }

    [Fact]
    public async Task A_rejected_pod_fails_with_the_reason_and_runs_nothing()
    {
        await using var harness = new PodHarness();
        var stored = await harness.Api.CreateAsync(TestPods.Pod(), Cancellation);
        var worker = harness.WorkerFor(stored, end: new("Failed", "OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu, requested: 9000, used: 0, capacity: 3500"));

        await worker.PassAsync(Cancellation);

        Assert.Equal("Failed", harness.Stored().Status.Phase);
        Assert.Equal("OutOfcpu", harness.Stored().Status.Reason);
        Assert.Empty(harness.Runtime.Calls);
    }

    [Fact]
    public async Task Stopping_a_pod_for_a_shutdown_leaves_its_object_and_lets_it_start_again()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);

        await worker.StopPodAsync(Cancellation);
        Assert.Equal(ContainerState.Exited, harness.Runtime.Find("web").State);
        Assert.Equal("Running", harness.Stored().Status.Phase);

        var next = harness.WorkerFor(harness.Stored());
        await next.PassAsync(Cancellation);
        Assert.Equal(ContainerState.Running, harness.Runtime.Find("web").State);
        Assert.Equal(1, harness.StatusOf("web").RestartCount);
    }
}
