using System.Buffers;
using System.Text.Json;

namespace Coxswain.Api;

/// <summary>Turns YAML into JSON and back, as upstream does: YAML is another spelling of the same document.</summary>
/// <remarks>Scalars are those of YAML 1.1, so that <c>yes</c>, <c>on</c> and <c>y</c> are booleans and <c>0777</c> is octal. One
/// document is read; a second one is refused. Nesting, aliases and the size of the result are bounded. Thread safe.</remarks>
public static class YamlConverter
{
    // What JSON's quotes and escapes may add to an honest document.
    private const int GrowthAllowance = 1 << 20;
    private const int GrowthFactor = 8;

    /// <summary>The document as JSON. A repeated key counts as its last value, and is noted in the report if there is one.</summary>
    /// <exception cref="DecodeException">It is no YAML, or exceeds a bound.</exception>
    public static byte[] ToJson(ReadOnlyMemory<byte> yaml, DecodeReport? report = null)
    {
        var root = YamlReader.Read(yaml.Span);
        var output = new ArrayBufferWriter<byte>(Math.Max(256, yaml.Length));
        using (var writer = new Utf8JsonWriter(output, ObjectCodec.WriterOptions))
        {
            var conversion = new YamlToJson(writer, GrowthAllowance + ((long)yaml.Length * GrowthFactor));
            conversion.Write(root);
            if (report is not null && conversion.Duplicates.Count > 0)
                report.Add("yaml: unmarshal errors:\n" + string.Join('\n', conversion.Duplicates));
        }
        return output.WrittenSpan.ToArray();
    }

    /// <summary>JSON as YAML: keys sorted, two spaces, lists not indented below their key.</summary>
    /// <exception cref="DecodeException">It is no JSON.</exception>
    public static string FromJson(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonDecoder.MaxDepth });
            using var document = JsonDocument.ParseValue(ref reader);
            return JsonToYaml.Write(document.RootElement);
        }
        catch (JsonException)
        {
            throw new DecodeException(GoJsonScanner.Explain(json) ?? "exceeded max depth");
        }
    }
}
