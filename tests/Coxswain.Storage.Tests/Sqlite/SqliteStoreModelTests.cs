using Coxswain.Storage.Sqlite;

namespace Coxswain.Storage.Tests.Sqlite;

#pragma warning disable CA1001 // CleanAsync disposes the folder after each sequence.
public sealed class SqliteStoreModelTests : StoreModelTests
#pragma warning restore CA1001
{
    // Small bounds, so that the file is read where the memory has forgotten.
    private static readonly SqliteStoreOptions Small = new() { LogCount = 6, CheckpointBytes = 64 << 10 };
    private ScratchFolder? _folder;

    protected override ValueTask<IStore> OpenAsync()
    {
        _folder = new();
        return new(SqliteStore.Open(_folder.Store, Small));
    }

    protected override async ValueTask<IStore?> ReopenAsync(IStore store)
    {
        await store.DisposeAsync();
        return SqliteStore.Open(_folder!.Store, Small);
    }

    protected override ValueTask CleanAsync()
    {
        _folder!.Dispose();
        return default;
    }
}

public sealed class SqliteStoreHistoryTests : StoreHistoryTests, IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    protected override ValueTask<IStore> OpenAsync() => new(SqliteStore.Open(_folder.Store, new() { LogCount = 64, CheckpointBytes = 64 << 10 }));
}
