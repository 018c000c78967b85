using System.Collections.Concurrent;
using Coxswain.Api;
using Coxswain.ApiServer.OpenApi;
using Coxswain.ApiServer.Tests.Wire;

namespace Coxswain.ApiServer.Tests.OpenApi;

/// <summary>What the oldest and the newest kubectl make of the documents.</summary>
public sealed class ExplainTests(ClusterFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Explain(ResourceDescriptor descriptor) => $"explain {descriptor.Plural} --api-version={descriptor.Kind.ApiVersion}";

    // Every kubectl is a process of its own; a few at a time.
    private static async Task ForEachAsync(RealKubectl kubectl, string options, Action<ResourceDescriptor, string> check)
    {
        var faults = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(ResourceTable.All, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation }, async (descriptor, cancellation) =>
        {
            var (code, output) = await kubectl.RunAsync(Explain(descriptor) + options, cancellation);
            if (code != 0)
                faults.Add($"{descriptor}: {output}");
            else
                check(descriptor, output);
        });
        Assert.Empty(faults);
    }

    [Theory]
    [InlineData("1.20")]
    [InlineData("sid")]
    public async Task Every_resource_is_explained_with_all_of_its_fields(string version)
    {
        using var kubectl = new RealKubectl(fixture.Cluster, version);
        var texts = Descriptions.Load();
        await ForEachAsync(kubectl, "", (descriptor, output) =>
        {
            Assert.Matches($@"(?m)^KIND: +{descriptor.Kind.Kind}$", output);
            Assert.DoesNotContain("<empty>", output, StringComparison.Ordinal);
            Assert.DoesNotContain("<no description>", output, StringComparison.Ordinal);
            Assert.DoesNotContain("%!", output, StringComparison.Ordinal);
            var words = string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            Assert.Contains(string.Join(' ', texts.Type(descriptor.Schema)!.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), words, StringComparison.Ordinal);
            foreach (var field in descriptor.Schema.Fields)
                Assert.Matches($@"(?m)^ +{field.Name}\t", output);
        });
    }

    [Theory]
    [InlineData("1.20")]
    [InlineData("sid")]
    public async Task Every_resource_is_explained_down_to_its_leaves(string version)
    {
        using var kubectl = new RealKubectl(fixture.Cluster, version);
        await ForEachAsync(kubectl, " --recursive", (descriptor, output) =>
        {
            foreach (var field in descriptor.Schema.Fields.SelectMany(field => field.Type.Kind == SchemaKind.Object ? field.Type.Fields : []))
                Assert.Matches($@"(?m)^ +{field.Name.Replace("$", @"\$", StringComparison.Ordinal)}\t", output);
        });
    }

    [Theory]
    [InlineData("pods")]
    [InlineData("deployments")]
    [InlineData("customresourcedefinitions")]
    public async Task The_newest_kubectl_explains_by_the_older_documents_too(string plural)
    {
        using var kubectl = new RealKubectl(fixture.Cluster, "sid");
        var descriptor = ResourceTable.All.Single(one => one.Plural == plural);
        var (_, output) = await kubectl.RunAsync(Explain(descriptor) + " --output=plaintext-openapiv2", Cancellation);
        Assert.Matches($@"(?m)^KIND: +{descriptor.Kind.Kind}$", output);
        Assert.Matches(@"(?m)^ +spec\t<Object>", output);
    }

    [Theory]
    [InlineData("1.20")]
    [InlineData("sid")]
    public async Task Fields_are_explained_with_type_need_and_meaning(string version)
    {
        using var kubectl = new RealKubectl(fixture.Cluster, version);
        var (_, containers) = await kubectl.RunAsync("explain pod.spec.containers", Cancellation);
        Assert.Matches(@"(?m)^ +name\t<string> -required-$", containers);
        Assert.Matches(@"(?m)^ +image\t<string>$", containers);
        Assert.Contains("The image, such as registry.example/app:1.2", containers, StringComparison.Ordinal);
        var (_, policy) = await kubectl.RunAsync("explain pod.spec.restartPolicy", Cancellation);
        Assert.Matches(@"(?m)^ +- OnFailure: it is started again", policy);
        if (version == "sid")
            Assert.Matches(@"ENUM:\s+Always\s+Never\s+OnFailure", policy);
        var (code, unknown) = await kubectl.RunAsync("explain pod.spec.nothing", Cancellation);
        Assert.Equal((1, true), (code, unknown.Contains("field \"nothing\" does not exist", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("1.20")]
    [InlineData("sid")]
    public async Task All_resources_and_versions_are_listed(string version)
    {
        using var kubectl = new RealKubectl(fixture.Cluster, version);
        var (_, resources) = await kubectl.RunAsync("api-resources -o name", Cancellation);
        // Of a resource in several versions only the preferred one is named.
        var expected = ResourceTable.All.Select(descriptor => descriptor.Kind.Group.Length == 0 ? descriptor.Plural : $"{descriptor.Plural}.{descriptor.Kind.Group}").Distinct();
        // The shared cluster may have custom resources of other tests.
        var groups = ResourceTable.GroupVersions.Select(one => one.Group).ToHashSet();
        Assert.Equal(expected.Order(StringComparer.Ordinal), resources.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(name => groups.Contains(name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? name[(dot + 1)..] : "")).Order(StringComparer.Ordinal));
        var (_, versions) = await kubectl.RunAsync("api-versions", Cancellation);
        Assert.Subset(versions.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToHashSet(), ResourceTable.GroupVersions.Select(one => one.ApiVersion).ToHashSet());
    }

    [Theory]
    [InlineData("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a","image":"a","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"1"}}}]}}""", "pod/a created (dry run)")]
    [InlineData("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containerz":[]}}""", "unknown field \"containerz\" in io.k8s.api.core.v1.PodSpec")]
    [InlineData("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{}}""", "missing required field \"containers\" in io.k8s.api.core.v1.PodSpec")]
    [InlineData("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":{}}}""", "invalid type for io.k8s.api.core.v1.PodSpec.containers: got \"map\", expected \"array\"")]
    [InlineData("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"},"spec":{"replicas":"many"}}""", "invalid type for io.k8s.api.apps.v1.DeploymentSpec.replicas: got \"string\", expected \"integer\"")]
    [InlineData("""{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":80,"targetPort":"http"},{"port":81,"targetPort":81}]}}""", "service/a created (dry run)")]
    [InlineData("""{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"a"},"spec":{"minAvailable":"50%","selector":{"matchExpressions":[{"key":"a","operator":"Exists"}]}}}""", "poddisruptionbudget.policy/a created (dry run)")]
    public async Task The_oldest_kubectl_validates_by_the_protobuf_form(string manifest, string outcome)
    {
        using var kubectl = new RealKubectl(fixture.Cluster, "1.20");
        var (code, output) = await kubectl.RunAsync("create --dry-run=client --validate=true -f -", Cancellation, manifest);
        Assert.Contains(outcome, output, StringComparison.Ordinal);
        Assert.Equal(outcome.EndsWith("(dry run)", StringComparison.Ordinal) ? 0 : 1, code);
    }
}
