using System.Text;
using Coxswain.Storage.Sqlite;
using Coxswain.Storage.Tests.Sqlite;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Storage.Tests;

/// <summary>Random writes, reads, watches, compactions and re-openings: the store must agree with a list of changes at every step.</summary>
public abstract class StoreModelTests
{
    private const int Keys = 12;

    protected abstract ValueTask<IStore> OpenAsync();

    /// <summary>Closes the store and opens what is left of it; null for a store that lives only in memory.</summary>
    protected abstract ValueTask<IStore?> ReopenAsync(IStore store);

    protected virtual ValueTask CleanAsync() => default;

    [Fact]
    public void Any_sequence_of_operations_agrees_with_the_model()
    {
        var operation = ArbMap.Default.GeneratorFor<byte>().Four().Select(b => new Operation(b.Item1, b.Item2, b.Item3, b.Item4));
        var sequences = operation.ArrayOf().Resize(120).ToArbitrary();
        Prop.ForAll(sequences, operations => RunAsync(operations)).Check(Config.QuickThrowOnFailure.WithMaxTest(60).WithStartSize(20).WithEndSize(200));
    }

    private async Task RunAsync(Operation[] operations)
    {
        var store = await OpenAsync();
        var model = new Model();
        var watch = new Watched(store, model, after: 1);
        try
        {
            foreach (var operation in operations)
            {
                switch (operation.What % 20)
                {
                    case < 11:
                        await WriteAsync(store, model, operation);
                        break;
                    case < 14:
                        await ListAsync(store, model, operation);
                        break;
                    case 14:
                        await watch.CatchUpAsync();
                        break;
                    case < 17:
                        await using (var late = new Watched(store, model, after: model.Compacted + (operation.A % (model.Current - model.Compacted + 1))))
                            await late.CatchUpAsync();
                        break;
                    case 17:
                        // A watch that lies behind may be told that it is too late, so this one catches up first.
                        await watch.CatchUpAsync();
                        await CompactAsync(store, model, operation);
                        break;
                    case 18:
                        await watch.CatchUpAsync();
                        await watch.DisposeAsync();
                        store = await ReopenAsync(store) ?? store;
                        watch = new(store, model, model.Current);
                        break;
                    default:
                        Assert.Equal(new(model.Current, model.Compacted), await store.GetRevisionsAsync(default));
                        break;
                }
            }

            await watch.CatchUpAsync();
            for (var key = 0; key < Keys; key++)
                Assert.Equal(model.At(model.Current).GetValueOrDefault(Model.Key(key)), await store.GetAsync(Model.Key(key), default));
        }
        finally
        {
            await watch.DisposeAsync();
            await store.DisposeAsync();
            await CleanAsync();
        }
    }

    private static async Task WriteAsync(IStore store, Model model, Operation operation)
    {
        var key = Model.Key(operation.A);
        var current = model.At(model.Current).GetValueOrDefault(key);

        // Mostly the right expectation, sometimes a stale one, sometimes that the key is absent.
        var expected = (operation.B % 5) switch { 0 => 0, 1 => (current?.ModRevision ?? 2) - 1, _ => current?.ModRevision ?? 0 };
        ReadOnlyMemory<byte>? value = operation.C % 4 == 0 ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(new string('v', operation.C * 20));
        var result = await store.WriteAsync(new(key, expected, value), default);

        if (expected != (current?.ModRevision ?? 0) || (current is null && value is null))
        {
            Assert.Equal(new(false, model.Current, current), result);
            return;
        }

        var revision = model.Current + 1;
        var entry = value is { } bytes ? new StoreEntry(key, bytes, current?.CreateRevision ?? revision, revision) : null;
        Assert.Equal(new(true, revision, entry), result);
        model.Changes.Add(new(current, entry, revision));
    }

    private static async Task ListAsync(IStore store, Model model, Operation operation)
    {
        var revision = operation.A % 3 == 0 ? 0 : Math.Max(1, model.Current + 1 - (operation.B % 40));
        var (from, to) = (Model.Key(operation.C), operation.D % 4 == 0 ? null : Model.Key(operation.D));
        var limit = operation.D % 3 == 0 ? 0 : 1 + (operation.D % 5);
        var range = operation.C % 2 == 0 ? StoreRange.Prefix("/") : new(from, to);
        var list = async () => await store.ListAsync(range, new(revision, limit), default);
        if (revision > model.Current)
        {
            await Assert.ThrowsAsync<FutureRevisionException>(list);
        }
        else if (revision != 0 && revision < model.Compacted)
        {
            await Assert.ThrowsAsync<CompactedException>(list);
        }
        else
        {
            var at = revision == 0 ? model.Current : revision;
            var all = model.At(at).Values.Where(entry => range.Contains(entry.Key)).OrderBy(entry => entry.Key, StringComparer.Ordinal).ToArray();
            var page = await list();
            Assert.Equal(limit == 0 ? all : all.Take(limit), page.Entries);
            Assert.Equal((at, limit != 0 && all.Length > limit, (long)all.Length), (page.Revision, page.More, page.Count));
        }
    }

    private static async Task CompactAsync(IStore store, Model model, Operation operation)
    {
        var revision = model.Current - (operation.A % 20);
        if (revision < 1)
            return;
        await store.CompactAsync(revision, default);
        model.Compacted = Math.Max(model.Compacted, revision);
        if (model.Compacted > 0)
        {
            await using var watch = store.WatchAsync(StoreRange.Prefix("/"), model.Compacted - 1, default).GetAsyncEnumerator();
            await Assert.ThrowsAsync<CompactedException>(async () => await watch.MoveNextAsync());
        }
    }

    private readonly record struct Operation(byte What, byte A, byte B, byte C)
    {
        public byte D => (byte)(A ^ B ^ C);
    }

    private sealed class Model
    {
        public List<StoreChange> Changes { get; } = [];

        public long Current => 1 + Changes.Count;

        public long Compacted { get; set; }

        public static string Key(int index) => $"/{(char)('a' + (index % 3))}/{index % Keys}";

        public Dictionary<string, StoreEntry> At(long revision)
        {
            var state = new Dictionary<string, StoreEntry>();
            foreach (var change in Changes.TakeWhile(change => change.Revision <= revision))
            {
                if (change.After is null)
                    state.Remove(change.Key);
                else
                    state[change.Key] = change.After;
            }

            return state;
        }
    }

    /// <summary>A watch that is compared with the model as far as the model is.</summary>
    private sealed class Watched(IStore store, Model model, long after) : IAsyncDisposable
    {
        private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(60));
        private IAsyncEnumerator<StoreChanges>? _watch;
        private long _revision = after;

        public async Task CatchUpAsync()
        {
            _watch ??= store.WatchAsync(StoreRange.Prefix("/a/"), _revision, _limit.Token).GetAsyncEnumerator();
            var seen = new List<StoreChange>();
            var from = _revision;
            while (_revision < model.Current)
            {
                Assert.True(await _watch.MoveNextAsync());
                Assert.True(_watch.Current.Revision > _revision, "a batch went back");
                seen.AddRange(_watch.Current.Changes);
                _revision = _watch.Current.Revision;
            }

            Assert.Equal(model.Changes.Where(change => change.Revision > from && change.Key.StartsWith("/a/", StringComparison.Ordinal)), seen);
        }

        public async ValueTask DisposeAsync()
        {
            if (_watch is not null)
                await _watch.DisposeAsync();
            _limit.Dispose();
        }
    }
}

public sealed class MemoryStoreModelTests : StoreModelTests
{
    protected override ValueTask<IStore> OpenAsync() => new(new MemoryStore());

    protected override ValueTask<IStore?> ReopenAsync(IStore store) => new((IStore?)null);
}

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
