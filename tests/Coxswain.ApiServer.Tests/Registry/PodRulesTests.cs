using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>Facts of the recorded answers to pods.</summary>
public sealed class PodRulesTests
{
    private static string Pod(string spec, string containers = """[{"name":"c","image":"i:1"}]""") =>
        $$$"""{"metadata":{"name":"p"},"spec":{"containers":{{{containers}}}{{{spec}}}}}""";

    private static string Container(string members) => Pod("", "[{\"name\":\"c\",\"image\":\"i:1\"" + members + "}]");

    [Fact]
    public void A_pod_gets_upstream_defaults()
    {
        var pod = Rules.Create<Pod>(Container(""","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"1"}}"""));

        Assert.Equal("Always", pod.Spec.RestartPolicy);
        Assert.Equal("ClusterFirst", pod.Spec.DnsPolicy);
        Assert.Equal(30, pod.Spec.TerminationGracePeriodSeconds);
        Assert.Equal("default-scheduler", pod.Spec.SchedulerName);
        Assert.True(pod.Spec.EnableServiceLinks);
        Assert.Equal("TCP", pod.Spec.Containers[0].Ports[0].Protocol);
        Assert.Equal("IfNotPresent", pod.Spec.Containers[0].ImagePullPolicy);
        Assert.Equal("1", pod.Spec.Containers[0].Resources.Requests["cpu"].ToString());
        Assert.Equal(("Pending", "Burstable"), (pod.Status.Phase, pod.Status.QosClass));
        Assert.Equal(1, pod.Metadata.Generation);
    }

    [Theory]
    [InlineData("i", "Always")]
    [InlineData("i:latest", "Always")]
    [InlineData("h.example:5000/i", "Always")]
    [InlineData("i:1", "IfNotPresent")]
    [InlineData("i@sha256:0000000000000000000000000000000000000000000000000000000000000000", "IfNotPresent")]
    public void The_tag_decides_when_an_image_is_pulled(string image, string policy)
    {
        var pod = Rules.Read<Pod>(Pod("", $$"""[{"name":"c","image":"{{image}}"}]"""));

        Assert.Equal(policy, pod.Spec.Containers[0].ImagePullPolicy);
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"p"},"spec":{}}""", "spec.containers: Required value")]
    [InlineData("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"","image":"i"}]}}""", "spec.containers[0].name: Required value")]
    [InlineData("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":" i"}]}}""",
        "spec.containers[0].image: Invalid value: \" i\": must not have leading or trailing whitespace")]
    [InlineData("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"},{"name":"c","image":"i"}]}}""",
        "spec.containers[1].name: Duplicate value: \"c\"")]
    public void Containers_are_judged_in_upstreams_words(string json, string message) =>
        Assert.Equal($"Pod \"p\" is invalid: {message}", Rules.Refusal<Pod>(json));

    [Theory]
    [InlineData(""","ports":[{"containerPort":0}]""", "spec.containers[0].ports[0].containerPort: Required value")]
    [InlineData(""","imagePullPolicy":"x" """,
        "spec.containers[0].imagePullPolicy: Unsupported value: \"x\": supported values: \"Always\", \"IfNotPresent\", \"Never\"")]
    [InlineData(""","env":[{"name":"A","valueFrom":{}}]""",
        "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`")]
    [InlineData(""","livenessProbe":{}""", "spec.containers[0].livenessProbe: Required value: must specify a handler type")]
    [InlineData(""","livenessProbe":{"exec":{"command":["x"]},"successThreshold":2}""",
        "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1")]
    [InlineData(""","resources":{"requests":{"cpu":"2"},"limits":{"cpu":"1"}}""",
        "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit")]
    [InlineData(""","volumeMounts":[{"mountPath":"/x","name":"none"}]""", "spec.containers[0].volumeMounts[0].name: Not found: \"none\"")]
    public void Members_of_containers_are_judged_in_upstreams_words(string members, string message) =>
        Assert.Equal($"Pod \"p\" is invalid: {message}", Rules.Refusal<Pod>(Container(members)));

    [Theory]
    [InlineData(""","restartPolicy":"Sometimes" """,
        "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\"")]
    [InlineData(""","dnsPolicy":"None" """, "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None")]
    [InlineData(""","volumes":[{"name":"v","emptyDir":{},"hostPath":{"path":"/"}}]""",
        "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type")]
    [InlineData(""","tolerations":[{"key":"k","effect":"NoSchedule","tolerationSeconds":3}]""",
        "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set")]
    public void The_rest_of_the_spec_is_judged_in_upstreams_words(string members, string message) =>
        Assert.Equal($"Pod \"p\" is invalid: {message}", Rules.Refusal<Pod>(Pod(members)));

    [Fact]
    public void Of_a_running_pod_only_a_few_fields_may_change()
    {
        var pod = Rules.Create<Pod>(Pod(""","activeDeadlineSeconds":100"""));

        var updated = Rules.Update(pod, p => p with { Spec = p.Spec with { ActiveDeadlineSeconds = 50 } });
        Assert.Equal(2, updated.Metadata.Generation);

        Assert.StartsWith("Pod \"p\" is invalid: spec: Forbidden: pod updates may not change fields other than",
            Rules.UpdateRefusal(pod, p => p with { Spec = p.Spec with { RestartPolicy = "Never" } }).Message, StringComparison.Ordinal);
        Assert.Equal("Pod \"p\" is invalid: spec.activeDeadlineSeconds: Invalid value: 200: must be less than or equal to previous value",
            Rules.UpdateRefusal(pod, p => p with { Spec = p.Spec with { ActiveDeadlineSeconds = 200 } }).Message);
        Assert.Equal("Pod \"p\" is invalid: spec.containers: Forbidden: pod updates may not add or remove containers",
            Rules.UpdateRefusal(pod, p => p with { Spec = p.Spec with { Containers = p.Spec.Containers.Add(p.Spec.Containers[0] with { Name = "d" }) } }).Message);
    }

    [Fact]
    public void Through_the_status_only_status_and_metadata_change()
    {
        var pod = Rules.Create<Pod>(Pod(""));

        var updated = Rules.Update(pod, p => p with
        {
            Spec = p.Spec with { NodeName = "ignored" },
            Status = p.Status with { Phase = "Running", PodIP = "192.0.2.5" },
        }, "status");

        Assert.Equal("", updated.Spec.NodeName);
        Assert.Equal("Running", updated.Status.Phase);
        Assert.Equal("192.0.2.5", updated.Status.PodIPs[0].Ip);
    }

    [Theory]
    [InlineData("", null, 0)]
    [InlineData("n", null, 30)]
    [InlineData("n", 5L, 5)]
    [InlineData("n", -1L, 1)]
    public void A_pod_that_runs_somewhere_is_given_time_to_end(string node, long? asked, long granted)
    {
        var pod = Rules.Create<Pod>(Pod($",\"nodeName\":\"{node}\""));

        Assert.Equal(granted, Rules.For<Pod>().GracePeriod(Rules.Context<Pod>(), pod, asked));
    }
}
