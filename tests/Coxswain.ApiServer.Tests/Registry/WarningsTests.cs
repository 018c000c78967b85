using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>What is accepted with a warning.</summary>
public sealed class WarningsTests
{
    private static string Pod(string spec, string containers = """[{"name":"c","image":"i"}]""") =>
        $$$"""{"metadata":{"name":"p"},"spec":{"containers":{{{containers}}}{{{spec}}}}}""";

    private static string Container(string members) => Pod("", "[{\"name\":\"c\",\"image\":\"i\"" + members + "}]");

    [Theory]
    [InlineData(""","nodeSelector":{"beta.kubernetes.io/os":"linux"}""", "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead")]
    [InlineData(""","topologySpreadConstraints":[{"topologyKey":"failure-domain.beta.kubernetes.io/zone"}]""",
        "spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
        "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod")]
    [InlineData(""","volumes":[{"name":"v","glusterfs":{"endpoints":"e","path":"p"}}]""", "spec.volumes[0].glusterfs: deprecated in v1.25, non-functional in v1.26+")]
    [InlineData(""","hostAliases":[{"ip":"192.0.2.1"},{"ip":"192.0.2.1"}]""", "spec.hostAliases[1].ip: duplicate ip \"192.0.2.1\"")]
    [InlineData(""","imagePullSecrets":[{"name":"a"},{"name":"a"},{}]""",
        "spec.imagePullSecrets[1].name: duplicate name \"a\"", "spec.imagePullSecrets[2].name: invalid empty name \"\"")]
    [InlineData(""","overhead":{"memory":"1500m"}""", "spec.overhead[memory]: fractional byte value \"1500m\" is invalid, must be an integer")]
    [InlineData(""","terminationGracePeriodSeconds":-1""", "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1")]
    [InlineData(""","affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"podAffinityTerm":{"topologyKey":"z"}}]}}""",
        "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod")]
    [InlineData(""","dnsConfig":{"nameservers":["010.0.0.1","2001:DB8::1"]}""",
        "spec.dnsConfig.nameservers[0]: non-standard IP address \"010.0.0.1\" will be considered invalid in a future Kubernetes release: use \"10.0.0.1\"",
        "spec.dnsConfig.nameservers[1]: IPv6 address \"2001:DB8::1\" should be in RFC 5952 canonical format (\"2001:db8::1\")")]
    public void Pods_are_warned_of(string spec, params string[] warnings) => Assert.Equal(warnings, Rules.Warnings<Pod>(Pod(spec)));

    [Theory]
    [InlineData(""","env":[{"name":"A","value":"1"},{"name":"A","value":"$(A)2"},{"name":"A","value":"3"}]""",
        "spec.containers[0].env[2]: hides previous definition of \"A\", which may be dropped when using apply")]
    [InlineData(""","resources":{"limits":{"memory":"1m"},"requests":{"ephemeral-storage":"1m"}}""",
        "spec.containers[0].resources.limits[memory]: fractional byte value \"1m\" is invalid, must be an integer",
        "spec.containers[0].resources.requests[memory]: fractional byte value \"1m\" is invalid, must be an integer",
        "spec.containers[0].resources.requests[ephemeral-storage]: fractional byte value \"1m\" is invalid, must be an integer")]
    [InlineData(""","ports":[{"name":"a","containerPort":80},{"name":"b","containerPort":80},{"name":"a","containerPort":81,"hostIP":"192.0.2.1"}]""",
        "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
        "spec.containers[0].ports[2]: hostIP set without hostPort: {Name:a HostPort:0 ContainerPort:81 Protocol:TCP HostIP:192.0.2.1}",
        "spec.containers[0].ports[2]: duplicate port name \"a\" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]")]
    public void Containers_are_warned_of(string members, params string[] warnings) => Assert.Equal(warnings, Rules.Warnings<Pod>(Container(members)));

    [Fact]
    public void Names_that_are_no_host_names_are_warned_of() => Assert.StartsWith(
        "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [a lowercase RFC 1123 label must",
        Assert.Single(Rules.Warnings<Deployment>("""{"metadata":{"name":"a.b","generation":1},"spec":{"template":{}}}""")), StringComparison.Ordinal);

    [Fact]
    public void Templates_are_warned_of_where_they_stand() => Assert.Equal(
        ["spec.template.metadata.annotations[security.alpha.kubernetes.io/sysctls]: non-functional in v1.11+; use the \"sysctls\" field instead"],
        Rules.Warnings<DaemonSet>("""{"metadata":{"name":"a","generation":1},"spec":{"template":{"metadata":{"annotations":{"security.alpha.kubernetes.io/sysctls":"a=b"}}}}}"""));
}
