using Coxswain.Api.Meta.V1;

namespace Coxswain.Api.ServerSideApply;

/// <summary>The managed fields of one object while they are worked on.</summary>
internal sealed class ManagedFields
{
    private const int MaxUpdateManagers = 10;
    private const string BucketName = "ancient-changes";
    private readonly Dictionary<FieldOwner, OwnedFields> _owners = [];

    public int Count => _owners.Count;

    public IEnumerable<KeyValuePair<FieldOwner, OwnedFields>> Owners => _owners;

    public static ManagedFields Of(ManagedFields other)
    {
        var copy = new ManagedFields();
        foreach (var (owner, owned) in other._owners)
            copy._owners.Add(owner, owned);
        return copy;
    }

    /// <summary>Reads the entries of an object; null with upstream's message where they are none.</summary>
    public static ManagedFields? Decode(ApiList<ManagedFieldsEntry> entries, out string? error)
    {
        error = null;
        var result = new ManagedFields();
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry.Operation is not (FieldOwner.Apply or FieldOwner.Update))
                error = $"invalid operation type: {GoText.Quote(entry.Operation)}";
            else if (entry.FieldsType.Length == 0)
                error = $"missing fieldsType in managed fields entry {i}";
            else if (entry.FieldsType != "FieldsV1")
                error = $"invalid fieldsType {GoText.Quote(entry.FieldsType)} in managed fields entry {i}";
            else if (entry.ApiVersion.Length == 0)
                error = $"missing apiVersion in managed fields entry {i}";
            if (error is not null)
                return null;

            try
            {
                var fields = entry.FieldsV1 is { IsAbsent: false } raw ? FieldSet.Parse(raw.Utf8) : FieldSet.Empty;
                result._owners[FieldOwner.Of(entry)] = new(fields, entry.ApiVersion, entry.Time, entry.FieldsV1);
            }
            catch (FormatException broken)
            {
                error = $"error decoding managed fields entry {i}: {broken.Message}";
                return null;
            }
        }

        return result;
    }

    public OwnedFields? Find(FieldOwner owner) => _owners.GetValueOrDefault(owner);

    /// <summary>Sets what somebody owns; who owns nothing is forgotten.</summary>
    public void Set(FieldOwner owner, OwnedFields owned)
    {
        if (owned.Fields.IsEmpty)
            _owners.Remove(owner);
        else
            _owners[owner] = owned;
    }

    /// <summary>Takes fields from all owners but one, as far as they know the same version of the API.</summary>
    public void TakeAway(FieldSet fields, string apiVersion, FieldOwner? except)
    {
        if (fields.IsEmpty)
            return;

        foreach (var (owner, owned) in _owners.ToArray())
        {
            if (owner != except && owned.ApiVersion == apiVersion && owned.Fields.Overlaps(fields))
                Set(owner, owned.With(owned.Fields.Difference(fields)));
        }
    }

    /// <summary>Joins the oldest entries of those who update once there are too many, per version of the API.</summary>
    public void Cap()
    {
        var updaters = _owners.Where(owner => !owner.Key.Applied)
            .OrderBy(owner => owner.Value.Time?.ToUnixTimeSeconds() ?? 0)
            .ThenBy(owner => owner.Key.Manager, StringComparer.Ordinal)
            .ToList();
        var count = updaters.Count;
        var firstOfVersion = new Dictionary<string, FieldOwner>(StringComparer.Ordinal);
        foreach (var (owner, owned) in updaters)
        {
            if (count <= MaxUpdateManagers)
                return;

            if (!firstOfVersion.TryGetValue(owned.ApiVersion, out var first))
            {
                firstOfVersion.Add(owned.ApiVersion, owner);
                continue;
            }

            var bucket = new FieldOwner(BucketName, false, owned.ApiVersion, "");
            if (!_owners.ContainsKey(bucket) && _owners.Remove(first, out var oldest))
                _owners[bucket] = oldest;
            if (bucket == owner)
                continue;

            // The time of the newer entry counts.
            _owners[bucket] = new(owned.Fields.Union(_owners[bucket].Fields), owned.ApiVersion, owned.Time);
            _owners.Remove(owner);
            count--;
        }
    }

    public bool SameFieldsAs(ManagedFields other) =>
        _owners.Count == other._owners.Count
        && _owners.All(owner => other.Find(owner.Key) is { } there && there.ApiVersion == owner.Value.ApiVersion && there.Fields.Equals(owner.Value.Fields));

    /// <summary>The entries in upstream's order: those who apply first, then by time and name.</summary>
    public ApiList<ManagedFieldsEntry> Encode()
    {
        if (_owners.Count == 0)
            return default;

        var entries = new List<ManagedFieldsEntry>(_owners.Count);
        foreach (var (owner, owned) in _owners)
        {
            entries.Add(new()
            {
                Manager = owner.Manager,
                Operation = owner.Applied ? FieldOwner.Apply : FieldOwner.Update,
                ApiVersion = owned.ApiVersion,
                Time = owned.Time,
                FieldsType = "FieldsV1",
                FieldsV1 = owned.Raw ?? owned.Fields.ToFieldsV1(),
                Subresource = owner.Subresource,
            });
        }

        if (entries.Count > 1)
            entries.Sort(Compare);
        return entries.ToApiList();
    }

    private static int Compare(ManagedFieldsEntry a, ManagedFieldsEntry b)
    {
        var order = string.CompareOrdinal(a.Operation, b.Operation);
        if (order == 0)
            order = (a.Time?.ToUnixTimeSeconds() ?? 0).CompareTo(b.Time?.ToUnixTimeSeconds() ?? 0);
        if (order == 0)
            order = string.CompareOrdinal(a.Manager, b.Manager);
        if (order == 0)
            order = string.CompareOrdinal(a.ApiVersion, b.ApiVersion);
        return order == 0 ? string.CompareOrdinal(a.Subresource, b.Subresource) : order;
    }
}
