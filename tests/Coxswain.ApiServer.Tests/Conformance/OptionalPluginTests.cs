using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.Conformance;

/// <summary>Admission plug-ins that are off unless --enable-admission-plugins names them.</summary>
public sealed class OptionalPluginTests
{
    private const string Pod = """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i:1","imagePullPolicy":"Never"}]MORE}}""";

    private static async Task WithAsync(string plugin, Func<Api, Task> test)
    {
        await using var cluster = await TestCluster.StartAsync(
            TestContext.Current.CancellationToken, new() { EnableAdmissionPlugins = [plugin], DisableAdmissionPlugins = ["ServiceAccount"] });
        using var api = new Api(cluster);
        await test(api);
    }

    private static Task<Answer> PodAsync(Api api, string more = "", string @namespace = "default") =>
        api.PostAsync($"/api/v1/namespaces/{@namespace}/pods", Pod.Replace("MORE", more, StringComparison.Ordinal));

    [Fact]
    public Task AlwaysPullImages_makes_every_pod_ask_the_registry() => WithAsync("AlwaysPullImages", async api =>
        Assert.Equal("Always", (await PodAsync(api)).Expect(201).String("spec/containers/0/imagePullPolicy")));

    [Fact]
    public Task DenyServiceExternalIPs_refuses_new_external_addresses() => WithAsync("DenyServiceExternalIPs", async api =>
    {
        var denied = await api.PostAsync("/api/v1/namespaces/default/services", """{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}],"externalIPs":["192.0.2.1"]}}""");
        Assert.Equal(403, denied.Code);
        Assert.Contains("Use of external IPs is denied by admission control", denied.Message, StringComparison.Ordinal);
        (await api.PostAsync("/api/v1/namespaces/default/services", """{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}""")).Expect(201);
    });

    [Fact]
    public Task ExtendedResourceToleration_lets_a_pod_onto_the_nodes_of_its_resource() => WithAsync("ExtendedResourceToleration", async api =>
    {
        var made = await api.PostAsync(
            "/api/v1/namespaces/default/pods",
            """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"example.com/gpu":"1"}}}]}}""");
        Assert.Contains(made.Expect(201)["spec/tolerations"]!.AsArray(), t => (string?)t!["key"] == "example.com/gpu" && (string?)t["operator"] == "Exists");
    });

    [Fact]
    public Task LimitPodHardAntiAffinityTopology_allows_only_the_host_name() => WithAsync("LimitPodHardAntiAffinityTopology", async api =>
    {
        const string Affinity = ""","affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"KEY","labelSelector":{}}]}}""";
        Assert.Equal(403, (await PodAsync(api, Affinity.Replace("KEY", "zone", StringComparison.Ordinal))).Code);
        (await PodAsync(api, Affinity.Replace("KEY", "kubernetes.io/hostname", StringComparison.Ordinal))).Expect(201);
    });

    [Fact]
    public Task NamespaceExists_refuses_what_goes_into_a_namespace_that_is_not_there() => WithAsync("NamespaceExists", async api =>
    {
        Assert.Equal(404, (await PodAsync(api, @namespace: "nowhere")).Code);
        (await PodAsync(api)).Expect(201);
    });

    [Fact]
    public Task NamespaceAutoProvision_makes_the_namespace_that_something_goes_into() => WithAsync("NamespaceAutoProvision", async api =>
    {
        (await PodAsync(api, @namespace: "made-for-it")).Expect(201);
        Assert.Equal("Active", (await api.GetAsync("/api/v1/namespaces/made-for-it")).Expect(200).String("status/phase"));
    });

    [Fact]
    public Task AlwaysDeny_refuses_everything() => WithAsync("AlwaysDeny", async api =>
    {
        var denied = await PodAsync(api);
        Assert.Equal(403, denied.Code);
        Assert.Contains("admission control is denying all modifications", denied.Message, StringComparison.Ordinal);
    });
}
