using System.Globalization;
using System.Text.Json;
using Coxswain.Api.Meta.V1;

namespace Coxswain.Api.CustomResources;

/// <summary>Brings documents of custom kinds into the form in which they are kept: unknown members dropped, defaults filled in,
/// members in order.</summary>
internal sealed class CustomDocument
{
    private readonly Utf8JsonWriter _writer;
    private readonly bool _defaults;
    private readonly List<string>? _unknown;
    private readonly List<string>? _duplicates;

    private CustomDocument(Utf8JsonWriter writer, bool defaults, bool reports)
    {
        _writer = writer;
        _defaults = defaults;
        if (reports)
            (_unknown, _duplicates) = ([], []);
    }

    /// <summary>The members of a document but apiVersion, kind and metadata.</summary>
    /// <param name="schema">Null: everything is kept.</param>
    /// <param name="defaults">Fill in defaults, and drop nulls where there must be none.</param>
    /// <exception cref="DecodeException">The metadata of an embedded object is none.</exception>
    public static RawJson Content(JsonElement root, CustomSchema? schema, bool defaults, DecodeReport? report)
    {
        using var buffer = JsonBuffer.Rent();
        var document = new CustomDocument(buffer.Writer, defaults, report is not null);
        document.WriteObject(root, schema, keepsUnknown: schema is null, path: "", isRoot: true);
        if (report is not null)
        {
            foreach (var path in document._duplicates!)
                report.Add($"duplicate field {GoText.Quote(path)}");
            document._unknown!.Sort(StringComparer.Ordinal);
            foreach (var path in document._unknown)
                report.Add($"unknown field {GoText.Quote(path)}");
        }

        return RawJson.Wrap(buffer.ToArray());
    }

    /// <summary>Reports what a schema does not know of a value inside a document.</summary>
    public static void Prune(JsonElement value, CustomSchema schema, DecodeReport report)
    {
        using var buffer = JsonBuffer.Rent();
        var document = new CustomDocument(buffer.Writer, defaults: false, reports: true);
        document.Write(value, schema, keepsUnknown: false, path: "");
        foreach (var path in document._unknown!)
            report.Add($"unknown field {GoText.Quote(path)}");
    }

    private void Write(JsonElement value, CustomSchema? schema, bool keepsUnknown, string path)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(value, schema, keepsUnknown || schema?.PreservesUnknown == true, path, isRoot: false);
                break;
            case JsonValueKind.Array:
                WriteList(value, schema, keepsUnknown || schema?.PreservesUnknown == true, path);
                break;
            case JsonValueKind.Number:
                WriteNumber(value);
                break;
            default:
                value.WriteTo(_writer);
                break;
        }
    }

    private void WriteList(JsonElement list, CustomSchema? schema, bool keepsUnknown, string path)
    {
        _writer.WriteStartArray();
        var index = 0;
        foreach (var item in list.EnumerateArray())
        {
            var below = _unknown is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");
            index++;
            if (_defaults && item.ValueKind == JsonValueKind.Null && schema?.Items is { IsNullable: false, HasDefault: true } defaulted)
                Write(defaulted.Default, defaulted, keepsUnknown: false, below);
            else
                Write(item, schema?.Items, KeepsBelow(schema?.Items, keepsUnknown), below);
        }

        _writer.WriteEndArray();
    }

    private void WriteObject(JsonElement value, CustomSchema? schema, bool keepsUnknown, string path, bool isRoot)
    {
        keepsUnknown |= schema?.PreservesUnknown == true;
        var members = Members(value, schema, path, isRoot);
        _writer.WriteStartObject();
        foreach (var (name, given) in members)
        {
            var member = given;
            var below = Below(path, name);
            if (schema is { IsEmbedded: true } && !isRoot && name is "apiVersion" or "kind" or "metadata")
            {
                _writer.WritePropertyName(name);
                if (name == "metadata")
                    WriteMetadata(member, below);
                else
                    member.WriteTo(_writer);
                continue;
            }

            var known = schema?.Member(name);
            if (known is null && !keepsUnknown && schema?.AllowsAdditional != true)
            {
                _unknown?.Add(below);
                continue;
            }

            if (_defaults && member.ValueKind == JsonValueKind.Null && known is { IsNullable: false })
            {
                if (!known.HasDefault)
                    continue;
                member = known.Default;
            }

            _writer.WritePropertyName(name);
            Write(member, known, KeepsBelow(known, keepsUnknown), below);
        }

        _writer.WriteEndObject();
    }

    // What is inside an unknown member is kept with it. What a schema knows begins anew.
    private static bool KeepsBelow(CustomSchema? known, bool keepsUnknown) => known is null && keepsUnknown;

    /// <summary>The members in order, each once, with the defaults of those that are missing.</summary>
    private List<(string Name, JsonElement Value)> Members(JsonElement value, CustomSchema? schema, string path, bool isRoot)
    {
        var members = new List<(string Name, JsonElement Value)>();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            var name = member.Name;
            if (isRoot && name is "apiVersion" or "kind" or "metadata")
                continue;
            if (seen.TryGetValue(name, out var at))
            {
                _duplicates?.Add(Below(path, name));
                members[at] = (name, member.Value);
                continue;
            }

            seen.Add(name, members.Count);
            members.Add((name, member.Value));
        }

        if (_defaults && schema is not null)
        {
            foreach (var (name, property) in schema.Defaulted)
                if (!seen.ContainsKey(name))
                    members.Add((name, property.Default));
        }

        members.Sort(static (a, b) => Utf8Order.Instance.Compare(a.Name, b.Name));
        return members;
    }

    private void WriteMetadata(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            value.WriteTo(_writer);
            return;
        }

        var report = _unknown is null ? null : new DecodeReport();
        var metadata = CustomMetadata.Read(value, report);
        CustomMetadata.Write(_writer, metadata);
        if (report is not null)
        {
            foreach (var finding in report.Findings)
                _unknown!.Add(path + finding["unknown field \"metadata".Length..].TrimEnd('"'));
        }
    }

    /// <summary>Numbers as Go prints them after reading: whole ones as they stand, others as the shortest text of a double.</summary>
    private void WriteNumber(JsonElement value)
    {
        if (value.TryGetInt64(out var whole))
        {
            _writer.WriteNumberValue(whole);
            return;
        }

        var number = value.GetDouble();
        var text = GoNumber.Format(number);
        _writer.WriteRawValue(text, skipInputValidation: true);
    }

    private string Below(string path, string name) => _unknown is null ? "" : path.Length == 0 ? name : $"{path}.{name}";
}

/// <summary>The metadata of documents whose other members no model knows.</summary>
internal static class CustomMetadata
{
    private static readonly ObjectCodec<PartialObjectMetadata> Codec =
        (ObjectCodec<PartialObjectMetadata>)CodecTable.Find(new("meta.k8s.io", "v1", "PartialObjectMetadata"))!;

    /// <summary>Reads a metadata object; what is unknown in it is reported as <c>unknown field "metadata.x"</c>.</summary>
    /// <exception cref="DecodeException">A value has another type than metadata's.</exception>
    public static ObjectMeta Read(JsonElement metadata, DecodeReport? report)
    {
        using var buffer = JsonBuffer.Rent();
        buffer.Writer.WriteStartObject();
        buffer.Writer.WritePropertyName("metadata"u8);
        metadata.WriteTo(buffer.Writer);
        buffer.Writer.WriteEndObject();
        return Codec.Read(buffer.ToArray(), report).Metadata;
    }

    /// <summary>Writes the metadata of an embedded object: a creation time that is not set is left out.</summary>
    public static void Write(Utf8JsonWriter writer, ObjectMeta metadata)
    {
        using var buffer = JsonBuffer.Rent();
        ((IJsonModel)metadata).WriteJson(buffer.Writer);
        writer.WriteStartObject();
        foreach (var member in JsonElement.Parse(buffer.ToArray()).EnumerateObject())
            if (member.Value.ValueKind != JsonValueKind.Null)
                member.WriteTo(writer);
        writer.WriteEndObject();
    }
}
