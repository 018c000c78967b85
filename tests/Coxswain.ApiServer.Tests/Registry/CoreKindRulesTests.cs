using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>Nodes, quotas, accounts and secrets.</summary>
public sealed class CoreKindRulesTests
{
    [Fact]
    public void Ranges_of_nodes() => Assert.Equal(
        [
            "spec.podCIDRs[0]: Invalid value: \"10.0.0.1/8\": must not have bits set beyond the prefix length",
            "spec.podCIDRs[1]: Invalid value: \"10.0.0.1/8\": must not have bits set beyond the prefix length",
            "spec.podCIDRs: Invalid value: [\"10.0.0.1/8\",\"10.0.0.1/8\"]: may specify no more than one CIDR for each IP family",
            "spec.podCIDRs[1]: Duplicate value: \"10.0.0.1/8\"",
        ],
        Rules.Causes<Node>("""{"metadata":{"name":"n"},"spec":{"podCIDRs":["10.0.0.1/8","10.0.0.1/8"]}}"""));

    [Fact]
    public void Configurations_of_nodes()
    {
        var node = Rules.Create<Node>("""{"metadata":{"name":"n"}}""");
        var map = new ConfigMapNodeConfigSource { Uid = "u", Name = "N" };
        Assert.Equal(
            [
                "spec.configSource.configMap.uid: Forbidden: uid must not be set in spec",
                "spec.configSource.configMap.namespace: Required value: namespace must be set",
            ],
            Rules.UpdateCauses(node, o => o with { Spec = o.Spec with { ConfigSource = new() { ConfigMap = map } } }).Take(2));
        Assert.Equal(
            ["status.config.active: Invalid value: {}: exactly one reference subfield must be non-nil"],
            Rules.UpdateCauses(node, o => o with { Status = o.Status with { Config = new() { Active = new() } } }, "status"));
        Assert.Equal(["spec.configSource: the feature is removed"], Rules.Warnings<Node>("""{"metadata":{"name":"n"},"spec":{"configSource":{}}}"""));
    }

    [Fact]
    public void Scopes_of_quotas_exclude_each_other() => Assert.Equal(
        [
            "spec.scopeSelector.matchExpressions.operator: Invalid value: \"In\": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
            "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
            "spec.scopeSelector.matchExpressions: Invalid value: []: conflicting scopes",
        ],
        Rules.Causes<ResourceQuota>("""
            {"metadata":{"name":"q"},"spec":{"scopeSelector":{"matchExpressions":[
              {"scopeName":"Terminating","operator":"In"},{"scopeName":"NotTerminating","operator":"Exists"}]}}}
            """));

    [Fact]
    public void Accounts_name_secrets_and_nothing_else()
    {
        var account = Rules.Create<ServiceAccount>("""{"metadata":{"name":"a"},"secrets":[{"name":"s","namespace":"other","kind":"Secret"}]}""");
        Assert.Equal(new ObjectReference { Name = "s" }, Assert.Single(account.Secrets));
        const string Annotated = """{"metadata":{"name":"a","annotations":{"kubernetes.io/enforce-mountable-secrets":"true"}}}""";
        Assert.Equal(
            ["metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"],
            Rules.Warnings<ServiceAccount>(Annotated));
        Assert.Empty(Rules.Warnings<ServiceAccount>(Annotated, Annotated));
    }

    [Fact]
    public void Keys_and_certificates_belong_together()
    {
        using var key = ECDsa.Create();
        using var other = ECDsa.Create();
        using var certificate = new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256).CreateSelfSigned(Rules.Now, Rules.Now.AddDays(1));
        var pem = certificate.ExportCertificatePem();
        Assert.Empty(Warnings(pem, key.ExportPkcs8PrivateKeyPem()));
        Assert.Equal(["tls: private key does not match public key"], Warnings(pem, other.ExportPkcs8PrivateKeyPem()));
        Assert.Equal(["tls: failed to find any PEM data in certificate input"], Warnings("x", "y"));
        Assert.Equal(["tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: [CERTIFICATE]"], Warnings(pem, pem));

        static IReadOnlyList<string> Warnings(string certificate, string key)
        {
            var warnings = new List<string>();
            var secret = new Secret { Type = "kubernetes.io/tls", Data = [new("tls.crt", ByteString.FromUtf8(certificate)), new("tls.key", ByteString.FromUtf8(key))] };
            Rules.For<Secret>().Warn(Rules.Context<Secret>(), secret, null, warnings);
            return warnings;
        }
    }

    [Theory]
    [InlineData("events.k8s.io", "reason: Invalid value: \"B\": field is immutable", "message: Invalid value: \"m\": field is immutable", "reason: Invalid value: \"B\": field is immutable")]
    [InlineData("")]
    public void Only_the_series_of_an_event_goes_on(string group, params string[] causes)
    {
        var old = new Event
        {
            Metadata = new() { Name = "e", Namespace = "default", ResourceVersion = "1" },
            InvolvedObject = new() { Namespace = "default" },
            Reason = "A",
        };
        var updated = old with { Reason = "B", Message = "m", Series = new() { Count = 2, LastObservedTime = Rules.Now } };
        var context = Rules.Context<Event>();
        context = context with { Descriptor = ResourceTable.Find(new GroupVersionResource(group, "v1", "events"))! };
        var errors = new Api.Validation.FieldErrors();
        Rules.For<Event>().ValidateUpdate(context, updated, old, errors);
        Assert.Equal(causes, errors.Select(static error => error.ToString()));
    }
}
