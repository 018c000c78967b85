using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Testing;

namespace Coxswain.Node.Tests.Pods;

public sealed class EnvironmentBuilderTests
{
    private readonly FakeApi _api = new(new FakeClock());
    private readonly List<Service> _services = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Values_are_expanded_from_what_stands_before_them()
    {
        var env = await BuildAsync(c => c with
        {
            Env =
            [
                new() { Name = "A", Value = "1" },
                new() { Name = "B", Value = "$(A)-$(LATER)-$$(A)" },
                new() { Name = "LATER", Value = "2" },
            ],
        });

        Assert.Equal("1-$(LATER)-$(A)", env["B"]);
    }

    [Fact]
    public async Task What_env_states_wins_over_envFrom_and_both_over_services()
    {
        await _api.CreateAsync(new ConfigMap
        {
            Metadata = new() { Name = "map", Namespace = "default" },
            Data = ApiMap.Create<string>([new("X", "map"), new("DB_SERVICE_HOST", "map")]),
        }, Cancellation);
        await _api.CreateAsync(new Secret { Metadata = new() { Name = "secret", Namespace = "default" }, Data = ApiMap.Of("Y", ByteString.FromUtf8("secret")) }, Cancellation);
        _services.Add(Service("db", "10.96.0.7", 5432));

        var env = await BuildAsync(c => c with
        {
            EnvFrom = [new() { ConfigMapRef = new() { Name = "map" } }, new() { Prefix = "S_", SecretRef = new() { Name = "secret" } }],
            Env = [new() { Name = "X", Value = "env" }],
        });

        Assert.Equal("env", env["X"]);
        Assert.Equal("secret", env["S_Y"]);
        Assert.Equal("map", env["DB_SERVICE_HOST"]);
        Assert.Equal("5432", env["DB_SERVICE_PORT"]);
    }

    [Fact]
    public async Task Missing_references_are_errors_unless_optional()
    {
        await _api.CreateAsync(new ConfigMap { Metadata = new() { Name = "map", Namespace = "default" }, Data = ApiMap.Of("a", "1") }, Cancellation);
        await _api.CreateAsync(new Secret { Metadata = new() { Name = "secret", Namespace = "default" } }, Cancellation);

        Assert.Equal("couldn't find key b in ConfigMap default/map", await FailAsync(new() { ConfigMapKeyRef = new() { Name = "map", Key = "b" } }));
        Assert.Equal("couldn't find key b in Secret default/secret", await FailAsync(new() { SecretKeyRef = new() { Name = "secret", Key = "b" } }));
        Assert.Equal("secret \"none\" not found", await FailAsync(new() { SecretKeyRef = new() { Name = "none", Key = "b" } }));
        var env = await BuildAsync(c => c with
        {
            EnvFrom = [new() { ConfigMapRef = new() { Name = "none", Optional = true } }],
            Env = [new() { Name = "A", ValueFrom = new() { SecretKeyRef = new() { Name = "none", Key = "b", Optional = true } } }],
        });
        Assert.False(env.ContainsKey("A"));
    }

    [Fact]
    public async Task Fields_of_the_pod_and_resources_of_its_containers_can_be_referred_to()
    {
        var env = await BuildAsync(c => c with
        {
            Resources = new() { Limits = TestPods.Quantities(("memory", "64Mi")), Requests = TestPods.Quantities(("cpu", "1500m")) },
            Env =
            [
                Field("NAME", "metadata.name"), Field("NS", "metadata.namespace"), Field("UID", "metadata.uid"),
                Field("LABEL", "metadata.labels['app']"), Field("NOTE", "metadata.annotations['note']"),
                Field("NODE", "spec.nodeName"), Field("SA", "spec.serviceAccountName"),
                Field("IP", "status.podIP"), Field("IPS", "status.podIPs"), Field("HOST", "status.hostIP"), Field("HOSTS", "status.hostIPs"),
                Resource("MEM", "limits.memory", "1Mi"), Resource("CPU", "requests.cpu", ""), Resource("CPU_LIMIT", "limits.cpu", "1m"),
            ],
        });

        Assert.Equal(
            ["web", "default", "uid-web", "front", "hi", "node-1", "default", "10.1.0.5", "10.1.0.5,fd00::5", "192.0.2.10", "192.0.2.10", "64", "2", "3500"],
            [
                env["NAME"], env["NS"], env["UID"], env["LABEL"], env["NOTE"], env["NODE"], env["SA"], env["IP"], env["IPS"], env["HOST"], env["HOSTS"],
                env["MEM"], env["CPU"], env["CPU_LIMIT"],
            ]);
    }

    [Fact]
    public async Task Services_of_the_namespace_are_named_in_both_spellings()
    {
        _services.Add(Service("redis-leader", "10.96.0.11", 6379, "redis"));
        _services.Add(Service("kubernetes", "10.96.0.1", 443, "https"));
        _services.Add(Service("headless", "None", 80));
        _services.Add(Service("other", "10.96.0.12", 80) with { Metadata = new() { Name = "other", Namespace = "elsewhere" } });

        var env = await BuildAsync(c => c);

        Assert.Equal("10.96.0.11", env["REDIS_LEADER_SERVICE_HOST"]);
        Assert.Equal("6379", env["REDIS_LEADER_SERVICE_PORT"]);
        Assert.Equal("6379", env["REDIS_LEADER_SERVICE_PORT_REDIS"]);
        Assert.Equal("tcp://10.96.0.11:6379", env["REDIS_LEADER_PORT"]);
        Assert.Equal("tcp://10.96.0.11:6379", env["REDIS_LEADER_PORT_6379_TCP"]);
        Assert.Equal("tcp", env["REDIS_LEADER_PORT_6379_TCP_PROTO"]);
        Assert.Equal("6379", env["REDIS_LEADER_PORT_6379_TCP_PORT"]);
        Assert.Equal("10.96.0.11", env["REDIS_LEADER_PORT_6379_TCP_ADDR"]);
        Assert.Equal("10.96.0.1", env["KUBERNETES_SERVICE_HOST"]);
        Assert.DoesNotContain(env.Keys, key => key.StartsWith("HEADLESS", StringComparison.Ordinal) || key.StartsWith("OTHER", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_service_links_only_the_api_server_is_named()
    {
        _services.Add(Service("db", "10.96.0.7", 5432));
        _services.Add(Service("kubernetes", "10.96.0.1", 443));

        var env = await BuildAsync(c => c, spec => spec with { EnableServiceLinks = false });

        Assert.False(env.ContainsKey("DB_SERVICE_HOST"));
        Assert.Equal("443", env["KUBERNETES_SERVICE_PORT"]);
    }

    [Theory]
    [InlineData("$(A)$(B)", "1$(B)")]
    [InlineData("$$(A) $$$(A)", "$(A) $1")]
    [InlineData("$(A", "$(A")]
    [InlineData("$A $", "$A $")]
    [InlineData("$()", "$()")]
    public void Expansion_leaves_what_it_does_not_know(string input, string expected) =>
        Assert.Equal(expected, VariableExpansion.Expand(input, name => name == "A" ? "1" : null));

    [Fact]
    public void Labels_as_a_whole_are_sorted_lines_with_quoted_values()
    {
        var pod = TestPods.Pod() with { Metadata = new() { Labels = ApiMap.Create<string>([new("b", "two \"2\""), new("a", "1")]) } };

        Assert.Equal("a=\"1\"\nb=\"two \\\"2\\\"\"", DownwardFields.Field(pod, "metadata.labels", new()));
        Assert.Equal("unsupported fieldPath: spec.secret", Assert.Throws<FormatException>(() => DownwardFields.Field(pod, "spec.secret", new())).Message);
    }

    private static EnvVar Field(string name, string path) => new() { Name = name, ValueFrom = new() { FieldRef = new() { FieldPath = path } } };

    private static EnvVar Resource(string name, string resource, string divisor) => new()
    {
        Name = name,
        ValueFrom = new() { ResourceFieldRef = new() { Resource = resource, Divisor = divisor.Length == 0 ? default : Quantity.Parse(divisor) } },
    };

    private static Service Service(string name, string ip, int port, string portName = "") => new()
    {
        Metadata = new() { Name = name, Namespace = "default" },
        Spec = new() { ClusterIP = ip, Ports = [new() { Name = portName, Port = port, Protocol = "TCP" }] },
    };

    private async Task<string> FailAsync(EnvVarSource source) =>
        (await Assert.ThrowsAsync<ContainerConfigException>(() => BuildAsync(c => c with { Env = [new() { Name = "A", ValueFrom = source }] }))).Message;

    private async Task<Dictionary<string, string>> BuildAsync(Func<Container, Container> change, Func<PodSpec, PodSpec>? changePod = null)
    {
        var pod = TestPods.Pod("web", TestPods.Container("web", change)).With(changePod ?? (spec => spec));
        pod = pod with { Metadata = pod.Metadata with { Labels = ApiMap.Of("app", "front"), Annotations = ApiMap.Of("note", "hi") } };
        var builder = new EnvironmentBuilder(new ApiConfigSource(_api), () => _services);
        var facts = new PodFacts { HostIPs = ["192.0.2.10"], PodIPs = ["10.1.0.5", "fd00::5"] };
        var env = await builder.BuildAsync(pod, pod.Spec.Containers[0], facts, TestPods.Node.Allocatable, Cancellation);
        return env.ToDictionary(pair => pair.Key, pair => pair.Value);
    }
}
