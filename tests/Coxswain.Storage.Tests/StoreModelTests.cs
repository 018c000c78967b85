using System.Text;
using Coxswain.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Storage.Tests;

/// <summary>Random writes, reads, watches, compactions and re-openings: the store must agree with a list of changes at every step.</summary>
/// <remarks>A backend derives from this. A store that several sequences share has keys of others in it, which nobody writes meanwhile:
/// each sequence stays below a root of its own and counts from the revision that it finds.</remarks>
public abstract class StoreModelTests
{
    private const int Keys = 12;

    /// <summary>Opens a store for one sequence.</summary>
    protected abstract ValueTask<IStore> OpenAsync();

    /// <summary>What the keys of the next sequence begin with.</summary>
    protected virtual string NewRoot() => "";

    /// <summary>How many sequences are tried.</summary>
    protected virtual int Sequences => Soak.Cases(60);

    /// <summary>Closes the store and opens what is left of it; null for a store that lives only in memory.</summary>
    protected abstract ValueTask<IStore?> ReopenAsync(IStore store);

    protected virtual ValueTask CleanAsync() => default;

    [Fact]
    public void Any_sequence_of_operations_agrees_with_the_model()
    {
        var operation = ArbMap.Default.GeneratorFor<byte>().Four().Select(b => new Operation(b.Item1, b.Item2, b.Item3, b.Item4));
        var sequences = operation.ArrayOf().Resize(120).ToArbitrary();
        Prop.ForAll(sequences, operations => RunAsync(operations)).Check(Config.QuickThrowOnFailure.WithMaxTest(Sequences).WithStartSize(20).WithEndSize(200));
    }

    private async Task RunAsync(Operation[] operations)
    {
        var store = await OpenAsync();
        var (start, compacted) = await store.GetRevisionsAsync(default);
        var model = new Model(NewRoot(), start, compacted);
        var watch = new Watched(store, model, after: start);
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
                        var oldest = Math.Max(model.Start, model.Compacted);
                        await using (var late = new Watched(store, model, after: oldest + (operation.A % (model.Current - oldest + 1))))
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
                Assert.Equal(model.At(model.Current).GetValueOrDefault(model.Key(key)), await store.GetAsync(model.Key(key), default));
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
        var key = model.Key(operation.A);
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
        var revision = operation.A % 3 == 0 ? 0 : Math.Max(model.Start, model.Current + 1 - (operation.B % 40));
        var (from, to) = (model.Key(operation.C), operation.D % 4 == 0 ? model.Everything.End : model.Key(operation.D));
        var limit = operation.D % 3 == 0 ? 0 : 1 + (operation.D % 5);
        var range = operation.C % 2 == 0 ? model.Everything : new(from, to);
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
        if (revision < model.Start)
            return;
        await store.CompactAsync(revision, default);
        model.Compacted = Math.Max(model.Compacted, revision);
        if (model.Compacted > 0)
        {
            await using var watch = store.WatchAsync(model.Everything, model.Compacted - 1, default).GetAsyncEnumerator();
            await Assert.ThrowsAsync<CompactedException>(async () => await watch.MoveNextAsync());
        }
    }

    private readonly record struct Operation(byte What, byte A, byte B, byte C)
    {
        public byte D => (byte)(A ^ B ^ C);
    }

    private sealed class Model(string root, long start, long compacted)
    {
        public List<StoreChange> Changes { get; } = [];

        public long Start => start;

        public long Current => start + Changes.Count;

        public long Compacted { get; set; } = compacted;

        public StoreRange Everything { get; } = StoreRange.Prefix(root + "/");

        public StoreRange Some { get; } = StoreRange.Prefix(root + "/a/");

        public string Key(int index) => $"{root}/{(char)('a' + (index % 3))}/{index % Keys}";

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
            _watch ??= store.WatchAsync(model.Some, _revision, _limit.Token).GetAsyncEnumerator();
            var seen = new List<StoreChange>();
            var from = _revision;
            while (_revision < model.Current)
            {
                Assert.True(await _watch.MoveNextAsync());
                Assert.True(_watch.Current.Revision > _revision, "a batch went back");
                seen.AddRange(_watch.Current.Changes);
                _revision = _watch.Current.Revision;
            }

            Assert.Equal(model.Changes.Where(change => change.Revision > from && model.Some.Contains(change.Key)), seen);
        }

        public async ValueTask DisposeAsync()
        {
            if (_watch is not null)
                await _watch.DisposeAsync();
            _limit.Dispose();
        }
    }
}
