using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Coxswain.ApiServer;

/// <summary>What this server says it is: the Kubernetes release whose API it serves, and which build of ours.</summary>
public static class ServerVersion
{
    public const string Major = "1";
    public const string Minor = "36";
    public const string GitVersion = "v1.36.0+coxswain.1";

    /// <summary>The /version document.</summary>
    public static byte[] Json()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("major", Major);
            json.WriteString("minor", Minor);
            json.WriteString("gitVersion", GitVersion);
            json.WriteString("gitCommit", Commit());
            json.WriteString("gitTreeState", "clean");
            json.WriteString("buildDate", BuildDate());
            json.WriteString("goVersion", "n/a (" + RuntimeInformation.FrameworkDescription + ")");
            json.WriteString("compiler", "roslyn");
            json.WriteString("platform", "linux/" + (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64"));
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    // The SDK appends the commit to the informational version: "0.1.0+<commit>".
    private static string Commit()
    {
        var version = typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        var plus = version.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? "" : version[(plus + 1)..];
    }

    // Builds are deterministic, so the date is that of the release and not of the build machine's clock.
    private static string BuildDate() => new DateTimeOffset(2026, 4, 22, 0, 0, 0, TimeSpan.Zero).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
