using System.Text;
using System.Text.Json;

namespace Coxswain.Api;

/// <summary>Finds out where in a document an offset lies: walks it again beside its schema. Used only for documents with
/// mistakes.</summary>
internal static class JsonLocator
{
    // Names can be long and nested: all paths of a report together must stay affordable.
    private const int MaxPathLength = 1 << 20;

    /// <summary>Upstream's message for a value of the wrong JSON type.</summary>
    public static string Describe(ReadOnlySpan<byte> utf8, SchemaType root, JsonMismatchException mismatch)
    {
        var walk = new Walk(utf8, root);
        while (walk.Read())
        {
            if (walk.Offset == mismatch.Offset)
                return $"json: cannot unmarshal {mismatch.Found} into {walk.GoPlace()} of type {mismatch.GoType ?? walk.GoType()}";
        }
        return $"json: cannot unmarshal {mismatch.Found} into Go value of type {root.GoName}";
    }

    /// <summary>Words the findings, in the order of the document.</summary>
    public static void Report(ReadOnlySpan<byte> utf8, SchemaType root, List<JsonFinding> findings, DecodeReport report)
    {
        // A map's duplicates are known at its end, after the findings within it.
        findings.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        var walk = new Walk(utf8, root);
        var next = 0;
        var budget = MaxPathLength;
        while (budget > 0 && (next < findings.Count || walk.IsTracking) && walk.Read())
        {
            if (walk.IsRepeated)
                Add("duplicate", walk.Path());
            if (next >= findings.Count || walk.Offset != findings[next].Offset)
                continue;
            switch (findings[next++].Kind)
            {
                case JsonFindingKind.Unknown:
                    Add("unknown", walk.Path());
                    break;
                case JsonFindingKind.Duplicate:
                    Add("duplicate", walk.Path());
                    break;
                default:
                    walk.TrackNext();
                    break;
            }
        }

        void Add(string what, string path)
        {
            budget -= path.Length;
            report.Add($"{what} field \"{path}\"");
        }
    }

    /// <summary>An open object or array: what its values are, and which one the walk is in.</summary>
    private sealed class Frame(bool isArray, SchemaType? type, SchemaField? via)
    {
        public bool IsArray { get; } = isArray;

        /// <summary>The type of the object or array itself.</summary>
        public SchemaType? Type { get; } = type;

        /// <summary>The field through which a list or map was reached: it knows Go's name of the items' type.</summary>
        public SchemaField? Via { get; } = via;

        /// <summary>The names so far, where repeated ones are looked for.</summary>
        public HashSet<string>? Names { get; init; }

        public int Index { get; set; } = -1;

        public string Name { get; set; } = "";

        public SchemaField? Field => Type?.Kind == SchemaKind.Object ? Type.FindField(Name) : null;

        public SchemaType? ValueType => Type?.Kind == SchemaKind.Object ? Field?.Type : Type?.Item;
    }

    private ref struct Walk(ReadOnlySpan<byte> utf8, SchemaType root)
    {
        private readonly Stack<Frame> _frames = new();
        private bool _trackNext;
        private int _tracked;
        private Utf8JsonReader _reader = new(utf8, new JsonReaderOptions { MaxDepth = JsonDecoder.MaxDepth });

        public readonly long Offset => _reader.TokenStartIndex;

        /// <summary>Whether an open map's names are watched for repetition.</summary>
        public readonly bool IsTracking => _trackNext || _tracked > 0;

        /// <summary>Whether the name at which the walk stands has been in its map before.</summary>
        public bool IsRepeated { get; private set; }

        /// <summary>Watches the names of the map at whose beginning the walk stands.</summary>
        public void TrackNext() => _trackNext = true;

        public bool Read()
        {
            // 1. Go in where the last token opened something, out where it closed.
            if (_reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                Enter();
            else if (_reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray && _frames.Pop().Names is not null)
                _tracked--;
            IsRepeated = false;

            // 2. The next token; a value in an array counts, a name is remembered.
            try
            {
                if (!_reader.Read())
                    return false;
            }
            catch (JsonException)
            {
                return false;
            }
            if (!_frames.TryPeek(out var top))
                return true;
            if (_reader.TokenType == JsonTokenType.PropertyName)
            {
                top.Name = JsonText.Decode(_reader.ValueIsEscaped ? JsonText.Unescape(_reader.ValueSpan) : _reader.ValueSpan);
                IsRepeated = top.Names is not null && !top.Names.Add(top.Name);
            }
            else if (top.IsArray && _reader.TokenType != JsonTokenType.EndArray)
            {
                top.Index++;
            }
            return true;
        }

        /// <summary>The path with indexes and map keys, as the strict reader of upstream prints it.</summary>
        public readonly string Path()
        {
            var path = new StringBuilder();
            foreach (var frame in _frames.Reverse())
            {
                if (frame.IsArray)
                    path.Append('[').Append(frame.Index).Append(']');
                else
                    path.Append(path.Length == 0 ? "" : ".").Append(frame.Name);
            }
            return path.ToString();
        }

        /// <summary>The innermost struct and the path of field names, as Go's decoder prints them: no index and no map key.</summary>
        public readonly string GoPlace()
        {
            var names = new List<string>();
            var owner = "";
            foreach (var frame in _frames.Reverse())
            {
                if (frame.Type?.Kind != SchemaKind.Object)
                    continue;
                names.Add(frame.Name);
                owner = frame.Type.GoName[(frame.Type.GoName.LastIndexOf('.') + 1)..];
            }
            return names.Count == 0 ? "Go value" : $"Go struct field {owner}.{string.Join('.', names)}";
        }

        public readonly string GoType()
        {
            if (!_frames.TryPeek(out var top))
                return root.GoName;
            if (top.Type?.Kind == SchemaKind.Object)
                return top.Field?.GoType ?? "string";  // apiVersion and kind are no fields of ours
            return top.Via?.GoItemType is { Length: > 0 } item && top.Type == top.Via.Type ? item : top.ValueType?.GoName ?? "string";
        }

        private void Enter()
        {
            var isArray = _reader.TokenType == JsonTokenType.StartArray;
            var names = _trackNext ? new HashSet<string>(StringComparer.Ordinal) : null;
            _tracked += _trackNext ? 1 : 0;
            _trackNext = false;
            if (!_frames.TryPeek(out var top))
                _frames.Push(new(isArray, Form(root, isArray), null) { Names = names });
            else
                _frames.Push(new(isArray, Form(top.ValueType, isArray), top.Field ?? top.Via) { Names = names });
        }

        /// <summary>A type whose JSON form is one of its fields stands for that field's type.</summary>
        private static SchemaType? Form(SchemaType? type, bool isArray)
        {
            if (type is null || type.JsonForms.Count == 0)
                return type;
            var prefix = isArray ? "array:" : "object:";
            foreach (var form in type.JsonForms)
            {
                if (form.StartsWith(prefix, StringComparison.Ordinal))
                    return type.FindField(form[prefix.Length..])?.Type;
            }
            return null;
        }
    }
}
