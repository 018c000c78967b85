namespace Coxswain.Storage.Tests;

public sealed class MemoryStoreModelTests : StoreModelTests
{
    protected override ValueTask<IStore> OpenAsync() => new(new MemoryStore());

    protected override ValueTask<IStore?> ReopenAsync(IStore store) => new((IStore?)null);
}

public sealed class MemoryStoreHistoryTests : StoreHistoryTests
{
    protected override ValueTask<IStore> OpenAsync() => new(new MemoryStore());
}
