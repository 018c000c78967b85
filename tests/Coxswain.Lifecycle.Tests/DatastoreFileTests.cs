namespace Coxswain.Lifecycle.Tests;

public sealed class DatastoreFileTests : IDisposable
{
    private readonly InstanceDirectory _directory = new(Directory.CreateTempSubdirectory("coxswain-datastore-").FullName);

    public void Dispose() => Directory.Delete(_directory.Root, recursive: true);

    private StoreSettings Resolve(params string[] servers) => DatastoreFile.Resolve(_directory, new() { EtcdServers = [.. servers.Select(s => new Uri(s))] });

    private static string Names(StoreSettings settings) => string.Join(' ', settings.EtcdServers.Select(u => u.GetLeftPart(UriPartial.Authority)));

    [Fact]
    public void Without_a_move_flags_say_where_the_state_is()
    {
        Assert.Equal("", Names(Resolve()));
        Assert.Equal("http://h:1", Names(Resolve("http://h:1")));
    }

    [Fact]
    public void After_a_move_to_etcd_the_start_goes_there_with_or_without_the_flag()
    {
        DatastoreFile.For(DatastoreAddress.Parse("etcd://a:1,b:2", "/ca", "/crt", "/key")).Write(_directory);
        var resolved = Resolve();
        Assert.Equal(("https://a:1 https://b:2", "/ca", "/crt", "/key"), (Names(resolved), resolved.EtcdCaFile, resolved.EtcdCertFile, resolved.EtcdKeyFile));
        Assert.Equal("https://b:2 https://a:1", Names(Resolve("https://b:2", "https://a:1")));
        var other = Assert.Throws<LifecycleException>(() => Resolve("https://c:3"));
        Assert.Contains("https://a:1,https://b:2", other.Message, StringComparison.Ordinal);
        // Certificates that lie elsewhere now.
        Assert.Equal("/new", DatastoreFile.Resolve(_directory, new() { EtcdCaFile = "/new" }).EtcdCaFile);
    }

    [Fact]
    public void After_a_move_from_etcd_a_flag_that_names_etcd_is_refused()
    {
        DatastoreFile.For(DatastoreAddress.Parse("sqlite:", "", "", "")).Write(_directory);
        Assert.Equal("", Names(Resolve()));
        Assert.Contains("leave the flag out", Assert.Throws<LifecycleException>(() => Resolve("http://h:1")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_note_is_refused_rather_than_an_empty_cluster_begun()
    {
        File.WriteAllText(_directory.Datastore, "{");
        Assert.Contains("is damaged", Assert.Throws<LifecycleException>(() => Resolve()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_without_its_key_is_refused() =>
        Assert.Throws<LifecycleException>(() => DatastoreAddress.Parse("etcd://a", "", "/crt", ""));
}
