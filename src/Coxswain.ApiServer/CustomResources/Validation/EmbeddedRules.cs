using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.CustomResources;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.CustomResources.Validation;

/// <summary>What is embedded as an object of the API must be one: with apiVersion, kind and metadata in order.</summary>
internal static class EmbeddedRules
{
    private const string NotEmpty = "must not be empty";
    private const string NotText = "must be a string";

    private static readonly ObjectCodec<PartialObjectMetadata> Partial =
        (ObjectCodec<PartialObjectMetadata>)CodecTable.Find(new("meta.k8s.io", "v1", "PartialObjectMetadata"))!;

    public static void Validate(CustomSchema? schema, JsonElement value, string path, FieldErrors errors)
    {
        if (schema is null)
            return;
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                if (schema.IsEmbedded)
                    Embedded(value, path, errors);
                foreach (var member in value.EnumerateObject())
                    Validate(schema.Member(member.Name), member.Value, path.Length == 0 ? member.Name : $"{path}.{member.Name}", errors);
                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                    Validate(schema.Items, item, $"{path}[{index++}]", errors);
                break;
        }
    }

    private static void Embedded(JsonElement value, string path, FieldErrors errors)
    {
        var hasVersion = value.TryGetProperty("apiVersion", out var apiVersion);
        var hasKind = value.TryGetProperty("kind", out var kind);
        var place = new FieldPath(path.Length == 0 ? "<nil>" : path);
        if (!hasVersion)
            errors.Required(place.Child("apiVersion"), NotEmpty);
        if (!hasKind)
            errors.Required(place.Child("kind"), NotEmpty);
        if (hasVersion)
            ApiVersion(apiVersion, place.Child("apiVersion"), errors);
        if (hasKind)
            Kind(kind, place.Child("kind"), errors);
        if (value.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object)
            Metadata(metadata, place.Child("metadata"), errors);
    }

    private static void ApiVersion(JsonElement value, FieldPath path, FieldErrors errors)
    {
        if (value.ValueKind != JsonValueKind.String)
            errors.Invalid(path, RawJson.FromText(value.GetRawText()), NotText);
        else if (value.GetString() is not { Length: > 0 } text)
            errors.Invalid(path, "", NotEmpty);
        else if (!GroupVersion.TryParse(text, out _))
            errors.Invalid(path, text, "unexpected GroupVersion string: " + text);
    }

    private static void Kind(JsonElement value, FieldPath path, FieldErrors errors)
    {
        if (value.ValueKind != JsonValueKind.String)
            errors.Invalid(path, RawJson.FromText(value.GetRawText()), NotText);
        else if (value.GetString() is not { Length: > 0 } text)
            errors.Invalid(path, "", NotEmpty);
        else if (ValidationRules.Dns1035Label(text.ToLowerInvariant()) is { Count: > 0 } messages)
            errors.Invalid(path, text, "may have mixed case, but should otherwise match: " + string.Join(',', messages));
    }

    private static void Metadata(JsonElement value, FieldPath path, FieldErrors errors)
    {
        ObjectMeta metadata;
        try
        {
            metadata = Partial.Read(System.Text.Encoding.UTF8.GetBytes($"{{\"metadata\":{value.GetRawText()}}}")).Metadata;
        }
        catch (DecodeException refused)
        {
            errors.Invalid(path, RawJson.FromText(value.GetRawText()), refused.Message);
            return;
        }

        if (metadata.Name.Length == 0)
            metadata = metadata with { Name = "fakename" };
        ObjectMetaValidation.Validate(metadata, metadata.Namespace.Length > 0, NameRules.PathSegment, path, errors);
    }
}
