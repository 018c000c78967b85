using System.Text.Json;
using Coxswain.Api.Meta.V1;

namespace Coxswain.Api.ServerSideApply;

/// <summary>Keeps account of who owns which fields of the objects of one kind, and applies configurations.</summary>
/// <remarks>Documents come and go as UTF-8 JSON in the form that the kind's codec writes, without or with
/// <c>metadata.managedFields</c>, which is not looked at: entries travel beside. Entries of other versions of the API are kept as they
/// are. Stateless and safe to share between threads.</remarks>
public sealed partial class ManagedFieldsManager
{
    private static readonly FieldSet NeverOwned = FieldSet.OfFields(
        "apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace", "metadata.creationTimestamp", "metadata.selfLink",
        "metadata.uid", "metadata.clusterName", "metadata.generation", "metadata.managedFields", "metadata.resourceVersion");

    private readonly SchemaType _schema;
    private readonly GroupVersionKind _kind;
    private readonly Lazy<JsonElement> _blank;

    /// <param name="blank">The JSON of an object of which nothing is set: what a new object is compared with.</param>
    public ManagedFieldsManager(SchemaType schema, GroupVersionKind kind, Func<ReadOnlyMemory<byte>> blank)
    {
        _schema = schema;
        _kind = kind;
        _blank = new(() => JsonElement.Parse(blank().Span, JsonLimits.Document));
    }

    /// <summary>The manager of a kind's objects.</summary>
    public static ManagedFieldsManager For(ObjectCodec codec) =>
        new(codec.Schema, codec.Kind, () => codec.ToJson(codec.ReadJson("{}"u8, null)));

    /// <summary>The entries after a create, update or patch: what was changed now belongs to the writer alone.</summary>
    /// <param name="live">The object before; empty for a create.</param>
    /// <param name="updated">The object as the client wants it, before the server prepares it for storing.</param>
    /// <param name="liveEntries">The entries that are stored.</param>
    /// <param name="sentEntries">The entries of the client's object. They count if they can be read, so that clients may edit them;
    /// a single empty one resets all. Not for a subresource.</param>
    public ApiList<ManagedFieldsEntry> Update(
        ReadOnlyMemory<byte> live, ReadOnlyMemory<byte> updated, ApiList<ManagedFieldsEntry> liveEntries, ApiList<ManagedFieldsEntry> sentEntries, FieldWrite write)
    {
        var managed = DecodeForUpdate(liveEntries, sentEntries, write.Subresource.Length > 0);

        // An object that was never tracked stays so until somebody applies.
        if (managed.Count == 0 && !live.IsEmpty)
            return default;

        using var before = live.IsEmpty ? null : JsonDocument.Parse(live, JsonLimits.Document);
        using var after = JsonDocument.Parse(updated, JsonLimits.Document);
        Track(managed, before?.RootElement ?? _blank.Value, after.RootElement, write);
        managed.Cap();
        return managed.Encode();
    }

    /// <summary>Whether two lists of entries say the same but for their times. A write that changes no more than that is none: the
    /// stored entries are to be kept.</summary>
    public static bool DifferInTimeOnly(ApiList<ManagedFieldsEntry> stored, ApiList<ManagedFieldsEntry> written)
    {
        if (stored.Count != written.Count)
            return false;

        // The order depends on the times.
        var left = stored.DistinctBy(FieldOwner.Of).ToDictionary(FieldOwner.Of);
        return left.Count == stored.Count && written.All(entry =>
            left.TryGetValue(FieldOwner.Of(entry), out var other) && other with { Time = entry.Time } == entry);
    }

    private static ManagedFields DecodeForUpdate(ApiList<ManagedFieldsEntry> live, ApiList<ManagedFieldsEntry> sent, bool isSubresource)
    {
        if (!isSubresource && sent.Count > 0)
        {
            if (sent.Count == 1 && sent[0] == ManagedFieldsEntry.Empty)
                return new();
            if (ManagedFields.Decode(sent, out _) is { Count: > 0 } decoded)
                return decoded;
        }

        // Garbage that got into the store must not stop anybody from writing.
        return ManagedFields.Decode(live, out _) ?? new();
    }

    private void Track(ManagedFields managed, JsonElement before, JsonElement after, FieldWrite write)
    {
        var version = _kind.ApiVersion;
        var comparison = FieldComparison.Of(_schema, before, after).Without(write.Ignored);
        var changed = comparison.Changed;
        managed.TakeAway(changed, version, except: null);
        managed.TakeAway(comparison.Removed, version, except: null);

        var own = changed.Difference(NeverOwned);
        if (own.IsEmpty)
            return;
        var owner = new FieldOwner(write.Manager, false, version, write.Subresource);
        managed.Set(owner, new(own.Union(managed.Find(owner)?.Fields ?? FieldSet.Empty), version, write.Time));
    }
}
