using System.Diagnostics.CodeAnalysis;
using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>What types and fields mean, in our own words: the texts of <c>schema/descriptions</c>, whose README tells their form.</summary>
/// <remarks>Immutable. Read from the assembly when documents are made, and let go when nobody makes any.</remarks>
internal sealed class Descriptions
{
    private const string ResourcePrefix = "descriptions/";

    private static readonly WeakReference<Descriptions?> Kept = new(null);

    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _likes = new(StringComparer.Ordinal);

    private Descriptions()
    {
    }

    /// <summary>All keys: definitions, fields as <c>DEFINITION.FIELD</c>, and for all types <c>*.FIELD</c>.</summary>
    public IReadOnlyCollection<string> Keys => _texts.Keys;

    /// <summary>Types that have the fields of another type, whose texts they share.</summary>
    public IReadOnlyDictionary<string, string> Likes => _likes;

    /// <summary>The texts in the assembly.</summary>
    public static Descriptions Load()
    {
        if (Kept.TryGetTarget(out var kept))
            return kept;
        var assembly = typeof(Descriptions).Assembly;
        var made = new Descriptions();
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            made.Read(name, reader);
        }

        Kept.SetTarget(made);
        return made;
    }

    /// <summary>Texts that come from elsewhere.</summary>
    /// <param name="name">What messages call them.</param>
    /// <exception cref="FormatException">The text has not the form that it should have; the message names the line.</exception>
    public static Descriptions Parse(string name, string text)
    {
        var made = new Descriptions();
        made.Read(name, new StringReader(text));
        return made;
    }

    /// <summary>The text of a definition, or null.</summary>
    public string? Definition(string definition) => _texts.GetValueOrDefault(definition);

    /// <summary>The text of a type, or null. Lists that have none of their own share one.</summary>
    public string? Type(SchemaType type) => Definition(type.Name) ?? (IsList(type) ? _texts.GetValueOrDefault("*.List") : null);

    /// <summary>The text of a field, or null. Fields that mean the same everywhere (metadata) may share one.</summary>
    public string? Field(SchemaType type, SchemaField field) => Field(type.Name, field.Name)
        ?? (field.Name == "items" && IsList(type) || field.Name == "metadata" ? _texts.GetValueOrDefault($"*.{MetadataName(field)}") : null);

    /// <summary>The text of a field by its names: its own, or that of the type that its type is like.</summary>
    public string? Field(string definition, string field) =>
        _texts.TryGetValue($"{definition}.{field}", out var text) ? text : _likes.TryGetValue(definition, out var like) ? Field(like, field) : null;

    /// <summary>The text of a field that all types share, or null: <c>kind</c>, <c>apiVersion</c>.</summary>
    public string? Shared(string field) => _texts.GetValueOrDefault("*." + field);

    private static bool IsList(SchemaType type) => type.IsKind && type.Name.EndsWith("List", StringComparison.Ordinal) && type.FindField("items") is not null;

    private static string MetadataName(SchemaField field) =>
        field.Type.Kind == SchemaKind.Object && field.Type.Name.EndsWith(".ListMeta", StringComparison.Ordinal) ? "listMetadata" : field.Name;

    private void Read(string name, TextReader reader)
    {
        string? package = null, type = null, key = null;
        var number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            var text = line.Trim();
            if (text.Length == 0 || text[0] == '#')
                continue;
            var indent = line.Length - line.TrimStart(' ').Length;
            if (indent >= 4)
            {
                if (key is null)
                    Fail("continues nothing");
                // An item of a list begins a line of its own.
                _texts[key] += (text.StartsWith("- ", StringComparison.Ordinal) ? "\n" : " ") + text;
                continue;
            }

            if (indent == 0 && text.StartsWith("package ", StringComparison.Ordinal))
            {
                (package, type, key) = (text["package ".Length..], null, null);
                continue;
            }

            if (indent == 2 && type is not null && text.StartsWith("like ", StringComparison.Ordinal))
            {
                key = null;
                var other = text["like ".Length..];
                if (!_likes.TryAdd(type, other.Contains('.', StringComparison.Ordinal) ? other : $"{package}.{other}"))
                    Fail($"says again what {type} is like");
                continue;
            }

            var colon = text.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || text.AsSpan(0, colon).Contains(' '))
                Fail("no 'NAME: text'");
            if (package is null)
                Fail("comes before the package");
            if (indent is not (0 or 2) || (indent == 2 && type is null))
                Fail("is indented wrongly");
            var word = text[..colon];
            if (indent == 0)
                type = key = package == "*" ? package : $"{package}.{word}";
            else
                key = $"{type}.{word}";
            var meaning = text[(colon + 1)..].TrimStart();
            if (package == "*" && indent == 0)
                key = "*." + word;
            // A type may be named only to hold fields.
            if ((meaning.Length > 0 || indent == 2) && !_texts.TryAdd(key, meaning))
                Fail($"says again what {key} is");
        }

        [DoesNotReturn]
        void Fail(string what) => throw new FormatException($"{name}: line {number} {what}");
    }
}
