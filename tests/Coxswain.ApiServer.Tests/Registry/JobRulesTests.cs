using Coxswain.Api.Batch.V1;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>What jobs and cron jobs may say, and how their status may change.</summary>
public sealed class JobRulesTests
{
    private static string Job(string spec, string template = """{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}""") =>
        $$$"""{"metadata":{"name":"j"},"spec":{"template":{{{template}}}{{{spec}}}}}""";

    private static string CronJob(string spec) =>
        "{\"metadata\":{\"name\":\"j\"},\"spec\":{\"schedule\":\"* * * * *\",\"jobTemplate\":" + Job("") + spec + "}}";

    [Theory]
    [InlineData(""","managedBy":"acme" """, "spec.managedBy: Invalid value: \"acme\": must be a domain-prefixed path (such as \"acme.io/foo\")")]
    [InlineData(""","backoffLimitPerIndex":1,"maxFailedIndexes":2""",
        "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
        "spec.maxFailedIndexes: Invalid value: 2: requires indexed completion mode")]
    [InlineData(""","completionMode":"Indexed","completions":3,"maxFailedIndexes":4""",
        "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
        "spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions")]
    [InlineData(""","completionMode":"Indexed","completions":100001,"parallelism":10001,"backoffLimitPerIndex":1""",
        "spec.maxFailedIndexes: Required value: must be specified when completions is above 100000",
        "spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index")]
    [InlineData(""","podFailurePolicy":{"rules":[{"action":"FailIndex","onExitCodes":{"operator":"In","containerName":"x","values":[2,0,2]}}]}""",
        "spec.podFailurePolicy.rules[0].action: Invalid value: \"FailIndex\": requires the backoffLimitPerIndex to be set",
        "spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: \"x\": must be one of the container or initContainer names in the pod template",
        "spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
        "spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 2",
        "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,0,2]: must be ordered")]
    [InlineData(""","podFailurePolicy":{"rules":[{"action":""}]},"podReplacementPolicy":"TerminatingOrFailed" """,
        "spec.podFailurePolicy.rules[0].action: Required value: valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]",
        "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
        "spec.podReplacementPolicy: Unsupported value: \"TerminatingOrFailed\": supported values: \"Failed\"")]
    [InlineData(""","completionMode":"Indexed","completions":5,"successPolicy":{"rules":[{"succeededIndexes":"0-2","succeededCount":4},{"succeededIndexes":"3,2"},{"succeededIndexes":"1-7"},{}]}""",
        "spec.successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of indexes in the specified succeededIndexes field)",
        "spec.successPolicy.rules[1].succeededIndexes: Invalid value: \"3,2\": error parsing succeededIndexes: non-increasing order, previous: 3, current: 2",
        "spec.successPolicy.rules[2].succeededIndexes: Invalid value: \"1-7\": error parsing succeededIndexes: too large index: \"7\"",
        "spec.successPolicy.rules[3]: Required value: at least one of succeededCount or succeededIndexes must be specified")]
    public void What_a_job_may_not_say(string spec, params string[] causes) => Assert.Equal(causes, Rules.Causes<Job>(Job(spec)));

    [Fact]
    public void The_last_pod_of_an_indexed_job_needs_a_host_name()
    {
        var name = new string('a', 61);
        var cause = Assert.Single(Rules.Causes<Job>(Job(""","completionMode":"Indexed","completions":101""").Replace("\"name\":\"j\"", $"\"name\":\"{name}\"", StringComparison.Ordinal)));
        Assert.Equal($"metadata.name: Invalid value: \"{name}\": will not able to create pod with invalid DNS label: {name}-100", cause);
    }

    [Fact]
    public void A_job_that_rests_may_be_sent_elsewhere_and_get_other_resources()
    {
        var job = Rules.Create<Job>(Job(""","suspend":true"""));
        Assert.Empty(Rules.UpdateCauses(job, Changed));
        var running = job with { Spec = job.Spec with { Suspend = false } };
        Assert.EndsWith("field is immutable", Assert.Single(Rules.UpdateCauses(running, Changed)), StringComparison.Ordinal);
        Assert.EndsWith("field is immutable", Assert.Single(Rules.UpdateCauses(job, o => With(o, o.Spec.Template.Spec.Containers[0] with { Image = "other" }))), StringComparison.Ordinal);

        static Job Changed(Job o) => With(o, o.Spec.Template.Spec.Containers[0] with { Resources = new() { Requests = [new("cpu", Api.Quantity.Parse("2"))] } });

        static Job With(Job o, Api.Core.V1.Container container) => o with
        {
            Spec = o.Spec with { Template = o.Spec.Template with { Spec = o.Spec.Template.Spec with { NodeSelector = [new("a", "b")], Containers = [container] } } },
        };
    }

    [Theory]
    [InlineData("""{"conditions":[{"type":"Complete","status":"True"}]}""",
        "status.completionTime: Required value: completionTime is required for Complete jobs",
        "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
        "status.startTime: Required value: startTime is required for finished job")]
    [InlineData("""{"startTime":"2026-01-01T00:00:00Z","active":1,"conditions":[{"type":"Failed","status":"True"},{"type":"FailureTarget","status":"True"}]}""",
        "status.active: Invalid value: 1: active>0 is invalid for finished job")]
    [InlineData("""{"completedIndexes":"1","ready":2,"active":1,"uncountedTerminatedPods":{"succeeded":["a",""],"failed":["a"]}}""",
        "status.uncountedTerminatedPods.succeeded[1]: Invalid value: \"\": must not be empty",
        "status.uncountedTerminatedPods.failed[0]: Duplicate value: \"a\"",
        "status.completedIndexes: Invalid value: \"1\": error parsing completedIndexes: too large index: \"1\"",
        "status.completedIndexes: Invalid value: \"1\": cannot set non-empty completedIndexes when non-indexed completion mode",
        "status.ready: Invalid value: 2: cannot set more ready pods than active")]
    [InlineData("""{"conditions":[{"type":"SuccessCriteriaMet","status":"True"},{"type":"FailureTarget","status":"True"}]}""",
        "status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions")]
    public void What_a_status_may_not_say(string status, params string[] causes)
    {
        var job = Rules.Create<Job>(Job(""","completions":1"""));
        var told = Rules.Read<Job>($$"""{"status":{{status}}}""").Status;
        Assert.Equal(causes, Rules.UpdateCauses(job, o => o with { Status = told }, "status"));
    }

    [Fact]
    public void A_job_that_has_ended_stays_so()
    {
        var old = Rules.Create<Job>(Job("")) with
        {
            Status = Rules.Read<Job>("""{"status":{"failed":2,"startTime":"2026-01-01T00:00:00Z","conditions":[{"type":"Failed","status":"True"},{"type":"FailureTarget","status":"True"}]}}""").Status,
        };
        Assert.Equal(
            [
                "status.conditions: Invalid value: cannot disable the terminal Failed=True condition",
                "status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition",
                "status.failed: Invalid value: 1: cannot decrease the failed counter",
                "status.startTime: Required value: startTime cannot be removed for unsuspended job",
            ],
            Rules.UpdateCauses(old, o => o with { Status = new JobStatus { Failed = 1 } }, "status"));
    }

    [Theory]
    [InlineData(""","timeZone":"Mars/Olympus" """, "spec.timeZone: Invalid value: \"Mars/Olympus\": unknown time zone Mars/Olympus")]
    [InlineData(""","timeZone":"Europe/.." """, "spec.timeZone: Invalid value: \"Europe/..\": unknown time zone Europe/..")]
    [InlineData(""","schedule":"TZ=UTC * * * * *" """, "spec.schedule: Invalid value: \"TZ=UTC * * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead")]
    public void What_a_cron_job_may_not_say(string spec, params string[] causes) => Assert.Equal(causes, Rules.Causes<CronJob>(CronJob(spec)));

    [Fact]
    public void Warnings_of_cron_jobs() => Assert.Equal(
        [
            "spec.jobTemplate.spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
            "cannot use TZ or CRON_TZ in spec.spec.schedule, use spec.spec.timeZone instead",
        ],
        Rules.Warnings<CronJob>("""{"metadata":{"name":"j","generation":1},"spec":{"schedule":"TZ=UTC * * * * *","jobTemplate":{"spec":{"template":{"spec":{"nodeSelector":{"beta.kubernetes.io/os":"linux"}}}}}}}"""));
}
