using System.Security.Cryptography;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Certificates.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.Api.Networking.V1;
using Coxswain.Api.Resource.V1;
using ResourceClaim = Coxswain.Api.Resource.V1.ResourceClaim;

namespace Coxswain.Controllers.Tests;

/// <summary>The small loops that a cluster needs beside its workloads.</summary>
public sealed class ClusterLoopTests
{
    internal static Secret Token(string id, string expires = "", string signing = "true") => new()
    {
        Metadata = new() { Namespace = "kube-system", Name = "bootstrap-token-" + id },
        Type = "bootstrap.kubernetes.io/token",
        Data = new Dictionary<string, string> { ["token-id"] = id, ["token-secret"] = "0123456789abcdef", ["usage-bootstrap-signing"] = signing, ["expiration"] = expires }
            .Select(d => KeyValuePair.Create(d.Key, ByteString.Copy(Encoding.UTF8.GetBytes(d.Value)))).ToApiMap(),
    };

    internal static ConfigMap ClusterInfo { get; } = new() { Metadata = new() { Namespace = "kube-public", Name = "cluster-info" }, Data = ApiMap.Of("kubeconfig", "apiVersion: v1\n") };

    private static string Base64Url(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    [Fact]
    public async Task Cluster_info_is_signed_with_every_token_that_may_sign_and_no_longer_than_it_may()
    {
        await using var bed = await Bed.StartAsync("bootstrap-signer-controller", "token-cleaner-controller");
        await bed.CreateAsync(ClusterInfo);
        await bed.CreateAsync(Token("abcdef", bed.Clock.GetUtcNow().AddHours(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture)));
        await bed.CreateAsync(Token("nosign", signing: "false"));
        await bed.SettleAsync();

        var header = Base64Url("""{"alg":"HS256","kid":"abcdef"}"""u8);
        var signature = Base64Url(HMACSHA256.HashData("0123456789abcdef"u8, Encoding.ASCII.GetBytes($"{header}.{Base64Url("apiVersion: v1\n"u8)}")));
        var data = bed.Get<ConfigMap>("cluster-info", "kube-public").Data;
        Assert.Equal($"{header}..{signature}", data["jws-kubeconfig-abcdef"]);
        Assert.Equal(2, data.Count);

        await bed.PassAsync(TimeSpan.FromHours(2), 2);
        Assert.Equal("bootstrap-token-nosign", Assert.Single(bed.Api.All<Secret>()).Metadata.Name);
        Assert.Equal(["kubeconfig"], bed.Get<ConfigMap>("cluster-info", "kube-public").Data.Keys);
    }

    [Fact]
    public async Task A_secret_of_the_token_type_is_filled_and_goes_with_its_account()
    {
        await using var bed = await Bed.StartAsync("serviceaccount-token-controller");
        var asked = new List<TokenRequestSpec>();
        bed.Api.Subresource = (_, subresource, body) =>
        {
            if (subresource != "token" || body is not TokenRequest request)
                return null;
            asked.Add(request.Spec);
            return request with { Status = new() { Token = "a.b.c" } };
        };
        await bed.CreateAsync(new ServiceAccount { Metadata = new() { Namespace = "default", Name = "robot" } });
        await bed.CreateAsync(new Secret
        {
            Metadata = new() { Namespace = "default", Name = "robot-token", Annotations = ApiMap.Of("kubernetes.io/service-account.name", "robot") },
            Type = "kubernetes.io/service-account-token",
        });
        await bed.SettleAsync();

        var secret = bed.Get<Secret>("robot-token");
        Assert.Equal(("a.b.c", "default", "PEM"), (Text(secret, "token"), Text(secret, "namespace"), Text(secret, "ca.crt")));
        Assert.Equal(bed.Get<ServiceAccount>("robot").Metadata.Uid, secret.Metadata.Annotations["kubernetes.io/service-account.uid"]);
        Assert.Equal(secret.Metadata.Uid, Assert.Single(asked).BoundObjectRef!.Uid);

        await bed.Api.DeleteAsync<ServiceAccount>(new("default", "robot"), null, Bed.Cancellation);
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<Secret>());

        static string Text(Secret secret, string key) => Encoding.UTF8.GetString(secret.Data[key].Span);
    }

    internal static CertificateSigningRequest Request(string name, string condition = "", DateTimeOffset? at = null) => new()
    {
        Metadata = new() { Name = name },
        Spec = new() { SignerName = "example.com/own" },
        Status = new() { Conditions = condition.Length == 0 ? default : [new() { Type = condition, Status = "True", LastUpdateTime = at }] },
    };

    [Fact]
    public async Task Certificate_requests_are_cleaned_an_hour_after_the_decision_or_a_day_after_the_question()
    {
        await using var bed = await Bed.StartAsync("certificatesigningrequest-cleaner-controller");
        var now = bed.Clock.GetUtcNow();
        foreach (var condition in (string[])["Approved", "Denied", "Failed", ""])
            await bed.CreateAsync(Request("csr-" + condition.ToLowerInvariant(), condition, now));
        await bed.PassAsync(TimeSpan.FromMinutes(59));
        Assert.Equal(4, bed.Api.All<CertificateSigningRequest>().Count);
        await bed.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal("csr-", Assert.Single(bed.Api.All<CertificateSigningRequest>()).Metadata.Name);
        await bed.PassAsync(TimeSpan.FromHours(24));
        Assert.Empty(bed.Api.All<CertificateSigningRequest>());
    }

    [Fact]
    public async Task Nodes_learn_how_long_they_may_remember()
    {
        await using var bed = await Bed.StartAsync("ttl-controller");
        await bed.CreateAsync(new Node { Metadata = new() { Name = "node-0" } });
        await bed.SettleAsync();
        Assert.Equal("0", bed.Get<Node>("node-0").Metadata.Annotations["node.alpha.kubernetes.io/ttl"]);

        for (var i = 1; i <= 101; i++)
            await bed.CreateAsync(new Node { Metadata = new() { Name = $"node-{i}" } });
        await bed.PassAsync(TimeSpan.FromMinutes(6));
        Assert.All(bed.Api.All<Node>(), n => Assert.Equal("15", n.Metadata.Annotations["node.alpha.kubernetes.io/ttl"]));
    }

    [Fact]
    public async Task A_range_of_addresses_stays_while_a_service_has_one_that_no_other_range_covers()
    {
        await using var bed = await Bed.StartAsync("service-cidr-controller");
        await bed.CreateAsync(new ServiceCIDR { Metadata = new() { Name = "extra" }, Spec = new() { Cidrs = ["10.97.0.0/24"] } });
        await bed.CreateAsync(new IPAddress { Metadata = new() { Name = "10.97.0.5" } });
        await bed.SettleAsync();
        var range = bed.Get<ServiceCIDR>("extra");
        Assert.Equal(["networking.k8s.io/service-cidr-finalizer"], range.Metadata.Finalizers);
        Assert.Equal(("Ready", "True", "Kubernetes Service CIDR is ready"), (range.Status.Conditions[0].Type, range.Status.Conditions[0].Status, range.Status.Conditions[0].Message));

        await bed.Api.DeleteAsync<ServiceCIDR>(new("", "extra"), null, Bed.Cancellation);
        await bed.PassAsync(TimeSpan.FromMinutes(1), 3);
        range = bed.Get<ServiceCIDR>("extra");
        Assert.Equal(("False", "Terminating", "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"),
            (range.Status.Conditions[0].Status, range.Status.Conditions[0].Reason, range.Status.Conditions[0].Message));

        await bed.CreateAsync(new ServiceCIDR { Metadata = new() { Name = "wider" }, Spec = new() { Cidrs = ["10.97.0.0/16"] } });
        await bed.PassAsync(TimeSpan.FromMinutes(1), 3);
        Assert.Equal("wider", Assert.Single(bed.Api.All<ServiceCIDR>()).Metadata.Name);
    }

    internal static Endpoints Written(params string[] addresses) => new()
    {
        Metadata = new() { Namespace = "default", Name = "outside", Labels = ApiMap.Of("tier", "db") },
        Subsets = [new() { Addresses = addresses.Select(a => new EndpointAddress { Ip = a }).ToApiList(), Ports = [new() { Name = "pg", Port = 5432, Protocol = "TCP" }] }],
    };

    [Fact]
    public async Task Endpoints_written_by_hand_are_mirrored_in_slices_of_each_family()
    {
        await using var bed = await Bed.StartAsync("endpointslice-mirroring-controller");
        await bed.CreateAsync(new Service { Metadata = new() { Namespace = "default", Name = "outside" }, Spec = new() { Ports = [new() { Port = 5432 }] } });
        await bed.CreateAsync(Written("192.0.2.1", "192.0.2.2", "2001:db8::1", "nonsense"));
        await bed.SettleAsync();

        var slices = bed.Api.All<EndpointSlice>();
        var four = slices.Single(s => s.AddressType == "IPv4");
        Assert.Equal(2, slices.Count);
        Assert.Equal(["192.0.2.1", "192.0.2.2"], four.Endpoints.Select(e => e.Addresses[0]));
        Assert.Equal(("outside", "endpointslicemirroring-controller.k8s.io", "db", "Endpoints", "outside"), (four.Metadata.Labels["kubernetes.io/service-name"],
            four.Metadata.Labels["endpointslice.kubernetes.io/managed-by"], four.Metadata.Labels["tier"], four.Metadata.OwnerReferences[0].Kind, four.Metadata.OwnerReferences[0].Name));
        Assert.Equal((5432, "pg"), (four.Ports[0].Port, four.Ports[0].Name));
        await bed.ToldAsync("InvalidIPAddress", "Skipped 1 invalid IP addresses when mirroring to EndpointSlices");

        bed.Api.Change<Endpoints>(new("default", "outside"), e => Written("192.0.2.2") with { Metadata = e.Metadata });
        await bed.SettleAsync();
        Assert.Equal(["192.0.2.2"], Assert.Single(bed.Api.All<EndpointSlice>()).Endpoints.Select(e => e.Addresses[0]));

        bed.Api.Change<Endpoints>(new("default", "outside"), e => e with { Metadata = e.Metadata with { Labels = ApiMap.Of("endpointslice.kubernetes.io/skip-mirror", "true") } });
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<EndpointSlice>());
    }

    [Fact]
    public async Task Endpoints_of_services_that_have_a_selector_are_not_mirrored()
    {
        await using var bed = await Bed.StartAsync("endpointslice-mirroring-controller");
        await bed.CreateAsync(new Service { Metadata = new() { Namespace = "default", Name = "outside" }, Spec = new() { Selector = ApiMap.Of("app", "db") } });
        await bed.CreateAsync(Written("192.0.2.1"));
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<EndpointSlice>());
    }

    internal static Pod WithDevice(string name = "trainer") => new()
    {
        Metadata = new() { Namespace = "default", Name = name },
        Spec = new() { ResourceClaims = [new() { Name = "gpu", ResourceClaimTemplateName = "one-gpu" }], Containers = [new() { Name = "main" }] },
    };

    internal static ResourceClaimTemplate Template { get; } = new()
    {
        Metadata = new() { Namespace = "default", Name = "one-gpu" },
        Spec = new() { Metadata = new() { Labels = ApiMap.Of("kind", "gpu") } },
    };

    [Fact]
    public async Task A_pods_device_claim_is_made_from_its_template_and_named_in_the_pods_status()
    {
        await using var bed = await Bed.StartAsync("resourceclaim-controller");
        await bed.CreateAsync(WithDevice());
        await bed.SettleAsync();
        await bed.ToldAsync("FailedResourceClaimCreation", "PodResourceClaim gpu: resource claim template \"one-gpu\"");

        await bed.CreateAsync(Template);
        await bed.SettleAsync();
        var claim = Assert.Single(bed.Api.All<ResourceClaim>());
        Assert.StartsWith("trainer-gpu-", claim.Metadata.Name, StringComparison.Ordinal);
        Assert.Equal(("gpu", "gpu", "trainer"), (claim.Metadata.Annotations["resource.kubernetes.io/pod-claim-name"], claim.Metadata.Labels["kind"], claim.Metadata.OwnerReferences[0].Name));
        Assert.Equal(claim.Metadata.Name, Assert.Single(bed.Get<Pod>("trainer").Status.ResourceClaimStatuses).ResourceClaimName);
    }

    [Fact]
    public async Task A_pod_that_is_done_loses_its_reservation_and_its_own_claim()
    {
        await using var bed = await Bed.StartAsync("resourceclaim-controller");
        await bed.CreateAsync(Template);
        await bed.CreateAsync(WithDevice());
        await bed.SettleAsync();
        var name = new NamespacedName("default", bed.Api.All<ResourceClaim>()[0].Metadata.Name);
        var pod = bed.Get<Pod>("trainer");
        // What the scheduler does.
        bed.Api.Change<ResourceClaim>(name, c => c with
        {
            Metadata = c.Metadata with { Finalizers = ["resource.kubernetes.io/delete-protection"] },
            Status = new() { Allocation = new(), ReservedFor = [new() { Resource = "pods", Name = "trainer", Uid = pod.Metadata.Uid }] },
        });
        await bed.SettleAsync();
        Assert.Single(bed.Get<ResourceClaim>(name.Name).Status.ReservedFor);

        bed.Api.Change<Pod>(new("default", "trainer"), p => p with { Status = p.Status with { Phase = "Succeeded" } });
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<ResourceClaim>());
    }
}
