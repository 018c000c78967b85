using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Patching;

namespace Coxswain.Api.ServerSideApply;

/// <summary>The result of an apply.</summary>
/// <param name="Json">The merged object, to be decoded, defaulted and validated like any other. Its managed fields do not count.</param>
/// <param name="ManagedFields">The entries to store with it.</param>
public sealed record AppliedObject(ReadOnlyMemory<byte> Json, ApiList<ManagedFieldsEntry> ManagedFields);

public sealed partial class ManagedFieldsManager
{
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";
    private const string Kubectl = "kubectl";
    private const string BeforeFirstApply = "before-first-apply";

    /// <summary>Merges a configuration into the live object for its manager: what it names is set and owned, what the manager
    /// owned and no longer names goes, unless others own it too.</summary>
    /// <param name="live">The object before; empty where the apply creates it.</param>
    /// <param name="configuration">The configuration as JSON.</param>
    /// <param name="liveEntries">The entries that are stored.</param>
    /// <param name="force">Takes fields over from others instead of refusing.</param>
    /// <exception cref="ApiException">409 with a cause per field where others own what would change; 400 for another version or with
    /// managed fields; 500 (as upstream) for what does not fit the schema.</exception>
    public AppliedObject Apply(
        ReadOnlyMemory<byte> live, ReadOnlyMemory<byte> configuration, ApiList<ManagedFieldsEntry> liveEntries, bool force, FieldWrite write)
    {
        // 1. What is applied, and to what.
        var applied = Parse(configuration);
        CheckConfiguration(applied);
        var before = live.IsEmpty ? _blank.Value : JsonElement.Parse(live.Span, JsonLimits.Document);
        var managed = ManagedFields.Decode(liveEntries, out var error) ?? throw new ApiException(Statuses.Unknown("failed to decode managed fields: " + error));

        // 2. An object that was not tracked yet: all it has belongs to whoever was before.
        if (managed.Count == 0 && !live.IsEmpty)
            Track(managed, _blank.Value, before, write with { Manager = BeforeFirstApply, Subresource = "" });

        // 3. Merge; what only conflicts with kubectl's own earlier way of applying is taken over.
        var former = ManagedFields.Of(managed);
        var conflicts = Merge(managed, before, applied, write, out var merged);
        if (!force && !conflicts.IsEmpty)
        {
            var left = write.Manager == Kubectl ? conflicts.Without(FormerlyApplied(before)) : conflicts;
            if (!left.IsEmpty)
                throw left.ToException();
        }

        // 4. The time changes only where anything did.
        var comparison = FieldComparison.Of(_schema, before, merged);
        var owner = Owner(write);
        if (managed.Find(owner) is { } own && (!comparison.IsEmpty || !managed.SameFieldsAs(former)))
            managed.Set(owner, own with { Time = write.Time });
        return new(WithLastApplied(merged, before, applied, write.Manager), managed.Encode());
    }

    private ApplyConflicts Merge(ManagedFields managed, JsonElement before, JsonElement applied, FieldWrite write, out JsonElement merged)
    {
        var version = _kind.ApiVersion;
        var owner = Owner(write);
        var last = managed.Find(owner);
        var wanted = FieldCollector.Collect(_schema, applied).RecursiveDifference(write.Ignored);

        // 1. Unite, with the new claim in place of the old one.
        var own = new OwnedFields(wanted, version, last?.Time);
        managed.Set(owner, own);
        merged = TypedMerge.Merge(_schema, before, applied);
        if (last is not null)
            merged = Prune(merged, managed, wanted, last);

        // 2. What changes belongs to nobody else.
        var comparison = FieldComparison.Of(_schema, before, merged).Without(write.Ignored);
        var conflicts = new ApplyConflicts();
        foreach (var (other, owned) in managed.Owners)
        {
            if (other != owner && owned.ApiVersion == version)
                conflicts.Add(other, owned.Fields.Intersection(comparison.Changed));
        }

        managed.TakeAway(comparison.Changed, version, except: owner);
        managed.TakeAway(comparison.Removed, version, except: owner);
        managed.Set(owner, own.With(wanted.Difference(NeverOwned)));
        return conflicts;
    }

    /// <summary>Removes what the manager owned the last time and no longer names, unless somebody else owns it.</summary>
    private JsonElement Prune(JsonElement merged, ManagedFields managed, FieldSet wanted, OwnedFields last)
    {
        var root = SchemaPlace.Root(_schema);
        var lastSet = last.Fields.WithNamedFields(root);
        var mergedSet = FieldCollector.Collect(_schema, merged).WithNamedFields(root);

        // 1. All that was owned goes at first, with what is below it ...
        var pruned = FieldRemover.Remove(_schema, merged, lastSet);

        // 2. ... but what others own, or the new configuration names, comes back ...
        var kept = managed.Owners.Aggregate(wanted, (all, owner) => all.Union(owner.Value.Fields)).WithNamedFields(root);
        var prunedSet = FieldCollector.Collect(_schema, pruned).WithNamedFields(root);
        pruned = FieldRemover.Remove(_schema, merged, mergedSet.Difference(prunedSet.Union(kept)));

        // 3. ... and what was never the manager's does too.
        prunedSet = FieldCollector.Collect(_schema, pruned).WithNamedFields(root);
        return FieldRemover.Remove(_schema, merged, mergedSet.Difference(prunedSet).Intersection(lastSet));
    }

    private void CheckConfiguration(JsonElement applied)
    {
        var version = applied.TryGetProperty("apiVersion", out var sent) && sent.ValueKind == JsonValueKind.String ? sent.GetString()! : "";
        if (version != _kind.ApiVersion)
            throw PatchErrors.BadRequest($"Incorrect version specified in apply patch. Specified patch version: {version}, expected: {_kind.ApiVersion}");
        var metadata = applied.TryGetProperty("metadata", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        if (metadata.ValueKind == JsonValueKind.Object && metadata.TryGetProperty("managedFields", out var entries) && entries.ValueKind != JsonValueKind.Null)
            throw PatchErrors.BadRequest("metadata.managedFields must be nil");
        if (TypedValidator.Explain(_schema, applied) is not { } error)
            return;

        var name = $"{Text(metadata, "namespace")}/{Text(metadata, "name")}; {_kind}";
        throw PatchErrors.Unknown($"failed to create typed patch object ({name}): {error}");
    }

    /// <summary>The fields of kubectl's annotation whose values are still those it applied.</summary>
    private FieldSet FormerlyApplied(JsonElement live)
    {
        try
        {
            if (Annotation(live) is not { } text)
                return FieldSet.Empty;

            var former = JsonLimits.Parse(Encoding.UTF8.GetBytes(text));
            if (former.ValueKind != JsonValueKind.Object)
                return FieldSet.Empty;
            var since = FieldComparison.Of(_schema, former, live);
            return FieldCollector.Collect(_schema, former).Difference(since.Modified).Difference(since.Added).Difference(since.Removed);
        }
        catch (JsonException)
        {
            return FieldSet.Empty;
        }
    }

    /// <summary>Keeps kubectl's annotation in step, where the object has one, so that its user may go back to the client's apply.</summary>
    private static ReadOnlyMemory<byte> WithLastApplied(JsonElement merged, JsonElement live, JsonElement applied, string manager)
    {
        if (manager != Kubectl || Annotation(live) is null)
            return Bytes(merged);

        var configuration = (JsonObject)JsonTree.Parse(Bytes(applied).Span)!;
        if (configuration["metadata"]?["annotations"] is JsonObject annotations)
        {
            annotations.Remove(LastApplied);
            if (annotations.Count == 0)
                configuration["metadata"]!.AsObject().Remove("annotations");
        }

        var result = JsonTree.Parse(Bytes(merged).Span)!;
        var metadata = result["metadata"]!.AsObject();
        if (metadata["annotations"] is not JsonObject)
            metadata["annotations"] = new JsonObject();
        metadata["annotations"]![LastApplied] = configuration.ToJsonString() + "\n";
        return Encoding.UTF8.GetBytes(result.ToJsonString());
    }

    private static FieldOwner Owner(FieldWrite write) => new(write.Manager, true, "", write.Subresource);

    private static string? Annotation(JsonElement live) =>
        live.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object
        && metadata.TryGetProperty("annotations", out var annotations) && annotations.ValueKind == JsonValueKind.Object
        && annotations.TryGetProperty(LastApplied, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static string Text(JsonElement metadata, string name) =>
        metadata.ValueKind == JsonValueKind.Object && metadata.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static ReadOnlyMemory<byte> Bytes(JsonElement element)
    {
        using var buffer = JsonBuffer.Rent();
        element.WriteTo(buffer.Writer);
        return buffer.ToArray();
    }

    private static JsonElement Parse(ReadOnlyMemory<byte> configuration)
    {
        try
        {
            var element = JsonLimits.Parse(configuration.Span);
            return element.ValueKind == JsonValueKind.Object ? element : throw PatchErrors.BadRequest("error decoding patch: not an object");
        }
        catch (JsonException broken)
        {
            throw PatchErrors.BadRequest("error decoding YAML: " + (GoJsonScanner.Explain(configuration.Span) ?? broken.Message));
        }
    }
}
