using System.Text;
using Coxswain.ApiServer.Encryption;
using Coxswain.Testing;
using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.Encryption;

/// <summary>A whole server with an encryption configuration, seen from its clients and from its store.</summary>
public sealed class EncryptionAtRestTests : IAsyncLifetime
{
    private const string Password = "the-secret-word-that-nobody-may-find";
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("coxswain-encryption-").FullName, "encryption.yaml");
    private static readonly string One = Convert.ToBase64String([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    private static readonly string Two = Convert.ToBase64String([.. Enumerable.Range(90, 32).Select(i => (byte)i)]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => default;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);
        return default;
    }

    private async Task<string> ConfigureAsync(string resources, params string[] providers)
    {
        await File.WriteAllTextAsync(_file,
            $"apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [{resources}]\n  providers: [{string.Join(", ", providers)}]\n", Cancellation);
        return _file;
    }

    private static string Key(string kind, string name, string secret) => $"{{{kind}: {{keys: [{{name: {name}, secret: {secret}}}]}}}}";

    private static async Task<string> RawAsync(TestCluster cluster, string key) =>
        Encoding.Latin1.GetString((await cluster.Store.GetAsync(key, Cancellation))!.Value.Span);

    [Theory]
    [InlineData("aescbc")]
    [InlineData("aesgcm")]
    [InlineData("secretbox")]
    public async Task Nothing_of_an_encrypted_resource_lies_in_the_store_in_the_open(string kind)
    {
        await using var cluster = await TestCluster.StartAsync(Cancellation,
            new() { EncryptionProviderConfig = await ConfigureAsync("secrets, stones.example.com", Key(kind, "key1", One)) });
        using var api = new Conformance.Api(cluster);

        var secrets = "/api/v1/namespaces/default/secrets";
        (await api.PostAsync(secrets, "{\"metadata\":{\"name\":\"a\"},\"stringData\":{\"p\":\"" + Password + "\"}}")).Expect(201);
        (await api.MergeAsync(secrets + "/a", """{"metadata":{"labels":{"touched":"yes"}}}""")).Expect(200);
        (await api.PostAsync("/api/v1/namespaces/default/configmaps", "{\"metadata\":{\"name\":\"a\"},\"data\":{\"p\":\"open\"}}")).Expect(201);

        var stored = await RawAsync(cluster, "/registry/secrets/default/a");
        Assert.StartsWith($"k8s:enc:{kind}:v1:key1:", stored, StringComparison.Ordinal);
        foreach (var part in (string[])[Password, Convert.ToBase64String(Encoding.UTF8.GetBytes(Password)), "Secret", "touched"])
            Assert.DoesNotContain(part, stored, StringComparison.Ordinal);
        Assert.StartsWith("{\"kind\":\"ConfigMap\"", await RawAsync(cluster, "/registry/configmaps/default/a"), StringComparison.Ordinal);
        var read = (await api.GetAsync(secrets + "/a")).Expect(200);
        Assert.Equal(Convert.ToBase64String(Encoding.UTF8.GetBytes(Password)), read.String("data/p"));
        Assert.Equal("yes", Assert.Single((await api.GetAsync(secrets))["items"]!.AsArray())!["metadata"]!["labels"]!["touched"]!.ToString());
        Assert.Contains($"apiserver_storage_transformation_operations_total{{status=\"OK\",transformation_type=\"to_storage\",transformer_prefix=\"k8s:enc:{kind}:v1:\"}} 2\n",
            (await api.GetAsync("/metrics")).Text, StringComparison.Ordinal);
        (await api.DeleteAsync(secrets + "/a")).Expect(200);
        Assert.Null(await cluster.Store.GetAsync("/registry/secrets/default/a", Cancellation));
    }

    [Fact]
    public async Task Everything_can_be_encrypted_and_watches_see_it_in_the_open()
    {
        await using var cluster = await TestCluster.StartAsync(Cancellation,
            new() { EncryptionProviderConfig = await ConfigureAsync("'*.*'", Key("secretbox", "key1", One)) });
        using var api = new Conformance.Api(cluster);
        var list = (await api.GetAsync("/api/v1/namespaces/default/configmaps")).Expect(200);
        (await api.PostAsync("/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"a"},"data":{"p":"v"}}""")).Expect(201);

        var watched = await api.GetAsync($"/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1&resourceVersion={list.String("metadata/resourceVersion")}");
        Assert.Contains("\"data\":{\"p\":\"v\"}", watched.Text, StringComparison.Ordinal);
        var all = await cluster.Store.ListAsync(Storage.StoreRange.Prefix("/registry/"), new(), Cancellation);
        Assert.True(all.Entries.Count > 50);
        Assert.All(all.Entries, entry => Assert.True(entry.Value.Span.StartsWith("k8s:enc:secretbox:v1:key1:"u8), entry.Key));
    }

    [Fact]
    public async Task A_key_is_rotated_while_the_server_runs()
    {
        var clock = new FakeClock();
        await using var cluster = await TestCluster.StartAsync(Cancellation,
            new() { EncryptionProviderConfig = await ConfigureAsync("secrets", Key("aescbc", "key1", One), "{identity: {}}"), EncryptionProviderConfigAutomaticReload = true }, clock);
        using var api = new Conformance.Api(cluster);
        var path = "/api/v1/namespaces/default/secrets";
        (await api.PostAsync(path, """{"metadata":{"name":"a"},"stringData":{"p":"v"}}""")).Expect(201);
        var before = (await api.GetAsync(path + "/a")).Expect(200);

        // 1. Writing it back changes nothing as long as the key is the same.
        Assert.Equal(before.String("metadata/resourceVersion"), (await api.PutAsync(path + "/a", before.Text)).Expect(200).String("metadata/resourceVersion"));

        // 2. A file that cannot be used is not used.
        await File.WriteAllTextAsync(_file, "nonsense", Cancellation);
        await TickAsync("status=\"failure\"} 1\n");
        Assert.Equal(before.String("metadata/resourceVersion"), (await api.PutAsync(path + "/a", before.Text)).Expect(200).String("metadata/resourceVersion"));

        // 3. A new key in front: what is written back, even unchanged, gets it.
        await ConfigureAsync("secrets", Key("secretbox", "key2", Two), Key("aescbc", "key1", One));
        await TickAsync("status=\"success\"} 1\n");
        Assert.StartsWith("k8s:enc:aescbc:v1:key1:", await RawAsync(cluster, "/registry/secrets/default/a"), StringComparison.Ordinal);
        var rotated = (await api.PutAsync(path + "/a", before.Text)).Expect(200);
        Assert.NotEqual(before.String("metadata/resourceVersion"), rotated.String("metadata/resourceVersion"));
        Assert.StartsWith("k8s:enc:secretbox:v1:key2:", await RawAsync(cluster, "/registry/secrets/default/a"), StringComparison.Ordinal);

        // 4. The old key is gone from the file, and not missed.
        await ConfigureAsync("secrets", Key("secretbox", "key2", Two));
        await TickAsync("status=\"success\"} 2\n");
        Assert.Equal("dg==", (await api.GetAsync(path + "/a")).Expect(200).String("data/p"));

        async Task TickAsync(string metric)
        {
            await api.UntilAsync(
                async () =>
                {
                    clock.Advance(EncryptionFile.Interval);
                    return await api.GetAsync("/metrics");
                },
                answer => answer.Text.Contains("automatic_reloads_total{" + metric, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_value_without_its_key_is_named_and_nothing_else_is_lost()
    {
        await using var cluster = await TestCluster.StartAsync(Cancellation,
            new() { EncryptionProviderConfig = await ConfigureAsync("secrets", Key("aesgcm", "key1", One)) });
        using var api = new Conformance.Api(cluster);
        var path = "/api/v1/namespaces/default/secrets";
        (await api.PostAsync(path, """{"metadata":{"name":"good"},"stringData":{"p":"v"}}""")).Expect(201);
        (await api.PostAsync(path, """{"metadata":{"name":"moved"},"stringData":{"p":"v"}}""")).Expect(201);
        var good = (await cluster.Store.GetAsync("/registry/secrets/default/good", Cancellation))!;
        var moved = (await cluster.Store.GetAsync("/registry/secrets/default/moved", Cancellation))!;

        // Somebody puts one secret's bytes in another's place.
        await cluster.Store.WriteAsync(new(moved.Key, moved.ModRevision, good.Value), Cancellation);
        await cluster.Store.WriteAsync(new("/registry/secrets/default/open", 0, Encoding.UTF8.GetBytes("""{"kind":"Secret","apiVersion":"v1","metadata":{"name":"open"}}""")), Cancellation);

        Assert.Equal("Internal error occurred: unable to transform key \"/registry/secrets/default/moved\": cipher: message authentication failed",
            (await api.GetAsync(path + "/moved")).Expect(500).Message);
        Assert.Equal("Internal error occurred: unable to transform key \"/registry/secrets/default/open\": no matching prefix found",
            (await api.GetAsync(path + "/open")).Expect(500).Message);
        Assert.Equal("good", (string?)Assert.Single((await api.GetAsync(path)).Expect(200)["items"]!.AsArray())!["metadata"]!["name"]);
        (await api.PutAsync(path + "/moved", """{"metadata":{"name":"moved"}}""")).Expect(500);
        Assert.Contains("coxswain_watch_cache_undecodable_objects{resource=\"secrets\"} 2\n", (await api.GetAsync("/metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_does_not_start_with_a_file_that_is_missing_or_wrong()
    {
        Assert.Equal(["--encryption-provider-config-automatic-reload must be set with --encryption-provider-config"],
            ApiServerOptionsCheck.Problems(new() { EncryptionProviderConfigAutomaticReload = true }));
        Assert.StartsWith($"encryption-provider-config: error while parsing file: error opening encryption provider configuration file \"{_file}\": ",
            Assert.Single(ApiServerOptionsCheck.Problems(new() { EncryptionProviderConfig = _file })), StringComparison.Ordinal);
        await File.WriteAllTextAsync(_file, "", Cancellation);
        Assert.Equal([$"encryption-provider-config: error while parsing file: encryption provider configuration file \"{_file}\" is empty"],
            ApiServerOptionsCheck.Problems(new() { EncryptionProviderConfig = _file }));
        await ConfigureAsync("secrets", "{aescbc: {keys: [{name: a, secret: YWJj}]}}");
        await Assert.ThrowsAsync<EncryptionConfigurationException>(() => TestCluster.StartAsync(Cancellation, new() { EncryptionProviderConfig = _file }));
    }
}
