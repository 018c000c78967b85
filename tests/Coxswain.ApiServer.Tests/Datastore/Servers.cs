using Coxswain.Storage;
using Coxswain.Storage.Etcd;
using Coxswain.Testing.Cluster;
using Coxswain.Testing.Etcd;

namespace Coxswain.ApiServer.Tests.Datastore;

/// <summary>Two API servers of one cluster: on one store in memory, or each with a client of its own on a real etcd.</summary>
internal sealed class Servers : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _owned = [];
    private bool _stopped;

    private Servers(TestCluster a) => A = a;

    public TestCluster A { get; private set; }

    public TestCluster B { get; private set; } = null!;

    public EtcdCluster? Etcd { get; private set; }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The stores that tests run on.</summary>
    public static TheoryData<string> Kinds => new("memory", "etcd");

    public static async Task<Servers> StartAsync(
        string kind, ApiServerOptions? options = null, Func<ApiServerOptions, ApiServerOptions>? second = null, int members = 1)
    {
        if (kind == "memory")
        {
            var servers = new Servers(await TestCluster.StartAsync(Cancellation, options));
            servers.B = await servers.A.JoinAsync(Cancellation, second);
            return servers;
        }

        Assert.SkipWhen(EtcdBinary.Find("3.5") is null, EtcdBinary.Missing("3.5") ?? "");
        var etcd = await EtcdCluster.StartAsync("3.5", members, cancellation: Cancellation);
        var ours = await OpenAsync(etcd);
        var theirs = await OpenAsync(etcd);
        var both = new Servers(await TestCluster.StartOnAsync(ours, Cancellation, options)) { Etcd = etcd };
        both._owned.Add(theirs);
        both.B = await both.A.JoinAsync(Cancellation, second, theirs);
        return both;
    }

    /// <summary>The second server goes, as if its process was asked to end.</summary>
    public ValueTask StopSecondAsync()
    {
        _stopped = true;
        return B.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
            await B.DisposeAsync();
        await A.DisposeAsync();
        foreach (var owned in _owned)
            await owned.DisposeAsync();
        if (Etcd is not null)
            await Etcd.DisposeAsync();
    }

    private static async Task<IStore> OpenAsync(EtcdCluster etcd) =>
        await EtcdStore.OpenAsync(new() { Endpoints = etcd.Endpoints }, TimeProvider.System, Cancellation);
}
