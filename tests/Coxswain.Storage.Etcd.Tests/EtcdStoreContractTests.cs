using Coxswain.Storage.Tests;

namespace Coxswain.Storage.Etcd.Tests;

public sealed class Etcd34StoreTests(SharedEtcd34 etcd) : StoreContract, IClassFixture<SharedEtcd34>
{
    protected override async ValueTask<IStore> OpenAsync() => await ShiftedStore.BeginAsync(await Real.OpenAsync(etcd.Cluster), Cancellation);
}

/// <summary>Over TLS, with small pages, and with a log so short that watches read etcd where it has forgotten.</summary>
public sealed class Etcd35StoreTests(SharedEtcd35 etcd) : StoreContract, IClassFixture<SharedEtcd35>
{
    protected override async ValueTask<IStore> OpenAsync() =>
        await ShiftedStore.BeginAsync(await Real.OpenAsync(etcd.Cluster, options => options with { LogCount = 2, PageBytes = 16 }), Cancellation);
}

public sealed class Etcd34StoreModelTests(SharedEtcd34 etcd) : EtcdStoreModelTests(etcd), IClassFixture<SharedEtcd34>;

public sealed class Etcd35StoreModelTests(SharedEtcd35 etcd) : EtcdStoreModelTests(etcd), IClassFixture<SharedEtcd35>;

public abstract class EtcdStoreModelTests(SharedEtcd etcd) : StoreModelTests
{
    protected override int Sequences => base.Sequences / 4;

    protected override string NewRoot() => "/" + Guid.NewGuid().ToString("n");

    protected override async ValueTask<IStore> OpenAsync() => await Real.OpenAsync(etcd.Cluster, options => options with { LogCount = 6 });

    protected override async ValueTask<IStore?> ReopenAsync(IStore store)
    {
        await store.DisposeAsync();
        return await OpenAsync();
    }
}

public sealed class Etcd34StoreHistoryTests(SharedEtcd34 etcd) : EtcdStoreHistoryTests(etcd), IClassFixture<SharedEtcd34>;

public sealed class Etcd35StoreHistoryTests(SharedEtcd35 etcd) : EtcdStoreHistoryTests(etcd), IClassFixture<SharedEtcd35>;

public abstract class EtcdStoreHistoryTests(SharedEtcd etcd) : StoreHistoryTests
{
    protected override async ValueTask<IStore> OpenAsync() => await Real.OpenAsync(etcd.Cluster, options => options with { LogCount = 64 });
}
