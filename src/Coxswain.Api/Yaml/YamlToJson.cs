using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Coxswain.Api;

/// <summary>Writes the nodes of a YAML document as JSON and counts what aliases make of it.</summary>
internal sealed class YamlToJson(Utf8JsonWriter writer, long maxBytes)
{
    // Upstream's measure: documents up to the first size may consist of aliases almost entirely, beyond the second only a tenth.
    private const double LowCount = 400_000;
    private const double HighCount = 4_000_000;
    private readonly HashSet<YamlNode> _seen = [];
    private long _nodes;
    private long _aliased;
    private int _inAlias;
    private int _depth;

    /// <summary>Keys that were set twice, by line.</summary>
    public List<string> Duplicates { get; } = [];

    public void Write(YamlNode node)
    {
        var isAlias = Count(node);
        if (isAlias)
            _inAlias++;

        // Aliases can nest deeper than the text does.
        if (++_depth > JsonDecoder.MaxDepth)
            throw new DecodeException($"yaml: exceeded max depth of {JsonDecoder.MaxDepth}");
        switch (node)
        {
            case YamlScalar scalar:
                WriteScalar(scalar);
                break;
            case YamlSequence sequence:
                writer.WriteStartArray();
                foreach (var item in sequence.Items)
                    Write(item);
                writer.WriteEndArray();
                break;
            case YamlMapping mapping:
                WriteMapping(mapping);
                break;
        }
        _depth--;
        if (isAlias)
            _inAlias--;
    }

    private void WriteMapping(YamlMapping mapping)
    {
        var entries = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        Collect(mapping, entries, isMerge: false, depth: 0);
        writer.WriteStartObject();
        foreach (var (key, value) in entries)
        {
            writer.WritePropertyName(key);
            Write(value);
        }
        writer.WriteEndObject();
    }

    /// <summary>The entries of a mapping: its own ones, then those of the mappings that it merges and that it does not set.</summary>
    private void Collect(YamlMapping mapping, Dictionary<string, YamlNode> entries, bool isMerge, int depth)
    {
        if (depth > JsonDecoder.MaxDepth)
            throw new DecodeException($"yaml: exceeded max depth of {JsonDecoder.MaxDepth}");
        List<YamlNode>? merges = null;
        foreach (var (keyNode, value) in mapping.Entries)
        {
            if (keyNode is YamlScalar { IsPlain: true, Value: "<<", Tag: "" })
            {
                (merges ??= []).Add(value);
                continue;
            }
            var key = KeyOf(keyNode);
            if (isMerge)
            {
                Count(value);
                entries.TryAdd(key, value);
                continue;
            }
            if (entries.ContainsKey(key))
                Duplicates.Add($"  line {value.Line}: key \"{key}\" already set in map");
            entries[key] = value;
        }
        foreach (var merge in merges ?? [])
        {
            foreach (var source in merge is YamlSequence sequence ? sequence.Items : [merge])
            {
                if (source is not YamlMapping merged)
                    throw new DecodeException("yaml: map merge requires map or sequence of maps as the value");
                Collect(merged, entries, isMerge: true, depth + 1);
            }
        }
    }

    private static string KeyOf(YamlNode node)
    {
        if (node is not YamlScalar scalar)
            throw new DecodeException($"yaml: line {node.Line}: a list or map cannot be a key");
        var value = YamlValue.Of(scalar);
        return value.Type switch
        {
            YamlType.Boolean => value.Flag ? "true" : "false",
            YamlType.Integer => value.Text,
            YamlType.Float => Number(value.Number),
            YamlType.Null => throw new DecodeException($"yaml: line {node.Line}: unsupported map key of type: null"),
            _ => value.Text,
        };
    }

    private void WriteScalar(YamlScalar scalar)
    {
        var value = YamlValue.Of(scalar);
        switch (value.Type)
        {
            case YamlType.Null:
                writer.WriteNullValue();
                break;
            case YamlType.Boolean:
                writer.WriteBooleanValue(value.Flag);
                break;
            case YamlType.Integer:
                writer.WriteRawValue(value.Text, skipInputValidation: true);
                break;
            case YamlType.Float:
                writer.WriteRawValue(Number(value.Number), skipInputValidation: true);
                break;
            default:
                writer.WriteStringValue(value.Text);
                break;
        }
    }

    /// <summary>A number as Go prints it: 1.0 is 1, so that whole numbers fit where integers are asked for.</summary>
    private static string Number(double value)
    {
        if (!double.IsFinite(value))
            throw new DecodeException($"json: unsupported value: {(double.IsNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf")}");
        return double.IsInteger(value) && Math.Abs(value) < 1e21
            ? new BigInteger(value).ToString(CultureInfo.InvariantCulture)
            : value.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>Counts a node and refuses the document when it grows by aliases; true if the node has been written before.</summary>
    private bool Count(YamlNode node)
    {
        var isAlias = !_seen.Add(node);
        _nodes++;
        if (isAlias || _inAlias > 0)
            _aliased++;
        var isTooMuch = _aliased > 100 && _nodes > 1000 && _aliased > _nodes * AllowedRatio();
        if (isTooMuch || writer.BytesCommitted + writer.BytesPending > maxBytes)
            throw new DecodeException("yaml: document contains excessive aliasing");
        return isAlias;
    }

    private double AllowedRatio() => _nodes <= LowCount ? 0.99
        : _nodes >= HighCount ? 0.10
        : 0.99 - (0.89 * (_nodes - LowCount) / (HighCount - LowCount));
}
