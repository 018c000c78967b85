using Coxswain.Api;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers.Tests;

public sealed class JobTests
{
    private static readonly NamespacedName Name = new("default", "work");

    internal static Job Make(Func<JobSpec, JobSpec>? change = null)
    {
        var spec = new JobSpec
        {
            Parallelism = 2,
            Completions = 3,
            BackoffLimit = 6,
            Selector = BedActions.Select("work"),
            Template = BedActions.Template("work") with
            {
                Spec = new() { RestartPolicy = "Never", Containers = [new() { Name = "main", Image = "busybox" }] },
            },
        };
        return new() { Metadata = new() { Namespace = "default", Name = "work" }, Spec = change?.Invoke(spec) ?? spec };
    }

    private static Job Get(Bed bed) => bed.Get<Job>("work");

    [Fact]
    public async Task Pods_run_so_many_at_once_until_enough_have_succeeded_and_each_is_counted_once()
    {
        await using var bed = await Bed.StartAsync("job-controller");
        await bed.CreateAsync(Make());
        await bed.SettleAsync();
        Assert.Equal(2, bed.ActivePods().Count);
        Assert.All(bed.ActivePods(), p => Assert.Contains(JobPods.Finalizer, p.Metadata.Finalizers));
        Assert.Equal(2, Get(bed).Status.Active);
        Assert.NotNull(Get(bed).Status.StartTime);

        bed.FinishPods("Succeeded");
        await bed.SettleAsync();
        Assert.Single(bed.ActivePods());
        Assert.Equal((1, 2), (Get(bed).Status.Active, Get(bed).Status.Succeeded));
        bed.FinishPods("Succeeded");
        await bed.SettleAsync();

        var status = Get(bed).Status;
        Assert.Equal((0, 3, 0), (status.Active, status.Succeeded, status.Failed));
        Assert.Equal([("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"),
            ("Complete", "CompletionsReached", "Reached expected number of succeeded pods")], status.Conditions.Select(c => (c.Type, c.Reason, c.Message)));
        Assert.NotNull(status.CompletionTime);
        Assert.All(bed.Api.All<Pod>(), p => Assert.Empty(p.Metadata.Finalizers));
        Assert.Equal(3, bed.Api.All<Pod>().Count);
    }

    [Fact]
    public async Task Failed_pods_are_replaced_after_a_growing_pause_until_there_are_too_many()
    {
        await using var bed = await Bed.StartAsync("job-controller");
        await bed.CreateAsync(Make(s => s with { Parallelism = 1, Completions = 1, BackoffLimit = 1 }));
        await bed.SettleAsync();
        bed.FinishPods("Failed");
        await bed.SettleAsync();
        Assert.Empty(bed.ActivePods());
        Assert.Equal(1, Get(bed).Status.Failed);
        await bed.PassAsync(TimeSpan.FromSeconds(7));
        Assert.Empty(bed.ActivePods());
        await bed.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Single(bed.ActivePods());
        bed.FinishPods("Failed");
        await bed.SettleAsync();

        Assert.Equal(["FailureTarget", "Failed"], Get(bed).Status.Conditions.Select(c => c.Type));
        Assert.All(Get(bed).Status.Conditions, c => Assert.Equal(("BackoffLimitExceeded", "Job has reached the specified backoff limit"), (c.Reason, c.Message)));
        Assert.Equal((0, 2), (Get(bed).Status.Active, Get(bed).Status.Failed));
    }

    [Fact]
    public async Task A_job_that_takes_too_long_is_stopped_and_fails_when_its_last_pod_has_ended()
    {
        await using var bed = await Bed.StartAsync("job-controller");
        await bed.CreateAsync(Make(s => s with { ActiveDeadlineSeconds = 60 }));
        await bed.SettleAsync();
        bed.RunPods();
        await bed.PassAsync(TimeSpan.FromSeconds(61));
        Assert.Equal(["FailureTarget"], Get(bed).Status.Conditions.Select(c => c.Type));
        Assert.Empty(bed.ActivePods());

        foreach (var pod in bed.Api.All<Pod>())
            bed.Api.Change<Pod>(pod.FullName(), p => p with { Status = p.Status with { Phase = "Failed" } });
        await bed.SettleAsync();
        var failed = Get(bed).Status.Conditions.Single(c => c.Type == "Failed");
        Assert.Equal(("DeadlineExceeded", "Job was active longer than specified deadline"), (failed.Reason, failed.Message));
    }

    [Fact]
    public async Task Each_index_is_run_once_and_told_to_its_pod()
    {
        await using var bed = await Bed.StartAsync("job-controller");
        await bed.CreateAsync(Make(s => s with { CompletionMode = "Indexed", Completions = 4, Parallelism = 3 }));
        await bed.SettleAsync();
        Assert.Equal([0, 1, 2], bed.ActivePods().Select(p => JobPods.IndexOf(p)!.Value).Order());
        var first = bed.ActivePods().Single(p => JobPods.IndexOf(p) == 0);
        Assert.StartsWith("work-0-", first.Metadata.Name, StringComparison.Ordinal);
        Assert.Equal("work-0", first.Spec.Hostname);
        Assert.Contains(first.Spec.Containers[0].Env, e => e.Name == "JOB_COMPLETION_INDEX");

        bed.FinishPods("Succeeded");
        await bed.SettleAsync();
        Assert.Equal("0-2", Get(bed).Status.CompletedIndexes);
        bed.FinishPods("Succeeded");
        await bed.SettleAsync();
        Assert.Equal(("0-3", 4), (Get(bed).Status.CompletedIndexes, Get(bed).Status.Succeeded));
        Assert.True(JobFacts.IsFinished(Get(bed)));
    }

    [Fact]
    public async Task A_suspended_job_runs_nothing_and_starts_its_clock_anew_when_resumed()
    {
        await using var bed = await Bed.StartAsync("job-controller");
        await bed.CreateAsync(Make(s => s with { Suspend = true }));
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<Pod>());
        Assert.Null(Get(bed).Status.StartTime);
        Assert.Equal(("Suspended", "True", "JobSuspended", "Job suspended"), Get(bed).Status.Conditions.Select(c => (c.Type, c.Status, c.Reason, c.Message)).Single());

        bed.Api.Change<Job>(Name, j => j with { Spec = j.Spec with { Suspend = false } });
        await bed.SettleAsync();
        Assert.Equal(2, bed.ActivePods().Count);
        Assert.NotNull(Get(bed).Status.StartTime);
        Assert.Equal(("Suspended", "False", "JobResumed"), Get(bed).Status.Conditions.Select(c => (c.Type, c.Status, c.Reason)).Single());
    }

    [Fact]
    public async Task The_failure_policy_decides_which_failures_count()
    {
        await using var bed = await Bed.StartAsync("job-controller");
        await bed.CreateAsync(Make(s => s with
        {
            PodFailurePolicy = new() { Rules = [new() { Action = "FailJob", OnExitCodes = new() { Operator = "In", Values = [1] } }] },
        }));
        await bed.SettleAsync();
        bed.FinishPods("Failed", 1);
        await bed.SettleAsync();

        var target = Get(bed).Status.Conditions[0];
        Assert.Equal(("FailureTarget", "PodFailurePolicy"), (target.Type, target.Reason));
        Assert.Contains("failed with exit code 1 matching FailJob rule at index 0", target.Message, StringComparison.Ordinal);
        Assert.Empty(bed.ActivePods());
    }

    [Fact]
    public async Task A_finished_job_is_deleted_after_its_time_to_live()
    {
        await using var bed = await Bed.StartAsync("job-controller", "ttl-after-finished-controller");
        await bed.CreateAsync(Make(s => s with { Completions = 1, Parallelism = 1, TtlSecondsAfterFinished = 100 }));
        await bed.SettleAsync();
        bed.FinishPods("Succeeded");
        await bed.SettleAsync();
        await bed.PassAsync(TimeSpan.FromSeconds(90));
        Assert.Null(Get(bed).Metadata.DeletionTimestamp);
        await bed.PassAsync(TimeSpan.FromSeconds(11));
        Assert.NotNull(Get(bed).Metadata.DeletionTimestamp);    // the rest is the garbage collector's
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public async Task Lost_wake_ups_and_lost_answers_count_no_pod_twice(int seed)
    {
        await using var bed = await Bed.StartAsync(["job-controller"], chaos: new Random(seed));
        var random = new Random(seed);
        bed.Api.AfterWrite = (_, o) =>
        {
            if (o is Job or Pod && o.Metadata.Generation >= 1 && bed.Api.All<Job>().Count > 0 && random.Next(5) == 0)
                throw new IOException("connection reset before the answer came");
        };
        try
        {
            await bed.CreateAsync(Make(s => s with { Completions = 6, Parallelism = 3 }));
        }
        catch (IOException)
        {
            // It was created all the same.
        }
        for (var i = 0; i < 10; i++)
        {
            await bed.PassAsync(TimeSpan.FromSeconds(30));
            bed.WakeAll();
            await bed.SettleAsync();
            bed.FinishPods("Succeeded", 2);
        }
        (bed.Chaos, bed.Api.AfterWrite) = (null, null);
        bed.WakeAll();
        await bed.PassAsync(TimeSpan.FromMinutes(20));
        bed.FinishPods("Succeeded");
        await bed.SettleAsync();

        Assert.True(JobFacts.Holds(Get(bed), "Complete"));
        Assert.Equal(bed.Api.All<Pod>().Count(p => p.Status.Phase == "Succeeded"), Get(bed).Status.Succeeded);
        Assert.InRange(Get(bed).Status.Succeeded, 6, 7);
        Assert.All(bed.Api.All<Pod>(), p => Assert.Empty(p.Metadata.Finalizers));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("0,2-3,9", "0,2,3")]
    [InlineData("0-4", "0-4")]
    [InlineData("1,2,3,5", "1-3,5")]
    public void Index_sets_read_and_write_their_short_form(string text, string expected) =>
        Assert.Equal(expected, IndexSet.Format(IndexSet.Parse(text, 6)));
}
