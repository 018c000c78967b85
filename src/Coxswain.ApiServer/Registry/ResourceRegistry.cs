using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.CustomResources;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.ServerSideApply;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.CustomResources;
using Coxswain.ApiServer.Encryption;
using Coxswain.ApiServer.Datastore;
using Coxswain.ApiServer.Tables;
using Coxswain.ApiServer.Verbs;
using Coxswain.Storage;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Registry;

/// <summary>Everything that serves one resource: its codec, its rules, its objects in the store and in memory.</summary>
/// <remarks>Safe for concurrent use. A write is one conditional write of the store; the caller gets the bytes that were stored, with
/// the revision stamped in, without reading them back.</remarks>
internal sealed class ResourceRegistry : IObjectDecoder, IDisposable
{
    /// <summary>The most that etcd takes by default. Its refusal has no status of its own, so that clients of upstream know it as 500.</summary>
    private const int MaxStoredBytes = 1536 * 1024;

    private readonly IStore _store;
    private readonly StoredForm _form;
    private readonly SharedParts _parts;
    private readonly PodTemplates? _templates;

    public ResourceRegistry(
        ResourceDescriptor descriptor, StoredForm form, IStore store, StoreFeed feed, TimeProvider clock, ILogger log)
    {
        Descriptor = descriptor;
        _store = store;
        _form = form;
        _parts = feed.Parts;
        _templates = descriptor == Pod.Descriptor ? new() : null;
        IsCustom = form.ServedCodec is CustomObjectCodec;
        KeyPrefix = form.Descriptor.StorageKeyPrefix;
        Head = IsCustom ? "{"u8.ToArray() : JsonHead.Of(descriptor.Kind);
        Cache = new(descriptor, KeyPrefix, store, feed, this, new(), clock, log);
    }

    public ResourceDescriptor Descriptor { get; }

    public ObjectCodec Codec => _form.ServedCodec;

    /// <summary>An object of this resource as it is stored, and back.</summary>
    public IMetadataObject ToStored(IMetadataObject value) => _form.ToStored(value);

    public IMetadataObject FromStored(IMetadataObject stored) => _form.FromStored(stored);
    /// <summary>The kind is defined by a CustomResourceDefinition.</summary>
    public bool IsCustom { get; }

    /// <summary>The kind as which the objects are stored.</summary>
    public GroupVersionKind StoredKind { get => field == default ? _form.StoredKind : field; init; }

    /// <summary>The columns of its tables, where they are not those of a built-in kind.</summary>
    public TableColumns? Columns { get; init; }

    /// <summary>What every client is told who uses this version; empty: nothing.</summary>
    public string Warning { get; init; } = "";

    /// <summary>Who owns which fields of its objects.</summary>
    public ManagedFieldsManager ManagedFields => field ??= _form.CreateManager();

    /// <summary>How long an object lives after its last change, where the store sees to that; null: for ever.</summary>
    public TimeSpan? TimeToLive { get; init; }

    public Strategy Strategy { get; internal set; } = GenericStrategy.Instance;

    public WatchCache Cache { get; }

    public string KeyPrefix { get; }

    /// <summary>The bytes with which the JSON of every object begins, and which the items of a list go without: kind and apiVersion,
    /// but for custom kinds, whose items say them each.</summary>
    public byte[] Head { get; }

    public GroupResource GroupResource => Descriptor.Resource.GroupResource;

    public string Key(string @namespace, string name) =>
        Descriptor.Namespaced ? $"{KeyPrefix}{@namespace}/{name}" : KeyPrefix + name;

    /// <summary>The prefix of a namespace's objects, or of all.</summary>
    public string RangePrefix(string @namespace) =>
        Descriptor.Namespaced && @namespace.Length > 0 ? $"{KeyPrefix}{@namespace}/" : KeyPrefix;

    /// <summary>The state that every write acknowledged before the call is part of.</summary>
    /// <exception cref="ApiException">503: the store cannot say.</exception>
    public async ValueTask<CacheSnapshot> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            await Cache.ReadyAsync(cancellation);
            await Cache.CatchUpAsync(cancellation);
        }
        catch (StoreUnavailableException lost)
        {
            throw new ApiException(Unavailable.Status(lost));
        }

        return Cache.Snapshot();
    }

    /// <summary>Null: there is none.</summary>
    /// <exception cref="ApiException">500: there is one, and what is stored of it cannot be read.</exception>
    public async ValueTask<CachedObject?> FindAsync(string @namespace, string name, CancellationToken cancellation)
    {
        var key = Key(@namespace, name);
        if ((await ReadAsync(cancellation)).Find(key) is { } found)
            return found;
        return Cache.WhyUnreadable(key) is { } reason ? throw new ApiException(Statuses.InternalError(reason)) : null;
    }

    /// <summary>The same, but where the store cannot say, what is here: for those who only look who somebody is.</summary>
    public async ValueTask<CachedObject?> LookUpAsync(string @namespace, string name, CancellationToken cancellation)
    {
        await Cache.ReadyAsync(cancellation);
        await Cache.TryCatchUpAsync(cancellation);
        return Cache.Snapshot().Find(Key(@namespace, name));
    }

    /// <exception cref="ApiException">404.</exception>
    public async ValueTask<CachedObject> GetAsync(string @namespace, string name, CancellationToken cancellation) =>
        await FindAsync(@namespace, name, cancellation) ?? throw NotFound(name);

    /// <summary>Why a key has no object: 404, or 500 if what is stored under it cannot be read.</summary>
    public ApiException Missing(string key, string name) =>
        Cache.WhyUnreadable(key) is { } reason ? new(Statuses.InternalError(reason)) : NotFound(name);

    public ApiException NotFound(string name) => new(Statuses.NotFound(GroupResource, name));

    /// <summary>Puts an object under its key if the key is at a revision (0: absent).</summary>
    /// <returns>Null: it is not.</returns>
    public async ValueTask<CachedObject?> WriteAsync(IMetadataObject value, long expected, CancellationToken cancellation)
    {
        var key = Key(value.Metadata.Namespace, value.Metadata.Name);
        var bytes = _form.Encode(value);
        if (bytes.Length > MaxStoredBytes)
            throw new ApiException(Statuses.Unknown("etcdserver: request is too large"));

        try
        {
            await Cache.ReadyAsync(cancellation);
        }
        catch (StoreUnavailableException lost)
        {
            throw new ApiException(Unavailable.Status(lost));
        }

        var result = await CommitAsync(new(key, expected, bytes, TimeToLive));
        return result.Committed ? Stamped(key, value, bytes, result.Revision) : null;
    }

    /// <summary>The same bytes and object as a write would make, without writing.</summary>
    public CachedObject Unwritten(IMetadataObject value, long revision) => revision > 0
        ? Stamped(Key(value.Metadata.Namespace, value.Metadata.Name), value, _form.Encode(value), revision)
        : new(Key(value.Metadata.Namespace, value.Metadata.Name), value, _form.EncodeServed(value), 0);

    /// <summary>Whether what is stored is in a form that a write would not give it: of another version, or encrypted otherwise.</summary>
    public async ValueTask<bool> IsStaleAsync(CachedObject current, CancellationToken cancellation)
    {
        if (current.IsStale)
            return true;

        // Keys may have changed since the cache read the value.
        return _store is EncryptedStore or ConvertingStore
            && await _store.GetAsync(current.Key, cancellation) is TransformedEntry { Fault: null } entry && entry.ModRevision == current.Revision;
    }

    /// <summary>Deletes a key if it is at a revision.</summary>
    /// <returns>Null: it is not. Otherwise the object with the revision of its deletion.</returns>
    public async ValueTask<CachedObject?> RemoveAsync(CachedObject current, CancellationToken cancellation)
    {
        var result = await CommitAsync(new(current.Key, current.Revision, null));
        cancellation.ThrowIfCancellationRequested();
        return result.Committed ? Stamp(current, result.Revision) : null;
    }

    /// <remarks>What this server wrote itself is decoded like the rest, as the object that was written may say more than its bytes
    /// (fractions of seconds): everybody must see what a restarted server would see.</remarks>
    public CachedObject Decode(StoreEntry entry)
    {
        var stored = entry.Value.Span;
        if (entry is TransformedEntry { Fault: { } fault })
            throw new TransformException(fault);
        if (stored.StartsWith("k8s:enc:"u8))
            throw new TransformException($"unable to transform key {GoText.Quote(entry.Key)}: identity transformer tried to read encrypted data");
        var hasHead = stored.StartsWith(Head);
        var value = hasHead && _templates is not null ? _templates.Decode(stored, _form) : _form.Decode(stored);

        // Bytes that somebody else wrote (protobuf, other order, a revision in them) are written anew, in our form.
        var stale = value.Metadata.ResourceVersion.Length > 0 || !_form.IsCurrent(stored);
        var ours = hasHead && !stale && !_form.Converts;

        // Another server knew fewer fields than this one has defaults for.
        if (stale && !IsCustom)
            value = Strategy.Default(value);
        value = value.WithMetadata(_parts.Share(value.Metadata, ResourceVersionText.Of(entry.ModRevision)));
        if (!ours)
            return new(entry.Key, value, _form.EncodeServed(value), front: 0, entry.ModRevision, _parts) { IsStale = stale };
        using var stamped = new PooledBuffer(stored.Length + 64);
        var front = JsonStamp.ResourceVersion(stamped, stored, entry.ModRevision);
        return new(entry.Key, value, stamped.WrittenSpan, front, entry.ModRevision, _parts);
    }

    public IMetadataObject Read(CachedObject cached) =>
        ((IMetadataObject)Codec.ReadJson(cached.Json.Span, null)).WithMetadata(cached.Metadata);

    public CachedObject Stamp(CachedObject value, long revision)
    {
        var json = JsonStamp.OtherResourceVersion(value.Json.Span, revision, out var front);
        return value.At(revision, value.Metadata with { ResourceVersion = ResourceVersionText.Of(revision) }, json, front, _parts);
    }

    public CachedObject Bookmark(long revision, bool initialEventsEnd)
    {
        var metadata = new ObjectMeta { ResourceVersion = ResourceVersionText.Of(revision) };
        if (initialEventsEnd)
            metadata = metadata with { Annotations = ApiMap.Of("k8s.io/initial-events-end", "true") };
        var blank = _form.Blank(metadata);
        return new(KeyPrefix, blank, _form.EncodeServed(blank), revision);
    }

    /// <exception cref="ApiException">503: the store has no room, or is out of reach, in which case nobody knows what became of the write.</exception>
    private async ValueTask<WriteResult> CommitAsync(StoreWrite write)
    {
        try
        {
            // A write must not be given up half-way because the client went away: its outcome would be unknown to everyone.
            return await _store.WriteAsync(write, CancellationToken.None);
        }
        catch (StoreFullException full)
        {
            throw new ApiException(Statuses.ServiceUnavailable(full.Message));
        }
        catch (StoreUnavailableException lost)
        {
            throw new ApiException(Unavailable.Status(lost));
        }
    }

    private CachedObject Stamped(string key, IMetadataObject value, ReadOnlyMemory<byte> stored, long revision)
    {
        var stamped = value.WithMetadata(value.Metadata with { ResourceVersion = ResourceVersionText.Of(revision) });
        var json = stored.IsEmpty || _form.Converts ? _form.EncodeServed(stamped) : JsonStamp.ResourceVersion(stored.Span, revision);
        return new(key, stamped, json, revision);
    }

    public void Dispose() => Cache.Dispose();
}
