using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.CustomResources;
using Coxswain.ApiServer.OpenApi;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>The OpenAPI documents of what is served now, custom kinds included: looked at, and published anew, when somebody asks.</summary>
internal sealed class CustomOpenApi(RegistryTable registries, OpenApiDocuments documents)
{
    private const string ObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
    private const string ListMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

    private readonly Lock _gate = new();
    private Dictionary<ResourceRegistry, OpenApiResource> _resources = [];
    private ServedResources? _published;

    public OpenApiSnapshot Current
    {
        get
        {
            var served = registries.Served;
            if (!ReferenceEquals(Volatile.Read(ref _published), served))
                Publish(served);
            return documents.Current;
        }
    }

    private void Publish(ServedResources served)
    {
        lock (_gate)
        {
            if (ReferenceEquals(_published, served))
                return;
            // What has not changed keeps its instance, by which its documents are kept too.
            _resources = served.All.ToDictionary(registry => registry, registry => _resources.GetValueOrDefault(registry) ?? Of(registry.Descriptor));
            documents.Publish([.. served.All.Select(registry => _resources[registry])]);
            Volatile.Write(ref _published, served);
        }
    }

    private static OpenApiResource Of(ResourceDescriptor descriptor)
    {
        if (descriptor.Codec is not CustomObjectCodec codec)
            return new(descriptor);
        var (kind, list) = (descriptor.Schema, descriptor.ListSchema!);
        return new(descriptor)
        {
            Definitions =
            [
                new(kind.Name, [ObjectMeta], (writer, schemas) => CustomSchemaWriter.WriteKind(writer, schemas, codec)),
                new(list.Name, [ListMeta], (writer, schemas) => WriteList(writer, schemas, kind, list)),
            ],
        };
    }

    private static void WriteList(Utf8JsonWriter writer, SchemaWriter schemas, SchemaType kind, SchemaType list)
    {
        writer.WriteStartObject();
        writer.WriteString("description"u8, $"{list.GoName} is a list of {kind.GoName}");
        writer.WriteString("type"u8, "object"u8);
        writer.WriteStartArray("required"u8);
        writer.WriteStringValue("items"u8);
        writer.WriteEndArray();
        writer.WriteStartObject("properties"u8);
        CustomSchemaWriter.WriteTypeMeta(writer);
        writer.WriteStartObject("items"u8);
        writer.WriteString("description"u8, "The objects.");
        writer.WriteString("type"u8, "array"u8);
        writer.WritePropertyName("items"u8);
        schemas.WriteRef(writer, kind.Name);
        writer.WriteEndObject();
        CustomSchemaWriter.WriteMetadata(writer, schemas, ListMeta);
        writer.WriteEndObject();
        CustomSchemaWriter.WriteGroupVersionKind(writer, list.GroupVersionKind);
        writer.WriteEndObject();
    }
}
