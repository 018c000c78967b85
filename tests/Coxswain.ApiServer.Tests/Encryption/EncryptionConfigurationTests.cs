using System.Text;
using Coxswain.ApiServer.Encryption;

namespace Coxswain.ApiServer.Tests.Encryption;

/// <summary>What is a good configuration and what upstream says of a bad one.</summary>
public sealed class EncryptionConfigurationTests
{
    private const string Key32 = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    private static string Config(string resources, string providers) =>
        $"apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [{resources}]\n  providers: [{providers}]\n";

    private static string Provider(string name, string secret = Key32, string key = "key1") => $"{{{name}: {{keys: [{{name: {key}, secret: {secret}}}]}}}}";

    private static TransformerTable Table(string text) =>
        TransformerTable.Create(EncryptionConfigurationReader.Read(Encoding.UTF8.GetBytes(text)), new(TimeProvider.System));

    [Theory]
    [InlineData("/registry/secrets/default/a", "secrets")]
    [InlineData("/registry/services/specs/default/a", "services")]
    [InlineData("/registry/minions/n", "nodes")]
    [InlineData("/registry/ingress/default/a", "ingresses.networking.k8s.io")]
    [InlineData("/registry/events/default/a", "events")]
    [InlineData("/registry/apiextensions.k8s.io/customresourcedefinitions/a.b", "customresourcedefinitions.apiextensions.k8s.io")]
    [InlineData("/registry/example.com/stones/default/a", "stones.example.com")]
    [InlineData("/registry/horizontalpodautoscalers/default/a", "horizontalpodautoscalers.autoscaling")]
    [InlineData("/registry/ranges/serviceips", null)]
    [InlineData("/registry/masterleases/10.0.0.1", null)]
    [InlineData("compact_rev_key", null)]
    public void A_key_tells_whose_objects_lie_under_it(string key, string? resource) =>
        Assert.Equal(resource, TransformerTable.ResourceOf(key) is { } found ? ResourceNames.Write(found) : null);

    [Theory]
    [InlineData("secrets", "/registry/secrets/a/b", true)]
    [InlineData("secrets", "/registry/configmaps/a/b", false)]
    [InlineData("'*.'", "/registry/configmaps/a/b", true)]
    [InlineData("'*.'", "/registry/deployments/a/b", false)]
    [InlineData("'*.apps'", "/registry/deployments/a/b", true)]
    [InlineData("deployments.apps", "/registry/deployments/a/b", true)]
    [InlineData("'*.*'", "/registry/deployments/a/b", true)]
    [InlineData("'*.*'", "/registry/example.com/stones/a/b", true)]
    [InlineData("'*.*'", "/registry/ranges/serviceips", false)]
    [InlineData("stones.example.com", "/registry/example.com/stones/a/b", true)]
    public void Names_and_wildcards_choose_resources(string resources, string key, bool encrypted) =>
        Assert.Equal(encrypted, !ReferenceEquals(IdentityTransformer.Instance, Table(Config(resources, Provider("secretbox"))).For(key)));

    [Theory]
    [InlineData("secrets, secrets", "resources[0].resources: Invalid value: [\"secrets\",\"secrets\"]: the same resource cannot be specified multiple times")]
    [InlineData("secrets, '*.'", "resources[0].resources: Invalid value: [\"secrets\",\"*.\"]: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked")]
    [InlineData("'*.*', pods", "resources[0].resources: Invalid value: [\"*.*\",\"pods\"]: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked")]
    [InlineData("Secrets", "resources[0].resources[0]: Invalid value: \"Secrets\": resource name should not contain capital letters")]
    [InlineData("'*'", "resources[0].resources[0]: Invalid value: \"*\": use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources")]
    [InlineData("events.events.k8s.io", "resources[0].resources[0]: Invalid value: \"events.events.k8s.io\": '*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file")]
    [InlineData("ingresses.extensions", "resources[0].resources[0]: Invalid value: \"ingresses.extensions\": 'extensions' group has been removed and cannot be used for encryption")]
    [InlineData("secrets.*", "resources[0].resources[0]: Invalid value: \"secrets.*\": encrypting the same resource across groups is not supported")]
    [InlineData("serviceipallocations", "resources[0].resources[0]: Invalid value: \"serviceipallocations\": resources which do not have REST API/s cannot be encrypted")]
    [InlineData("", "resources[0].resources: Required value: at least one resources[0].resources is required")]
    public void Bad_resources_are_refused(string resources, string message) => Refused(Config(resources, Provider("aescbc")), message);

    [Theory]
    [InlineData("", "resources[0].providers: Required value: at least one resources[0].providers is required")]
    [InlineData("{}", "resources[0].providers[0]: Invalid value: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity")]
    [InlineData("{identity: {}, aescbc: {keys: [{name: a, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}}", "resources[0].providers[0]: Invalid value: more than one provider specified in a single element, should split into different list elements")]
    [InlineData("{aesgcm: {keys: []}}", "resources[0].providers[0].aesgcm.keys: Required value: at least one keys is required")]
    [InlineData("{aescbc: {keys: [{secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}}", "resources[0].providers[0].aescbc.keys[0].name: Required value: name is a mandatory field for a key")]
    [InlineData("{aescbc: {keys: [{name: a}]}}", "resources[0].providers[0].aescbc.keys[0].secret: Required value: secret is a mandatory field for a key")]
    [InlineData("{aescbc: {keys: [{name: a, secret: '!'}]}}", "resources[0].providers[0].aescbc.keys[0].secret: Invalid value: \"REDACTED\": secrets must be base64 encoded")]
    [InlineData("{aescbc: {keys: [{name: a, secret: YWJj}]}}", "resources[0].providers[0].aescbc.keys[0].secret: Invalid value: \"REDACTED\": secret is not of the expected length, got 3, expected one of [16 24 32]")]
    [InlineData("{secretbox: {keys: [{name: a, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}}", "resources[0].providers[0].secretbox.keys[0].secret: Invalid value: \"REDACTED\": secret is not of the expected length, got 16, expected one of [32]")]
    [InlineData("{kms: {apiVersion: v2, name: k, endpoint: 'unix:///a'}}", "resources[0].providers[0].kms.apiVersion: Invalid value: \"v2\": key management services are not called yet; encrypt with secretbox, aesgcm or aescbc, and keep the file's keys where only this server can read them")]
    public void Bad_providers_are_refused_and_no_secret_is_shown(string providers, string message) => Refused(Config("secrets", providers), message);

    [Theory]
    [InlineData("", "Object 'Kind' is missing: the document is no mapping")]
    [InlineData("kind: EncryptionConfiguration", "Object 'apiVersion' is missing")]
    [InlineData("apiVersion: v1\nkind: EncryptionConfig", "no kind \"EncryptionConfig\" is registered for version \"v1\" in scheme; expected \"EncryptionConfiguration\" of \"apiserver.config.k8s.io/v1\"")]
    [InlineData("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration", "resources: Required value: at least one resources is required")]
    [InlineData("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresource: []", "strict decoding error: unknown field \"resource\"")]
    [InlineData("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  provider: []", "strict decoding error: unknown field \"resources[0].provider\"")]
    [InlineData("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: secrets", "resources is not a list")]
    public void A_document_of_another_form_is_refused(string text, string message) => Refused(text, message);

    [Fact]
    public void A_rule_that_an_earlier_one_masks_is_refused() => Refused(
        Config("'*.'", Provider("aesgcm")) + "- resources: [secrets]\n  providers: [" + Provider("aescbc") + "]\n", "resource \"secrets\" is masked by earlier rule \"*.\"");

    /// <summary>Whatever is in the file: it is read or refused, and the refusal holds no key.</summary>
    [Fact]
    public void Mutilated_files_are_refused_without_harm()
    {
        var good = Encoding.UTF8.GetBytes(Config("secrets, configmaps", Provider("aescbc") + ", " + Provider("secretbox") + ", {identity: {}}"));
        var random = new Random(42);
        for (var i = 0; i < 4000; i++)
        {
            var bytes = (byte[])good.Clone();
            for (var changes = random.Next(1, 6); changes > 0; changes--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(3) == 0)
                bytes = bytes[..random.Next(bytes.Length)];
            try
            {
                TransformerTable.Create(EncryptionConfigurationReader.Read(bytes), new(TimeProvider.System));
            }
            catch (EncryptionConfigurationException error)
            {
                Assert.DoesNotContain(Key32[..12], error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_key_shows_no_secret_when_it_is_printed() => Assert.DoesNotContain(Key32, new EncryptionKey("a", Key32).ToString(), StringComparison.Ordinal);

    private static void Refused(string text, string message) => Assert.Equal(message, Assert.Throws<EncryptionConfigurationException>(() => Table(text)).Message);
}
