using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Coxswain.Api.Patching;

/// <summary>What a strict reader objects to in a patch as it was sent: members that stand twice, and members that no operation has.
/// Pure and thread safe.</summary>
public static class PatchFindings
{
    // Upstream's bound, as for documents.
    private const int Limit = 100;

    /// <summary>Findings of a JSON merge patch, worded as upstream does.</summary>
    /// <exception cref="ApiException">400: it is no JSON object.</exception>
    public static IReadOnlyList<string> OfMergePatch(ReadOnlySpan<byte> patch) => Find(patch, Root.Map);

    /// <summary>Findings of a JSON patch.</summary>
    /// <exception cref="ApiException">400: it is no list of operations.</exception>
    public static IReadOnlyList<string> OfJsonPatch(ReadOnlySpan<byte> patch) => Find(patch, Root.Operations);

    /// <summary>Findings of a strategic merge patch, whose own reader says what else is wrong with it.</summary>
    public static IReadOnlyList<string> OfStrategicMergePatch(ReadOnlySpan<byte> patch)
    {
        try
        {
            return Find(patch, Root.Anything);
        }
        catch (ApiException)
        {
            return [];
        }
    }

    private enum Root
    {
        Anything,
        Map,
        Operations,
    }

    private static List<string> Find(ReadOnlySpan<byte> patch, Root root)
    {
        var walk = new Walk(patch, root);
        try
        {
            walk.Run();
        }
        catch (JsonException)
        {
            throw PatchErrors.BadRequest("error decoding patch: " + (GoJsonScanner.Explain(patch) ?? "exceeded max depth"));
        }

        return walk.Mistake is { } mistake ? throw PatchErrors.BadRequest("error decoding patch: " + mistake) : walk.Findings;
    }

    private ref struct Walk(ReadOnlySpan<byte> patch, Root root)
    {
        private Utf8JsonReader _reader = new(patch, new() { MaxDepth = JsonTree.MaxDepth });
        private readonly StringBuilder _path = new();

        public List<string> Findings { get; } = [];

        /// <summary>The first value of the wrong type, in the words of Go's reader.</summary>
        public string? Mistake { get; private set; }

        public void Run()
        {
            _reader.Read();
            if (root == Root.Map && _reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.Null))
                Wrong("Go value of type map[string]interface {}");
            if (root == Root.Operations && _reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.Null))
                Wrong("Go value of type []handlers.jsonPatchOp");
            Value(0);
            while (_reader.Read())
            {
                // Only white space may follow, or the reader throws.
            }
        }

        private void Value(int depth)
        {
            if (_reader.TokenType == JsonTokenType.StartObject)
                Object(depth);
            else if (_reader.TokenType == JsonTokenType.StartArray)
                Array(depth);
        }

        private void Object(int depth)
        {
            var isOperation = root == Root.Operations && depth == 1;
            var names = new HashSet<string>(StringComparer.Ordinal);
            var length = _path.Length;
            while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
            {
                var name = JsonText.Of(_reader);
                _path.Append(length == 0 ? "" : ".").Append(name);
                if (isOperation && name is not ("op" or "path" or "from" or "value"))
                    Add("unknown");
                else if (!names.Add(name))
                    Add("duplicate");
                _reader.Read();
                if (isOperation && name is "op" or "path" or "from" && _reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
                    Wrong($"Go struct field jsonPatchOp.{name} of type string");
                Value(depth + 1);
                _path.Length = length;
            }
        }

        private void Array(int depth)
        {
            var length = _path.Length;
            for (var i = 0; _reader.Read() && _reader.TokenType != JsonTokenType.EndArray; i++)
            {
                _path.Append(CultureInfo.InvariantCulture, $"[{i}]");
                if (root == Root.Operations && depth == 0 && _reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.Null))
                    Wrong("Go value of type handlers.jsonPatchOp");
                Value(depth + 1);
                _path.Length = length;
            }
        }

        private void Wrong(string place) => Mistake ??= $"json: cannot unmarshal {JsonText.TypeOf(_reader.TokenType)} into {place}";

        private readonly void Add(string what)
        {
            if (Findings.Count < Limit)
                Findings.Add($"{(root == Root.Operations ? "json patch " : "")}{what} field \"{_path}\"");
        }
    }
}
