using System.Text;
using Coxswain.Api;

namespace Coxswain.ApiServer.Verbs;

/// <summary>YAML bodies as JSON, and JSON as YAML.</summary>
internal static class YamlBody
{
    /// <exception cref="DecodeException">The text is no YAML.</exception>
    public static ReadOnlyMemory<byte> ToJson(ReadOnlyMemory<byte> yaml, DecodeReport? report = null) => YamlConverter.ToJson(yaml, report);

    public static byte[] FromJson(ReadOnlySpan<byte> json) => Encoding.UTF8.GetBytes(YamlConverter.FromJson(json));
}
