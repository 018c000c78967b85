using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;
using Coxswain.Storage;
using Coxswain.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.ApiServer.Tests.Cache;

/// <summary>Whoever wrote a value, and in whatever form: what the cache holds begins alike and carries its revision once.</summary>
public sealed class StoredValueTests
{
    private const string Expected =
        """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"default","uid":"u","resourceVersion":"2","creationTimestamp":null},"data":{"k":"v"}}""";

    private static readonly ConfigMap Value = new()
    {
        Metadata = new() { Name = "a", Namespace = "default", Uid = "u" },
        Data = new Dictionary<string, string> { ["k"] = "v" }.ToApiMap(),
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, byte[]> Forms => new()
    {
        { "as we write it", ConfigMap.Descriptor.Codec.ToJson(Value) },
        { "as upstream writes it", ProtobufEnvelope.ToBytes(ConfigMap.Descriptor.Codec, Value) },
        { "by hand", """{ "apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}, "metadata": {"namespace": "default", "name": "a", "uid": "u"} }"""u8.ToArray() },
        { "with a revision in it", """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"default","uid":"u","resourceVersion":"77"},"data":{"k":"v"}}"""u8.ToArray() },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_stored_value_is_served_in_one_form(string how, byte[] stored)
    {
        await using var store = new MemoryStore();
        await using var feed = new StoreFeed(store, TimeProvider.System, NullLogger.Instance);
        using var registry = new ResourceRegistry(
            ConfigMap.Descriptor, StoredForms.For(ConfigMap.Descriptor), store, feed, new FakeClock(), NullLogger.Instance);
        await store.WriteAsync(new("/registry/configmaps/default/a", 0, stored), Cancellation);

        var cached = await registry.GetAsync("default", "a", Cancellation);

        Assert.True(Expected == Encoding.UTF8.GetString(cached.Json.Span), how);
        Assert.Equal("2", cached.Object.Metadata.ResourceVersion);
        Assert.Equal(Value.Data, ((ConfigMap)cached.Object).Data);
    }

    [Fact]
    public async Task What_was_written_here_is_seen_as_it_is_stored()
    {
        await using var store = new MemoryStore();
        await using var feed = new StoreFeed(store, TimeProvider.System, NullLogger.Instance);
        using var registry = new ResourceRegistry(
            ConfigMap.Descriptor, StoredForms.For(ConfigMap.Descriptor), store, feed, new FakeClock(), NullLogger.Instance);
        var precise = new DateTimeOffset(2026, 1, 1, 0, 0, 0, 500, TimeSpan.Zero);

        var written = await registry.WriteAsync(Value with { Metadata = Value.Metadata with { CreationTimestamp = precise } }, 0, Cancellation);
        var read = await registry.GetAsync("default", "a", Cancellation);

        Assert.Equal(precise.AddMilliseconds(-500), read.Object.Metadata.CreationTimestamp);
        Assert.True(written!.Json.Span.SequenceEqual(read.Json.Span));
    }

    [Fact]
    public async Task A_full_store_is_told_to_the_client_as_503_with_the_stores_sentence()
    {
        await using var store = new MemoryStore();
        var full = new FullStore(store);
        await using var feed = new StoreFeed(full, TimeProvider.System, NullLogger.Instance);
        using var registry = new ResourceRegistry(
            ConfigMap.Descriptor, StoredForms.For(ConfigMap.Descriptor), full, feed, new FakeClock(), NullLogger.Instance);

        var error = await Assert.ThrowsAsync<ApiException>(async () => await registry.WriteAsync(Value, 0, Cancellation));

        Assert.Equal((503, "ServiceUnavailable", "no room"), (error.Code, error.Reason, error.Status.Message));
    }

    private sealed class FullStore(IStore inner) : IStore
    {
        public bool ExpiresKeys => inner.ExpiresKeys;

        public ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation) => throw new StoreFullException("no room");

        public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation) => inner.GetRevisionsAsync(cancellation);

        public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation) => inner.GetAsync(key, cancellation);

        public ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation) =>
            inner.ListAsync(range, options, cancellation);

        public IAsyncEnumerable<StoreChanges> WatchAsync(StoreRange range, long after, CancellationToken cancellation) =>
            inner.WatchAsync(range, after, cancellation);

        public ValueTask CompactAsync(long revision, CancellationToken cancellation) => inner.CompactAsync(revision, cancellation);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
