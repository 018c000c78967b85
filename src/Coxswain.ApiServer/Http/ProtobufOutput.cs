using System.Buffers;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.CustomResources;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Verbs;

namespace Coxswain.ApiServer.Http;

/// <summary>Objects and lists in protobuf. Lists are put together from their items' messages: list metadata is field 1, items are field 2.</summary>
internal static class ProtobufOutput
{
    public static void WriteObject(IBufferWriter<byte> output, ResourceRegistry registry, CachedObject cached)
    {
        Require(registry.Codec, "Unstructured");
        ProtobufEnvelope.Write(output, registry.Codec, cached.Object);
    }

    public static void WriteDocument(IBufferWriter<byte> output, ObjectCodec codec, IKubernetesObject document)
    {
        Require(codec);
        ProtobufEnvelope.Write(output, codec, document);
    }

    public static void WriteList(PagedBuffer output, ListResponse list)
    {
        var codec = list.Registry.Codec;
        Require(codec, "UnstructuredList");

        // The list's own message first, as what stands in front of it says how long it is.
        using var item = new PooledBuffer();
        WriteListMeta(item, list);
        WriteField(output, 0x0a, item.WrittenSpan);
        foreach (var cached in list.Items)
        {
            item.Reset();
            codec.WriteProtobuf(item, cached.Object);
            WriteField(output, 0x12, item.WrittenSpan);
        }

        using var type = new PooledBuffer();
        WriteField(type, 0x0a, Encoding.UTF8.GetBytes(codec.Kind.ApiVersion));
        WriteField(type, 0x12, Encoding.UTF8.GetBytes(list.Registry.Descriptor.ListKind));
        using var head = new PooledBuffer();
        head.Write("k8s\0"u8);
        WriteField(head, 0x0a, type.WrittenSpan);
        head.Write([0x12]);
        WriteVarint(head, (ulong)output.Length);
        output.Prepend(head.WrittenSpan);
        WriteField(output, 0x1a, default);
        WriteField(output, 0x22, default);
    }

    private static void WriteListMeta(PooledBuffer output, ListResponse list)
    {
        WriteField(output, 0x0a, default);
        if (list.Revision != 0)
            WriteField(output, 0x12, Encoding.UTF8.GetBytes(ResourceVersionText.Of(list.Revision)));
        WriteField(output, 0x1a, Encoding.UTF8.GetBytes(list.Continue));
        if (list.Remaining is { } remaining)
        {
            output.Write([0x20]);
            WriteVarint(output, (ulong)remaining);
        }
    }

    private static void WriteField(IBufferWriter<byte> output, byte tag, ReadOnlySpan<byte> content)
    {
        output.Write([tag]);
        WriteVarint(output, (ulong)content.Length);
        output.Write(content);
    }

    private static void WriteVarint(IBufferWriter<byte> output, ulong value)
    {
        Span<byte> bytes = stackalloc byte[10];
        var length = 0;
        while (value >= 0x80)
        {
            bytes[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[length++] = (byte)value;
        output.Write(bytes[..length]);
    }

    /// <exception cref="ApiException">406: the kind has no protobuf form (custom resource definitions' schemas, API services).</exception>
    private static void Require(ObjectCodec codec, string goType = "")
    {
        if (codec is CustomObjectCodec)
            throw new ApiException(Statuses.NotAcceptableBecause(
                $"object *unstructured.{goType} does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message"));
        if (!codec.HasProtobuf)
            throw new ApiException(Statuses.NotAcceptableBecause("only the following media types are accepted: application/json, application/yaml"));
    }
}
