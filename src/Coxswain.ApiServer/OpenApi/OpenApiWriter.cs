using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>What both versions of the documents have in common.</summary>
internal static class OpenApiWriter
{
    public static readonly string[] PatchTypes =
        ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"];

    public static readonly string[] MediaTypes = ["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"];

    public static readonly string[] StreamTypes = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

    public static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1 << 20);
        using (var writer = new Utf8JsonWriter(buffer, ObjectCodec.WriterOptions))
            write(writer);
        return buffer.WrittenSpan.ToArray();
    }

    public static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    public static void WriteInfo(Utf8JsonWriter writer, string version)
    {
        writer.WriteStartObject("info"u8);
        writer.WriteString("title"u8, "Kubernetes"u8);
        writer.WriteString("version"u8, version);
        writer.WriteEndObject();
    }

    /// <summary>The types that the operations' bodies and answers are made of, with all they refer to.</summary>
    public static SortedDictionary<string, SchemaType?> Definitions(IEnumerable<ResourceDescriptor> resources, IEnumerable<ApiOperation> operations)
    {
        var known = resources.SelectMany(resource => new[] { resource.Schema, resource.ListCodec?.Schema }
            .Concat(resource.Subresources.Select(subresource => CodecTable.Find(subresource.Kind)?.Schema)))
            .OfType<SchemaType>().DistinctBy(type => type.Name).ToDictionary(type => type.Name, StringComparer.Ordinal);
        var names = operations.SelectMany(operation => new[] { operation.Body, operation.Answer }).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var types = names.Select(name => known.GetValueOrDefault(name) ?? SchemaType.Find(name)).OfType<SchemaType>();
        return SchemaWriter.Closure(names, types);
    }

    public static void WriteStrings(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    /// <summary>What code the answer is, in one word or two.</summary>
    public static string Words(int code) => code switch { 200 => "OK", 201 => "Created", 202 => "Accepted", _ => "Unauthorized" };
}
