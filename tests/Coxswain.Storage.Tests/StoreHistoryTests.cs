using Coxswain.Testing;

namespace Coxswain.Storage.Tests;

/// <summary>Many clients at once on few keys, watches beside them, compactions below them; see <see cref="StoreHistory"/>.</summary>
/// <remarks>A backend derives from this.</remarks>
public abstract class StoreHistoryTests
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Opens a store that nobody else writes.</summary>
    protected abstract ValueTask<IStore> OpenAsync();

    /// <summary>What the keys begin with.</summary>
    protected virtual string Root => "";

    /// <summary>How many operations each of the eight clients does.</summary>
    protected virtual int Operations => Soak.Cases(250);

    [Fact]
    public async Task What_concurrent_clients_were_told_is_explained_by_one_order_of_all_writes()
    {
        await using var store = await OpenAsync();
        var history = await StoreHistory.BeginAsync(store, Root, Cancellation);
        await history.RunAsync(clients: 8, Operations, Cancellation);
        await history.EndAsync(Cancellation);
        history.Check();
    }
}
