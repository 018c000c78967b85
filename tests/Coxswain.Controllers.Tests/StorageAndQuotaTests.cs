using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Coxswain.Api;
using Coxswain.Api.Certificates.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers.Tests;

public sealed class StorageAndQuotaTests
{
    private static Pod PodWith(string name, string cpu, string claim = "", string node = "") => new()
    {
        Metadata = new() { Namespace = "default", Name = name },
        Spec = new()
        {
            NodeName = node,
            Containers = [new() { Name = "c", Resources = new() { Requests = ApiMap.Of("cpu", Quantity.Parse(cpu)) } }],
            Volumes = claim.Length > 0 ? [new() { Name = "v", PersistentVolumeClaim = new() { ClaimName = claim } }] : default,
        },
    };

    [Fact]
    public async Task What_has_gone_or_finished_is_taken_off_the_quota()
    {
        await using var bed = await Bed.StartAsync("resourcequota-controller");
        await bed.CreateAsync(new ResourceQuota
        {
            Metadata = new() { Namespace = "default", Name = "q" },
            Spec = new()
            {
                Hard = ((KeyValuePair<string, Quantity>[])[new("pods", Quantity.Parse("10")), new("requests.cpu", Quantity.Parse("4")),
                    new("configmaps", Quantity.Parse("5")), new("count/deployments.apps", Quantity.Parse("3"))]).ToApiMap(),
            },
        });
        await bed.CreateAsync(PodWith("a", "500m"));
        await bed.CreateAsync(PodWith("b", "1"));
        await bed.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "default", Name = "m" } });
        await bed.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "other", Name = "m" } });
        bed.WakeAll();
        await bed.SettleAsync();
        Assert.Equal(("2", "1500m", "1", "0"), Used(bed));

        await bed.Api.DeleteAsync<Pod>(new("default", "a"), null, Bed.Cancellation);
        await bed.Api.DeleteAsync<ConfigMap>(new("default", "m"), null, Bed.Cancellation);
        await bed.SettleAsync();
        Assert.Equal(("1", "1", "0", "0"), Used(bed));
        bed.FinishPods("Succeeded");
        await bed.SettleAsync();
        Assert.Equal(("0", "0", "0", "0"), Used(bed));
    }

    private static (string, string, string, string) Used(Bed bed)
    {
        var used = bed.Get<ResourceQuota>("q").Status.Used;
        return (used["pods"].ToString(), used["requests.cpu"].ToString(), used["configmaps"].ToString(), used["count/deployments.apps"].ToString());
    }

    [Fact]
    public async Task A_claim_that_is_deleted_lives_until_its_last_pod_has_ended()
    {
        await using var bed = await Bed.StartAsync("persistentvolumeclaim-protection-controller");
        await bed.CreateAsync(new PersistentVolumeClaim { Metadata = new() { Namespace = "default", Name = "data" } });
        await bed.CreateAsync(PodWith("user", "1", "data", "n1"));
        await bed.SettleAsync();
        Assert.Equal([PvcProtectionController.Finalizer], bed.Get<PersistentVolumeClaim>("data").Metadata.Finalizers);
        await bed.Api.DeleteAsync<PersistentVolumeClaim>(new("default", "data"), null, Bed.Cancellation);
        await bed.SettleAsync();
        Assert.NotNull(bed.Get<PersistentVolumeClaim>("data").Metadata.DeletionTimestamp);

        bed.FinishPods("Succeeded");
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<PersistentVolumeClaim>());
    }

    [Fact]
    public async Task A_volume_that_is_deleted_lives_while_it_is_bound()
    {
        await using var bed = await Bed.StartAsync("persistentvolume-protection-controller");
        await bed.CreateAsync(new PersistentVolume { Metadata = new() { Name = "v" }, Status = new() { Phase = "Bound" } });
        await bed.SettleAsync();
        await bed.Api.DeleteAsync<PersistentVolume>(new("", "v"), null, Bed.Cancellation);
        await bed.SettleAsync();
        Assert.Single(bed.Api.All<PersistentVolume>());
        bed.Api.Change<PersistentVolume>(new("", "v"), v => v with { Status = v.Status with { Phase = "Released" } });
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<PersistentVolume>());
    }

    [Theory]
    [InlineData("CN=system:node:n1, O=system:nodes", true)]
    [InlineData("CN=admin, O=system:masters", false)]
    public async Task Only_what_the_signers_rules_allow_is_signed(string subject, bool allowed)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=ca", key, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = authority.CreateSelfSigned(new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2035, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var bed = await Bed.StartAsync(["certificatesigningrequest-signing-controller"],
            new() { Signer = new(root.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem()) });
        using var kubelet = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await bed.CreateAsync(new CertificateSigningRequest
        {
            Metadata = new() { Name = "csr" },
            Spec = new()
            {
                SignerName = CertificateSigner.KubeletClientSigner,
                Usages = [KeyUsage.ClientAuth, KeyUsage.DigitalSignature],
                ExpirationSeconds = 3600,
                Request = ByteString.FromUtf8(new CertificateRequest(subject, kubelet, HashAlgorithmName.SHA256).CreateSigningRequestPem()),
            },
            Status = new() { Conditions = [new() { Type = "Approved", Status = "True" }] },
        });
        await bed.SettleAsync();

        var status = bed.Get<CertificateSigningRequest>("csr").Status;
        Assert.Equal(allowed, status.Certificate.Length > 0);
        Assert.Equal(!allowed, status.Conditions.Any(c => c is { Type: "Failed", Reason: "SignerValidationFailure" }));
        if (!allowed)
            return;
        using var certificate = X509Certificate2.CreateFromPem(status.Certificate.ToUtf8String());
        Assert.Equal(("CN=ca", subject), (certificate.Issuer, certificate.Subject));
        Assert.Equal(bed.Clock.GetUtcNow().AddHours(1).UtcDateTime, certificate.NotAfter.ToUniversalTime(), TimeSpan.FromSeconds(5));
        Assert.Equal(kubelet.ExportSubjectPublicKeyInfo(), certificate.PublicKey.ExportSubjectPublicKeyInfo());
    }
}
