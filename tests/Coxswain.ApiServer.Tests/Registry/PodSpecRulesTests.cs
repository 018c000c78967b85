using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>What pods have had since the recordings: sidecars, resources of the whole, systems, gates, keys of labels.</summary>
public sealed class PodSpecRulesTests
{
    private static string Pod(string spec, string containers = """[{"name":"c","image":"i:1"}]""") =>
        $$$"""{"metadata":{"name":"p","labels":{"app":"web"}},"spec":{"containers":{{{containers}}}{{{spec}}}}}""";

    private static string Container(string members, string spec = "") => Pod(spec, "[{\"name\":\"c\",\"image\":\"i:1\"" + members + "}]");

    [Theory]
    [InlineData(""","initContainers":[{"name":"i","image":"i:1","restartPolicy":"Always","livenessProbe":{"grpc":{"port":0}},"lifecycle":{"preStop":{"sleep":{"seconds":31}}}}]""",
        "spec.initContainers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)",
        "spec.initContainers[0].livenessProbe.grpc.port: Invalid value: 0: must be between 1 and 65535, inclusive")]
    [InlineData(""","initContainers":[{"name":"i","image":"i:1","readinessProbe":{"grpc":{"port":1}}}]""",
        "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always")]
    [InlineData(""","resources":{"requests":{"cpu":"1","storage":"1"},"claims":[]}""",
        "spec.resources.claims: Forbidden: claims cannot be set for Resources at pod-level",
        "spec.resources.requests[storage]: Unsupported value: \"storage\": supported values: \"cpu\", \"hugepages-\", \"memory\"")]
    [InlineData(""","os":{"name":"windows"},"hostPID":true,"securityContext":{"runAsUser":1,"supplementalGroupsPolicy":"Strict"}""",
        "spec.hostPID: Forbidden: cannot be set for a windows pod",
        "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
        "spec.securityContext.supplementalGroupsPolicy: Forbidden: cannot be set for a windows pod")]
    [InlineData(""","os":{"name":"bsd"}""", "spec.os: Unsupported value: \"bsd\": supported values: \"linux\", \"windows\"")]
    [InlineData(""","securityContext":{"windowsOptions":{"hostProcess":true,"runAsUserName":"a\\b\\c"}}""",
        "spec.securityContext.windowsOptions.runAsUserName: Invalid value: \"a\\\\b\\\\c\": runAsUserName cannot contain more than one backslash",
        "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers")]
    [InlineData(""","resourceClaims":[{"name":"a","resourceClaimName":"x"},{"name":"a","resourceClaimName":"X"}]""",
        "spec.resourceClaims[1].name: Duplicate value: \"a\"",
        "spec.resourceClaims[1].resourceClaimName: Invalid value: \"X\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")]
    [InlineData(""","topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway","minDomains":0,"matchLabelKeys":["app"]}]""",
        "spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: must be greater than zero",
        "spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
        "spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set")]
    public void Pods_are_judged_in_upstreams_words(string spec, params string[] causes) => Assert.Equal(causes, Rules.Causes<Pod>(Pod(spec)));

    [Theory]
    [InlineData(""","lifecycle":{"stopSignal":"SIGUSR1"}""", "",
        "spec.containers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`")]
    [InlineData(""","lifecycle":{"stopSignal":"SIGUSR1"}""", ""","os":{"name":"windows"}""",
        "spec.containers[0].lifecycle.stopSignal: Unsupported value: \"SIGUSR1\": supported values: \"SIGKILL\", \"SIGTERM\"")]
    [InlineData(""","securityContext":{"procMount":"Open"}""", "",
        "spec.containers[0].securityContext.procMount: Unsupported value: \"Open\": supported values: \"Default\", \"Unmasked\"")]
    [InlineData(""","securityContext":{"procMount":"Unmasked"}""", "",
        "spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use `Unmasked`")]
    [InlineData(""","resources":{"claims":[{"name":"x"},{"name":"a","request":"r"},{"name":"a"}]}""", ""","resourceClaims":[{"name":"a","resourceClaimName":"b"}]""",
        "spec.containers[0].resources.claims[0]: Not found: \"x\": must be one of the names in pod.spec.resourceClaims: a",
        "spec.containers[0].resources.claims[2]: Duplicate value: \"a\"")]
    [InlineData(""","resources":{"limits":{"hugepages-2Mi":"3Mi","cpu":"1"}}""", "",
        "spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi",
        "spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi")]
    [InlineData(""","envFrom":[{"configMapRef":{}},{"prefix":"=","secretRef":{"name":"s"}}]""", "",
        "spec.containers[0].envFrom[0].configMapRef.name: Required value",
        "spec.containers[0].envFrom[1].prefix: Invalid value: \"=\": a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')")]
    [InlineData(""","restartPolicyRules":[{"action":"Restart","exitCodes":{"operator":"In","values":[1]}}]""", "",
        "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used")]
    [InlineData(""","volumeMounts":[{"name":"v","mountPath":"/v","recursiveReadOnly":"Enabled"}]""", ""","volumes":[{"name":"v","image":{}}]""",
        "spec.volumes[0].image.reference: Required value", "spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
        "spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true")]
    public void Containers_are_judged_in_upstreams_words(string members, string spec, params string[] causes) =>
        Assert.Equal(causes, Rules.Causes<Pod>(Container(members, spec)));

    [Theory]
    [InlineData("seccomp.security.alpha.kubernetes.io/pod", "x", "metadata.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: \"x\": must be a valid seccomp profile")]
    [InlineData("container.apparmor.security.beta.kubernetes.io/c", "x",
        "metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Invalid value: \"x\": invalid AppArmor profile name: \"x\"")]
    [InlineData("container.apparmor.security.beta.kubernetes.io/d", "unconfined",
        "metadata.annotations[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: \"d\": container not found")]
    [InlineData("container.apparmor.security.beta.kubernetes.io/c", "unconfined",
        "spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match")]
    public void Annotations_of_old_are_still_judged(string annotation, string value, string cause) => Assert.Equal([cause], Rules.Causes<Pod>(
        $$$"""{"metadata":{"name":"p","annotations":{"{{{annotation}}}":"{{{value}}}"}},"spec":{"containers":[{"name":"c","image":"i:1","securityContext":{{{(cause.StartsWith("spec", StringComparison.Ordinal) ? """{"appArmorProfile":{"type":"RuntimeDefault"}}""" : "null")}}}}]}}"""));

    [Fact]
    public void Requests_of_the_whole_are_those_of_the_containers_and_then_the_limits()
    {
        var pod = Rules.Create<Pod>(Container(""","resources":{"requests":{"cpu":"200m"}}""", ""","resources":{"limits":{"cpu":"1","memory":"1Gi"}}"""));

        Assert.Equal(("200m", "1Gi"), (pod.Spec.Resources!.Requests["cpu"].ToString(), pod.Spec.Resources.Requests["memory"].ToString()));
        Assert.Equal(["spec.resources.requests[cpu]: Invalid value: \"1\": must be greater than or equal to aggregate container requests of 2"],
            Rules.Causes<Pod>(Container(""","resources":{"requests":{"cpu":"2"}}""", ""","resources":{"requests":{"cpu":"1"}}""")));
    }

    [Fact]
    public void Keys_of_labels_become_selectors_with_the_pods_own_values()
    {
        const string term = """{"topologyKey":"zone","labelSelector":{},"matchLabelKeys":["app","none"],"mismatchLabelKeys":["app2"]}""";
        var pod = Rules.Create<Pod>(Pod($$$"""
            ,"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{{{term}}}]}},
            "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{},"matchLabelKeys":["app"]}]
            """));

        var expression = Assert.Single(pod.Spec.Affinity!.PodAffinity!.RequiredDuringSchedulingIgnoredDuringExecution[0].LabelSelector!.MatchExpressions);
        Assert.Equal(("app", "In", "web"), (expression.Key, expression.Operator, expression.Values[0]));
        Assert.Equal(expression, Assert.Single(pod.Spec.TopologySpreadConstraints[0].LabelSelector!.MatchExpressions));
        Assert.Equal(["spec.topologySpreadConstraints[0].matchLabelKeys[0]: Invalid value: \"app\": exists in both matchLabelKeys and labelSelector"],
            Rules.Causes<Pod>(Pod(
                ""","topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"web"}},"matchLabelKeys":["app"]}]""")));
    }

    [Fact]
    public void A_pod_that_is_held_back_may_become_pickier()
    {
        var pod = Rules.Create<Pod>(Pod(""","schedulingGates":[{"name":"g"}],"nodeSelector":{"a":"b"}"""));

        Assert.Equal("c", Rules.Update(pod, p => p with { Spec = p.Spec with { NodeSelector = p.Spec.NodeSelector.With("d", "c") } }).Spec.NodeSelector["d"]);
        Assert.Equal(
            [
                "spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'h'",
                "spec.nodeSelector: Invalid value: {\"a\":\"c\"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)",
            ],
            Rules.UpdateCauses(pod, p => p with
            {
                Spec = p.Spec with { NodeSelector = p.Spec.NodeSelector.With("a", "c"), SchedulingGates = p.Spec.SchedulingGates.Add(new PodSchedulingGate { Name = "h" }) },
            }));
    }

    [Fact]
    public void A_resize_changes_amounts_of_compute_and_nothing_else()
    {
        var pod = Rules.Create<Pod>(Container(""","resources":{"requests":{"cpu":"1","memory":"1Gi"}}"""));

        Assert.Equal("2", Rules.Update(pod, p => WithRequests(p, p.Spec.Containers[0].Resources.Requests.With("cpu", Coxswain.Api.Quantity.Parse("2"))), "resize")
            .Spec.Containers[0].Resources.Requests["cpu"].ToString());
        Assert.Equal(["spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed"],
            Rules.UpdateCauses(pod, p => WithRequests(p, p.Spec.Containers[0].Resources.Requests.Without("cpu")), "resize"));
        Assert.Equal(["spec: Forbidden: only cpu and memory resources are mutable"],
            Rules.UpdateCauses(pod, p => WithRequests(p, p.Spec.Containers[0].Resources.Requests.With("ephemeral-storage", Coxswain.Api.Quantity.Parse("1Gi"))), "resize"));
    }

    [Fact]
    public void What_is_told_of_a_pod_must_fit_it()
    {
        var pod = Rules.Create<Pod>(Pod(""","restartPolicy":"Never" """));
        var ended = new ContainerStatus { Name = "c", State = new ContainerState { Terminated = new ContainerStateTerminated { ExitCode = 1 } } };
        pod = pod with { Status = pod.Status with { ContainerStatuses = [ended] } };

        Assert.Equal(
            [
                "metadata.conditions[0].Type: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
                "status.qosClass: Invalid value: \"Burstable\": field is immutable",
                "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state",
                "status.resourceClaimStatuses[0].name: Invalid value: \"x\": must match the name of an entry in `spec.resourceClaims`",
                "status.podIPs: Invalid value: [{\"ip\":\"192.0.2.1\"},{\"ip\":\"192.0.2.2\"}]: may specify no more than one IP for each IP family",
                "status.hostIPs[0].ip: Invalid value: \"192.0.2.8\": must be equal to `hostIP`",
                "status.containerStatuses[0].linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive",
            ],
            Rules.UpdateCauses(pod, p => p with
            {
                Status = p.Status with
                {
                    Conditions = [new PodCondition { Type = "a b" }],
                    QosClass = "Burstable",
                    ContainerStatuses = [new ContainerStatus { Name = "c", User = new ContainerUser { Linux = new LinuxContainerUser { Uid = -1 } } }],
                    ResourceClaimStatuses = [new PodResourceClaimStatus { Name = "x" }],
                    PodIP = "192.0.2.1",
                    PodIPs = [new PodIP { Ip = "192.0.2.1" }, new PodIP { Ip = "192.0.2.2" }],
                    HostIP = "192.0.2.9",
                    HostIPs = [new HostIP { Ip = "192.0.2.8" }],
                },
            }, "status"));
    }

    private static Pod WithRequests(Pod pod, Coxswain.Api.ApiMap<Coxswain.Api.Quantity> requests) => pod with
    {
        Spec = pod.Spec with { Containers = [pod.Spec.Containers[0] with { Resources = pod.Spec.Containers[0].Resources with { Requests = requests } }] },
    };
}
