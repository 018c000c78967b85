using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Coxswain.Api;

/// <summary>Writes a JSON value as YAML that reads back as the same value.</summary>
internal static class JsonToYaml
{
    public static string Write(JsonElement root)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings().WithBestIndent(2).WithBestWidth(int.MaxValue).WithNewLine("\n"));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Write(emitter, root);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Write(Emitter emitter, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var members = new SortedDictionary<string, JsonElement>(Utf8Order.Instance);
                foreach (var member in value.EnumerateObject())
                    members[member.Name] = member.Value;
                var mapStyle = members.Count == 0 ? MappingStyle.Flow : MappingStyle.Block;
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, true, mapStyle));
                foreach (var (name, member) in members)
                {
                    Text(emitter, name);
                    Write(emitter, member);
                }
                emitter.Emit(new MappingEnd());
                break;
            case JsonValueKind.Array:
                var listStyle = value.GetArrayLength() == 0 ? SequenceStyle.Flow : SequenceStyle.Block;
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, true, listStyle));
                foreach (var item in value.EnumerateArray())
                    Write(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case JsonValueKind.String:
                Text(emitter, value.GetString()!);
                break;
            default:
                Plain(emitter, value.GetRawText());
                break;
        }
    }

    private static void Text(Emitter emitter, string value) =>
        emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, value, StyleOf(value), isPlainImplicit: true, isQuotedImplicit: true));

    /// <summary>Plain where that reads back as text (the emitter itself quotes what plain style cannot hold), literal for lines,
    /// double quotes for what only escapes can carry.</summary>
    private static ScalarStyle StyleOf(string value)
    {
        foreach (var c in value)
        {
            if ((char.IsControl(c) && c != '\n') || c is '\u2028' or '\u2029' or '\ufeff')
                return ScalarStyle.DoubleQuoted;
        }
        if (value.Contains('\n', StringComparison.Ordinal))
        {
            return value[0] is ' ' or '\n' || value.Contains(" \n", StringComparison.Ordinal) || value[^1] == ' '
                ? ScalarStyle.DoubleQuoted
                : ScalarStyle.Literal;
        }
        return YamlValue.Resolve(value).Type == YamlType.Text && !YamlTimestamp.IsOne(value) && !YamlTimestamp.IsSexagesimal(value) ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted;
    }

    private static void Plain(Emitter emitter, string text) =>
        emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, text, ScalarStyle.Plain, isPlainImplicit: true, isQuotedImplicit: false));
}
