using System.Text.Json;
using System.Text.Json.Serialization;
using Coxswain.Cli.Settings;
using Coxswain.Lifecycle;
using Coxswain.Security;

namespace Coxswain.Composition;

/// <summary>The settings of an instance that are not defaults, as a file: what a backup of a stopped instance goes by, and what a
/// restored one can be started with.</summary>
internal static class InstanceSettings
{
    /// <summary>What belongs to one machine or one folder.</summary>
    private static readonly HashSet<string> OfTheMachine = new(StringComparer.Ordinal)
    {
        SettingTable.DataDirectory, "secure-port", "bind-address", "advertise-address", "foreground", "node-name", "node-ip", "kubelet-port",
        "etcd-servers", "etcd-cafile", "etcd-certfile", "etcd-keyfile", "backup-dir", "backup-passphrase-file", "backup-key-file",
    };

    /// <summary>Settings whose value is files that the cluster cannot do without.</summary>
    private static readonly string[] OfFiles =
    [
        "token-auth-file", "service-account-signing-key-file", "service-account-key-file", "encryption-provider-config",
        "requestheader-client-ca-file", "proxy-client-cert-file", "proxy-client-key-file",
    ];

    public static void Write(ClusterOptions options)
    {
        var defaults = new ClusterOptions { DataDirectory = "" };
        var values = SettingTable.All.Where(s => s.Show(options) != s.Show(defaults)).ToDictionary(s => s.Name, s => s.Show(options));
        SecureFile.Write(options.Directory.Settings, JsonSerializer.SerializeToUtf8Bytes(values, SettingsJson.Default.DictionaryStringString));
    }

    /// <summary>The options of an instance that was started in a folder at least once.</summary>
    public static ClusterOptions Read(InstanceDirectory directory)
    {
        var options = new ClusterOptions { DataDirectory = directory.Root };
        if (!File.Exists(directory.Settings))
            return options;
        try
        {
            foreach (var (name, value) in Parse(File.ReadAllBytes(directory.Settings)))
            {
                if (name != SettingTable.DataDirectory && SettingTable.Find(name) is { } setting)
                    options = setting.Apply(options, [value]);
            }

            return options;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw new LifecycleException($"{directory.Settings} is damaged: {e.Message}", e);
        }
    }

    public static Dictionary<string, string> Parse(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize(json, SettingsJson.Default.DictionaryStringString) ?? [];

    /// <summary>The files that settings name, by the names that they have in a backup.</summary>
    public static IEnumerable<(string Name, string Path)> FilesOf(ClusterOptions options) => OfFiles
        .SelectMany(name => SettingTable.Find(name) is { } setting ? setting.Show(options).Split(',', StringSplitOptions.RemoveEmptyEntries).Select((path, i) => (name, i, path)) : [])
        .Select(f => ($"files/{f.name}/{f.i}-{Path.GetFileName(f.path)}", f.path));

    /// <summary>A configuration file for the restored cluster: the settings that were, with files where they are now.</summary>
    /// <param name="files">The names of the files of the backup.</param>
    /// <returns>Null: there is nothing to say.</returns>
    public static string? Render(IReadOnlyDictionary<string, string> settings, IReadOnlyList<string> files, string folder)
    {
        var lines = settings.Where(s => !OfTheMachine.Contains(s.Key)).OrderBy(s => s.Key, StringComparer.Ordinal).Select(s =>
        {
            var restored = files.Where(f => f.StartsWith($"files/{s.Key}/", StringComparison.Ordinal)).Select(f => Path.Combine(folder, f)).ToList();
            return $"{s.Key}: {Quoted(restored.Count > 0 ? string.Join(',', restored) : s.Value)}";
        }).ToList();
        return lines.Count == 0 ? null : string.Join('\n', lines.Prepend("# The settings of the cluster that was restored here; use it with --config.")) + "\n";
    }

    private static string Quoted(string text) => "\"" + JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping) + "\"";
}

[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSourceGenerationOptions(WriteIndented = true)]
internal sealed partial class SettingsJson : JsonSerializerContext;
