using Coxswain.ApiServer.Tests.OpenApi;
using static Coxswain.ApiServer.Tests.CustomResources.Definitions;

namespace Coxswain.ApiServer.Tests.CustomResources;

/// <summary>The life of a custom resource as the real kubectl, old and new, leads it.</summary>
[Collection(nameof(CustomCluster))]
public sealed class KubectlTests(CustomCluster fixture)
{
    private const string Schema =
        """{"type":"object","properties":{"spec":{"type":"object","description":"What is wished.","properties":{"size":{"type":"integer","description":"How large it is.","minimum":1,"default":2}}},"status":{"type":"object","properties":{"replicas":{"type":"integer"}}}}}""";

    private const string More =
        ""","subresources":{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.replicas"}},"additionalPrinterColumns":[{"name":"Size","type":"integer","jsonPath":".spec.size"}]""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.20")]
    [InlineData("sid")]
    public async Task Kubectl_defines_applies_explains_finds_patches_scales_and_deletes(string version)
    {
        using var kubectl = new RealKubectl(fixture.Cluster, version);
        using var api = new Conformance.Api(fixture.Cluster);
        var group = NewGroup();
        // Short names must be free in the whole cluster for kubectl to find this one.
        var shortName = "t" + group[..6];
        var @namespace = await api.NamespaceAsync();

        async Task<string> RunAsync(string arguments, string input = "", bool succeeds = true)
        {
            var (code, output) = await kubectl.RunAsync($"-n {@namespace} {arguments}", Cancellation, input);
            Assert.True(code == 0 == succeeds, $"kubectl {arguments}: {output}");
            return output;
        }

        Assert.Contains("created", await RunAsync("apply -f -", Document(group, Version(Schema, more: More), $$""","shortNames":["{{shortName}}"],"categories":["all"]""")), StringComparison.Ordinal);
        await RunAsync($"wait --for=condition=established --timeout=30s crd/things.{group}");

        Assert.Contains("How large it is.", await RunAsync($"explain things.spec --api-version={group}/v1"), StringComparison.Ordinal);
        Assert.Contains("unknown field", await RunAsync("apply -f -", Thing(group, "bad", ""","spec":{"other":1}"""), succeeds: false), StringComparison.Ordinal);
        Assert.Contains($"thing.{group}/a created", await RunAsync("apply -f -", Thing(group, "a", ""","spec":{"size":3}""")), StringComparison.Ordinal);
        Assert.Contains($"thing.{group}/a configured", await RunAsync("apply -f -", Thing(group, "a", ""","spec":{"size":4}""")), StringComparison.Ordinal);
        Assert.Matches(@"(?m)^NAME +SIZE\s+a +4$", await RunAsync($"get {shortName}"));
        Assert.Contains($"thing.{group}/a", await RunAsync("get all"), StringComparison.Ordinal);

        await RunAsync($"patch {shortName} a --type=merge -p {{\\\"spec\\\":{{\\\"size\\\":5}}}}");
        Assert.Equal("5", await RunAsync($"get things.{group} a -o jsonpath={{.spec.size}}"));
        await RunAsync($"scale things.{group}/a --replicas=7");
        Assert.Equal("7", await RunAsync($"get things.{group} a -o jsonpath={{.spec.size}}"));
        Assert.Contains("serverside-applied", await RunAsync("apply --server-side --force-conflicts -f -", Thing(group, "a", ""","spec":{"size":8}""")), StringComparison.Ordinal);

        await RunAsync($"delete {shortName} a");
        Assert.Contains("No resources found", await RunAsync($"get things.{group}"), StringComparison.Ordinal);
        await RunAsync($"delete crd things.{group}");
        Assert.Contains("the server doesn't have a resource type", await RunAsync($"get things.{group}", succeeds: false), StringComparison.Ordinal);
    }
}
