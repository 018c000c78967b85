using System.Text;
using Coxswain.Lifecycle;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Coxswain.Cli.Settings;

/// <summary>A setting in the configuration file.</summary>
/// <param name="Values">As if each were one flag.</param>
internal sealed record ConfigurationEntry(Setting Setting, IReadOnlyList<string> Values, long Line);

/// <summary>A YAML file of settings: one mapping, whose keys are the flags' names. Lists may be sequences, and maps mappings.</summary>
internal static class ConfigurationFile
{
    private const int MaxBytes = 1024 * 1024;

    /// <exception cref="LifecycleException">The file cannot be read, or says something that is not known; the message names the line.</exception>
    public static IReadOnlyList<ConfigurationEntry> Read(string path, SettingRoles role)
    {
        string text;
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
                throw new LifecycleException($"--config: {path} is larger than a configuration can be");
            text = File.ReadAllText(path, Encoding.UTF8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LifecycleException($"--config: cannot read {path}: {e.Message}", e);
        }

        return Parse(text, path, role);
    }

    public static IReadOnlyList<ConfigurationEntry> Parse(string text, string path, SettingRoles role)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new LifecycleException($"{path}, line {e.Start.Line}: {(e.InnerException ?? e).Message}", e);
        }

        if (stream.Documents.Count == 0)
            return [];
        if (stream.Documents.Count > 1)
            throw new LifecycleException($"{path}, line {stream.Documents[1].RootNode.Start.Line}: one document is all that a configuration can have");
        if (stream.Documents[0].RootNode is not YamlMappingNode root)
            throw new LifecycleException($"{path}, line {stream.Documents[0].RootNode.Start.Line}: a configuration is a mapping of settings, such as \"event-ttl: 1h\"");

        var entries = new List<ConfigurationEntry>();
        foreach (var (key, value) in root.Children)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            var setting = SettingTable.Find(name) ?? throw new LifecycleException($"{path}, line {key.Start.Line}: unknown setting \"{name}\"{NearestName.Hint(name)}");
            if (!setting.Roles.HasFlag(role))
                throw new LifecycleException($"{path}, line {key.Start.Line}: \"{name}\" is no setting of coxswain {role.ToString().ToLowerInvariant()}");
            entries.Add(new(setting, Texts(value, setting, path), key.Start.Line));
        }

        return entries;
    }

    private static IReadOnlyList<string> Texts(YamlNode value, Setting setting, string path)
    {
        switch (value)
        {
            case YamlScalarNode scalar:
                return [Text(scalar)];
            case YamlSequenceNode list when setting.Form != SettingForm.One:
                return list.Children.Count > 0 ? [.. list.Children.Select(Text)] : [""];
            case YamlMappingNode map when setting.Form == SettingForm.Map:
                return map.Children.Count > 0 ? [.. map.Children.Select(e => $"{Text(e.Key)}={Text(e.Value)}")] : [""];
            default:
                throw Bad(value, value is YamlSequenceNode ? "takes one value, not a list" : "takes no mapping");
        }

        string Text(YamlNode node) => node is YamlScalarNode { Value: { } text } scalar && !IsNull(scalar) ? text : throw Bad(node, "has no value that could be read");

        LifecycleException Bad(YamlNode node, string what) => new($"{path}, line {node.Start.Line}: {setting.Name} {what}");
    }

    /// <summary>Nothing is not a value: whoever wants the default leaves the line out.</summary>
    private static bool IsNull(YamlScalarNode scalar) => scalar is { Style: ScalarStyle.Plain, Value: "" or "~" or "null" };
}
