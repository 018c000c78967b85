using Coxswain.Testing.Etcd;

namespace Coxswain.Storage.Etcd.Tests;

/// <summary>Stores on real etcd clusters.</summary>
internal static class Real
{
    /// <summary>Skips the test, with the reason, where an etcd of that version is not here.</summary>
    public static void Etcd(string version)
    {
        if (EtcdBinary.Missing(version) is { } reason)
            Assert.Skip(reason);
    }

    public static EtcdStoreOptions Options(EtcdCluster cluster) => new()
    {
        Endpoints = cluster.Endpoints,
        CaFile = cluster.Tls?.CaFile ?? "",
        CertificateFile = cluster.Tls?.CertificateFile ?? "",
        KeyFile = cluster.Tls?.KeyFile ?? "",
    };

    public static Task<EtcdStore> OpenAsync(EtcdCluster cluster, Func<EtcdStoreOptions, EtcdStoreOptions>? with = null) =>
        EtcdStore.OpenAsync(with is null ? Options(cluster) : with(Options(cluster)), TimeProvider.System, TestContext.Current.CancellationToken);
}

/// <summary>One etcd for all tests of a class, which run one after another.</summary>
public abstract class SharedEtcd(string version, bool tls) : IAsyncLifetime
{
    private EtcdCluster? _cluster;

    /// <summary>Skips the test where there is no etcd of that version.</summary>
    public EtcdCluster Cluster
    {
        get
        {
            Real.Etcd(version);
            return _cluster!;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (EtcdBinary.Missing(version) is null)
            _cluster = await EtcdCluster.StartAsync(version, tls: tls);
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

public sealed class SharedEtcd34() : SharedEtcd("3.4", tls: false);

public sealed class SharedEtcd35() : SharedEtcd("3.5", tls: true);
