using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers.Tests;

public sealed class NamespaceTests
{
    private static Namespace Make(string name) => new() { Metadata = new() { Name = name }, Spec = new() { Finalizers = ["kubernetes"] } };

    private static async Task DeleteAsync(Bed bed, string name) => await bed.Api.DeleteAsync<Namespace>(new("", name), null, Bed.Cancellation);

    [Fact]
    public async Task All_that_is_in_an_ending_namespace_goes_and_then_it_goes()
    {
        await using var bed = await Bed.StartAsync("namespace-controller");
        await bed.CreateAsync(Make("apps"));
        await bed.CreateAsync(Make("other"));
        await bed.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "apps", Name = "a" } });
        await bed.CreateAsync(new Service { Metadata = new() { Namespace = "apps", Name = "s" } });
        await bed.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "other", Name = "a" } });
        await DeleteAsync(bed, "apps");
        await bed.SettleAsync();

        Assert.Equal(["other"], bed.Api.All<Namespace>().Select(n => n.Metadata.Name));
        Assert.Equal(["other"], bed.Api.All<ConfigMap>().Select(n => n.Metadata.Namespace));
        Assert.Empty(bed.Api.All<Service>());
    }

    [Fact]
    public async Task Pods_go_first_and_the_rest_waits_for_them()
    {
        await using var bed = await Bed.StartAsync("namespace-controller");
        await bed.CreateAsync(Make("apps"));
        await bed.CreateAsync(new Secret { Metadata = new() { Namespace = "apps", Name = "needed" } });
        await bed.CreateAsync(new Pod { Metadata = new() { Namespace = "apps", Name = "p" }, Spec = new() { NodeName = "n" } });
        await DeleteAsync(bed, "apps");
        await bed.SettleAsync();

        var ending = bed.Get<Namespace>("apps");
        Assert.Equal("Terminating", ending.Status.Phase);
        Assert.Single(bed.Api.All<Secret>());
        Assert.Equal(
            [("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"),
                ("NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
                ("NamespaceDeletionContentFailure", "False", "ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
                ("NamespaceContentRemaining", "True", "SomeResourcesRemain", "Some resources are remaining: pods. has 1 resource instances"),
                ("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished")],
            ending.Status.Conditions.Select(c => (c.Type, c.Status, c.Reason, c.Message)));

        bed.RunPods();      // the node ends the pod, which wakes the namespace
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<Namespace>());
        Assert.Empty(bed.Api.All<Secret>());
    }

    [Fact]
    public async Task A_finalizer_that_blocks_is_named_and_its_removal_is_noticed()
    {
        await using var bed = await Bed.StartAsync("namespace-controller");
        await bed.CreateAsync(Make("apps"));
        await bed.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "apps", Name = "held", Finalizers = ["example.com/hold"] } });
        await DeleteAsync(bed, "apps");
        await bed.SettleAsync();
        Assert.Contains(bed.Get<Namespace>("apps").Status.Conditions, c => c is { Type: "NamespaceFinalizersRemaining", Status: "True" }
            && c.Message == "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances");

        bed.Api.Change<ConfigMap>(new("apps", "held"), m => m with { Metadata = m.Metadata with { Finalizers = default } });
        await bed.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Empty(bed.Api.All<Namespace>());
    }

    [Fact]
    public async Task What_cannot_be_deleted_is_told_and_tried_again()
    {
        await using var bed = await Bed.StartAsync("namespace-controller");
        await bed.CreateAsync(Make("apps"));
        await bed.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "apps", Name = "a" } });
        bed.Api.BeforeWrite = (verb, o) =>
        {
            if (verb == "delete" && o is ConfigMap)
                throw new ApiException(Statuses.InternalError("disk full"));
        };
        await DeleteAsync(bed, "apps");
        await bed.SettleAsync();
        Assert.Contains(bed.Get<Namespace>("apps").Status.Conditions, c => c is { Type: "NamespaceDeletionContentFailure", Status: "True" }
            && c.Message.Contains("disk full", StringComparison.Ordinal));

        bed.Api.BeforeWrite = null;
        await bed.PassAsync(TimeSpan.FromMinutes(20));
        Assert.Empty(bed.Api.All<Namespace>());
    }

    [Fact]
    public async Task A_namespace_waits_for_servers_that_cannot_say_what_they_have_in_it_and_the_rest_goes()
    {
        await using var bed = await Bed.StartAsync("namespace-controller");
        await bed.CreateAsync(Make("apps"));
        await bed.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "apps", Name = "a" } });
        bed.Api.DiscoveryFailures = new Dictionary<string, string> { ["metrics.k8s.io/v1beta1"] = "the server is currently unable to handle the request" };
        await DeleteAsync(bed, "apps");
        await bed.SettleAsync();
        Assert.Contains(bed.Get<Namespace>("apps").Status.Conditions, c => c is { Type: "NamespaceDeletionDiscoveryFailure", Status: "True", Reason: "DiscoveryFailed" }
            && c.Message == "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: the server is currently unable to handle the request");
        Assert.Empty(bed.Api.All<ConfigMap>());

        bed.Api.DiscoveryFailures = new Dictionary<string, string>();
        await bed.PassAsync(TimeSpan.FromMinutes(20));
        Assert.Empty(bed.Api.All<Namespace>());
    }

    [Fact]
    public async Task Every_namespace_has_a_default_account_and_the_root_certificates()
    {
        await using var bed = await Bed.StartAsync("serviceaccount-controller", "root-ca-certificate-publisher-controller");
        await bed.CreateAsync(Make("apps"));
        await bed.SettleAsync();
        Assert.Equal(("apps", "default"), (bed.Get<ServiceAccount>("default", "apps").Metadata.Namespace, "default"));
        Assert.Equal("PEM", bed.Get<ConfigMap>("kube-root-ca.crt", "apps").Data["ca.crt"]);

        await bed.Api.DeleteAsync<ServiceAccount>(new("apps", "default"), null, Bed.Cancellation);
        bed.Api.Change<ConfigMap>(new("apps", "kube-root-ca.crt"), m => m with { Data = ApiMap.Of("ca.crt", "forged") });
        await bed.SettleAsync();
        Assert.Single(bed.Api.All<ServiceAccount>());
        Assert.Equal("PEM", bed.Get<ConfigMap>("kube-root-ca.crt", "apps").Data["ca.crt"]);
    }
}
