using YamlDotNet.Core;

namespace Coxswain.Api;

/// <summary>A node of a YAML document. An alias is the node it names, so that a document is a graph.</summary>
internal abstract class YamlNode(long line)
{
    /// <summary>The line it begins on, counted from 1.</summary>
    public long Line { get; } = line;
}

internal sealed class YamlScalar(long line, string value, string tag, ScalarStyle style) : YamlNode(line)
{
    public string Value { get; } = value;

    public string Tag { get; } = tag;

    public bool IsPlain { get; } = style == ScalarStyle.Plain;
}

internal sealed class YamlSequence(long line) : YamlNode(line)
{
    public List<YamlNode> Items { get; } = [];
}

internal sealed class YamlMapping(long line) : YamlNode(line)
{
    public List<(YamlNode Key, YamlNode Value)> Entries { get; } = [];
}
