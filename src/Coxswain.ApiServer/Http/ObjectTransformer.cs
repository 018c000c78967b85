using System.Buffers;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.CustomResources;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Tables;
using Coxswain.ApiServer.Verbs;

namespace Coxswain.ApiServer.Http;

/// <summary>Makes the forms of an answer that are not the object's own JSON: tables, partial objects, indented JSON, YAML, protobuf.</summary>
internal sealed class ObjectTransformer(TimeProvider clock)
{
    /// <summary>A document that is no stored object. Documents are never turned into tables.</summary>
    public static void WriteDocument(IBufferWriter<byte> output, IKubernetesObject document, OutputFormat format)
    {
        var codec = CodecTable.Find(document.GroupVersionKind) ?? throw new InvalidOperationException($"no codec for {document.GroupVersionKind}");
        if (format.Wire == WireFormat.Protobuf)
            ProtobufOutput.WriteDocument(output, codec, document);
        else
            WriteJson(output, codec.ToJson(document), format);
    }

    /// <exception cref="ApiException">406: the form cannot be made of one object. 400: a wrong includeObject.</exception>
    public void WriteObject(IBufferWriter<byte> output, ObjectResponse response, OutputFormat format, string includeObject)
    {
        var (registry, cached) = (response.Registry, response.Object);
        switch (format.Transform)
        {
            case OutputTransform.PartialObjectMetadataList:
                throw new ApiException(Statuses.NotAcceptableBecause(
                    $"you requested PartialObjectMetadataList, but the requested object is not a list (*{GoType(registry.Descriptor, list: false)})"));
            case OutputTransform.Table:
                WriteTable(output, registry, [cached], new() { ResourceVersion = cached.Metadata.ResourceVersion }, Include(includeObject), format);
                break;
            case OutputTransform.PartialObjectMetadata when format.Wire == WireFormat.Protobuf:
                WriteDocument(output, Partial(registry, cached), format);
                break;
            case OutputTransform.PartialObjectMetadata:
                using (var partial = new PooledBuffer())
                {
                    WritePartial(partial, registry, cached, format.TransformVersion);
                    WriteJson(output, partial.WrittenSpan, format);
                }

                break;
            case var _ when format.Wire == WireFormat.Protobuf:
                ProtobufOutput.WriteObject(output, registry, cached);
                break;
            default:
                WriteJson(output, cached.Json.Span, format);
                break;
        }
    }

    /// <exception cref="ApiException">406: the form cannot be made of a list. 400: a wrong includeObject.</exception>
    public void WriteList(PagedBuffer output, ListResponse response, OutputFormat format, string includeObject)
    {
        switch (format.Transform)
        {
            case OutputTransform.PartialObjectMetadata:
                throw new ApiException(Statuses.NotAcceptableBecause(
                    $"you requested PartialObjectMetadata, but the requested object is a list (*{GoType(response.Registry.Descriptor, list: true)})"));
            case OutputTransform.Table:
                WriteTable(output, response.Registry, response.Items, MetaOf(response), Include(includeObject), format);
                break;
            case OutputTransform.PartialObjectMetadataList when format.Wire == WireFormat.Protobuf:
                WriteDocument(output, new PartialObjectMetadataList
                {
                    Metadata = MetaOf(response) with { RemainingItemCount = null },
                    Items = [.. response.Items.Select(i => Partial(response.Registry, i))],
                }, format);
                break;
            case OutputTransform.PartialObjectMetadataList:
                WritePartialList(output, response, format);
                break;
            case var _ when format.Wire == WireFormat.Protobuf:
                ProtobufOutput.WriteList(output, response);
                break;
            default:
                using (var whole = new PooledBuffer(16 * 1024))
                {
                    ResponseWriter.WriteListHead(whole, response);
                    for (var i = 0; i < response.Items.Count; i++)
                    {
                        whole.Write(i == 0 ? "{"u8 : ",{"u8);
                        whole.Advance(response.Items[i].CopyTo(whole.GetSpan(response.Items[i].JsonLength), response.Registry.Head.Length));
                    }

                    whole.Write("]}"u8);
                    WriteJson(output, whole.WrittenSpan, format);
                }

                break;
        }
    }

    /// <summary>The object of a watch event, without what stands around it.</summary>
    /// <param name="first">The first event of a watch as table carries the columns.</param>
    public void WriteWatched(
        IBufferWriter<byte> output, ResourceRegistry registry, CachedObject cached, OutputFormat format, IncludeObject include, bool first, bool bookmark)
    {
        switch (format.Transform)
        {
            case OutputTransform.Table:
                WriteTable(output, registry, bookmark ? [] : [cached], new() { ResourceVersion = cached.Metadata.ResourceVersion }, include, format, first);
                break;
            case OutputTransform.PartialObjectMetadata or OutputTransform.PartialObjectMetadataList when format.Wire == WireFormat.Protobuf:
                WriteDocument(output, Partial(registry, cached), format);
                break;
            case OutputTransform.PartialObjectMetadata or OutputTransform.PartialObjectMetadataList:
                WritePartial(output, registry, cached, format.TransformVersion);
                break;
            case var _ when format.Wire == WireFormat.Protobuf:
                ProtobufOutput.WriteObject(output, registry, cached);
                break;
            default:
                cached.CopyTo(output);
                break;
        }
    }

    /// <exception cref="ApiException">400.</exception>
    public static IncludeObject Include(string text) => TableWriter.TryParse(text, out var include)
        ? include
        : throw new ApiException(Statuses.BadRequest(
            $"Unable to convert to Table as requested: includeObject: Invalid value: {GoText.Quote(text)}: must be 'Metadata', 'Object', 'None', or empty"));

    private void WriteTable(
        IBufferWriter<byte> output, ResourceRegistry registry, IReadOnlyList<CachedObject> rows, ListMeta metadata, IncludeObject include, OutputFormat format, bool first = true)
    {
        if (IsPlain(format))
        {
            Write(output);
            return;
        }

        using var table = new PooledBuffer(16 * 1024);
        Write(table);
        WriteJson(output, table.WrittenSpan, format);

        void Write(IBufferWriter<byte> to)
        {
            using var json = new Utf8JsonWriter(to, ObjectCodec.WriterOptions);
            TableWriter.Write(json, registry.Columns ?? TableTable.For(registry.Descriptor), rows.Select(r => (r.Object, r.Json)), metadata, include, clock.GetUtcNow(), format.TransformVersion, first, registry.Strategy.ServedAnnotations);
        }
    }

    private static bool IsPlain(OutputFormat format) => format is { Wire: WireFormat.Json, Pretty: false };

    private static void WritePartialList(IBufferWriter<byte> output, ListResponse response, OutputFormat format)
    {
        if (IsPlain(format))
        {
            WritePartialList(output, response, format.TransformVersion);
            return;
        }

        using var whole = new PooledBuffer(16 * 1024);
        WritePartialList(whole, response, format.TransformVersion);
        WriteJson(output, whole.WrittenSpan, format);
    }

    private static void WritePartialList(IBufferWriter<byte> output, ListResponse response, string version)
    {
        using (var json = new Utf8JsonWriter(output, ObjectCodec.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("kind"u8, "PartialObjectMetadataList"u8);
            json.WriteString("apiVersion"u8, "meta.k8s.io/" + version);
            ResponseWriter.WriteListMeta(json, response with { Remaining = null });
            json.WriteStartArray("items"u8);
        }

        for (var i = 0; i < response.Items.Count; i++)
        {
            if (i > 0)
                output.Write(","u8);
            WritePartial(output, response.Registry, response.Items[i], version);
        }

        output.Write("]}"u8);
    }

    private static ListMeta MetaOf(ListResponse list) => new()
    {
        ResourceVersion = list.Revision == 0 ? "" : ResourceVersionText.Of(list.Revision),
        Continue = list.Continue,
        RemainingItemCount = list.Remaining,
    };

    /// <summary>The type's name inside upstream, which its messages show.</summary>
    private static string GoType(ResourceDescriptor descriptor, bool list)
    {
        if (descriptor.Codec is CustomObjectCodec)
            return list ? "unstructured.UnstructuredList" : "unstructured.Unstructured";
        var group = descriptor.Kind.Group;
        var package = group.Length == 0 ? "core" : group.Split('.')[0];
        return $"{package}.{(list ? descriptor.ListKind : descriptor.Kind.Kind)}";
    }

    private static void WritePartial(IBufferWriter<byte> output, ResourceRegistry registry, CachedObject cached, string version)
    {
        output.Write("{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/"u8);
        output.Write(version == "v1" ? "v1"u8 : "v1beta1"u8);
        output.Write("\",\"metadata\":"u8);
        output.Write(ObjectMetadata.Of(cached.Metadata, cached.Json, registry.Strategy.ServedAnnotations).Span);
        output.Write("}"u8);
    }

    private static PartialObjectMetadata Partial(ResourceRegistry registry, CachedObject cached) =>
        new() { Metadata = ObjectMetadata.Without(cached.Metadata, registry.Strategy.ServedAnnotations) };

    private static void WriteJson(IBufferWriter<byte> output, ReadOnlySpan<byte> json, OutputFormat format)
    {
        if (format.Wire == WireFormat.Yaml)
        {
            output.Write(YamlBody.FromJson(json));
            return;
        }

        if (!format.Pretty)
        {
            output.Write(json);
            return;
        }

        using var document = JsonDocument.Parse(json.ToArray());
        using var writer = new Utf8JsonWriter(output, ObjectCodec.WriterOptions with { Indented = true });
        document.WriteTo(writer);
    }
}
