using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Coxswain.Api.Patching;

/// <summary>JSON patch (RFC 6902), with the liberties that upstream's library takes.</summary>
/// <remarks>Other than the RFC: a negative index counts from the end; <c>replace</c> adds a member that is absent; <c>test</c> of an
/// absent member against null passes; the whole document cannot be replaced. Pure and thread safe.</remarks>
public static class JsonPatch
{
    public const int MaxOperations = 10_000;

    /// <summary>How many bytes of JSON all <c>copy</c> operations of a patch may add, as a guard against doubling.</summary>
    public const int MaxCopiedBytes = 3 * 1024 * 1024;

    /// <summary>The document with all operations done. The one given may be changed and must not be used afterwards.</summary>
    /// <exception cref="ApiException">400 for what is no patch, 413 for too many operations, 422 for one that does not apply.</exception>
    public static JsonNode? Apply(JsonNode? document, ReadOnlySpan<byte> patch)
    {
        var operations = Decode(patch);
        if (operations.Count > MaxOperations)
            throw new ApiException(Statuses.TooLarge($"The allowed maximum operations in a JSON patch is {MaxOperations}, got {operations.Count}"));

        var copied = 0;
        foreach (var operation in operations)
            Apply(document, operation as JsonObject ?? throw PatchErrors.CannotApply(), ref copied);
        return document;
    }

    private static JsonArray Decode(ReadOnlySpan<byte> patch)
    {
        var node = PatchErrors.Read(patch);
        if (node is null)
            return [];
        if (node is not JsonArray operations)
            throw PatchErrors.BadRequest($"json: cannot unmarshal {PatchErrors.TypeWord(node)} into Go value of type jsonpatch.Patch");

        foreach (var operation in operations)
        {
            if (operation is not (JsonObject or null))
                throw PatchErrors.BadRequest($"json: cannot unmarshal {PatchErrors.TypeWord(operation)} into Go value of type jsonpatch.Operation");
        }

        return operations;
    }

    private static void Apply(JsonNode? document, JsonObject operation, ref int copied)
    {
        switch (Text(operation, "op"))
        {
            case "add":
                Find(document, operation, "path").Add(Value(operation));
                break;
            case "remove":
                Find(document, operation, "path").Remove();
                break;
            case "replace":
                Find(document, operation, "path").Replace(Value(operation));
                break;
            case "move":
                var from = Find(document, operation, "from");
                var moved = from.Get();
                from.Remove();
                Find(document, operation, "path").Add(moved);
                break;
            case "copy":
                var copy = Find(document, operation, "from").Get()?.DeepClone();
                copied += copy is null ? 4 : Encoding.UTF8.GetByteCount(copy.ToJsonString());
                if (copied > MaxCopiedBytes)
                    throw PatchErrors.CannotApply();
                Find(document, operation, "path").Add(copy);
                break;
            case "test":
                if (!JsonNode.DeepEquals(Find(document, operation, "path").Get(), operation["value"]))
                    throw PatchErrors.CannotApply();
                break;
            default:
                throw PatchErrors.CannotApply();
        }
    }

    private static string? Text(JsonObject operation, string name) =>
        operation[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    // The same operation may be applied only once, so that its value can be taken rather than copied.
    private static JsonNode? Value(JsonObject operation) => operation.Take("value");

    /// <summary>The place that a pointer (RFC 6901) names; its container must exist. What stands before the first slash is ignored.</summary>
    private static Place Find(JsonNode? document, JsonObject operation, string member)
    {
        var segments = (Text(operation, member) ?? throw PatchErrors.CannotApply()).Split('/');
        if (segments.Length < 2)
            throw PatchErrors.CannotApply();

        var container = document;
        for (var i = 1; i < segments.Length - 1; i++)
            container = new Place(container, Decode(segments[i])).Get();
        return new(container, Decode(segments[^1]));
    }

    private static string Decode(string segment) =>
        segment.Contains('~', StringComparison.Ordinal)
            ? segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)
            : segment;

    /// <summary>A member of an object or an item of a list, there or not.</summary>
    private readonly struct Place
    {
        private readonly JsonObject? _members;
        private readonly JsonArray? _items;
        private readonly string _key;

        public Place(JsonNode? container, string key)
        {
            _members = container as JsonObject;
            _items = container as JsonArray;
            _key = key;
            if (_members is null && _items is null)
                throw PatchErrors.CannotApply();
        }

        public JsonNode? Get() => _members is not null ? _members[_key] : _items![Index(_items.Count)];

        public void Add(JsonNode? value)
        {
            if (_members is not null)
                _members[_key] = value;
            else if (_key == "-")
                _items!.Add(value);
            else
                _items!.Insert(Index(_items.Count + 1), value);
        }

        public void Replace(JsonNode? value)
        {
            if (_members is not null)
                _members[_key] = value;
            else
                _items![Index(_items.Count)] = value;
        }

        public void Remove()
        {
            if (_items is not null)
                _items.RemoveAt(Index(_items.Count));
            else if (!_members!.Remove(_key))
                throw PatchErrors.CannotApply();
        }

        private int Index(int count)
        {
            if (!int.TryParse(_key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index) || index >= count || index < -count)
                throw PatchErrors.CannotApply();
            return index < 0 ? index + count : index;
        }
    }
}
