using System.Text;
using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.CustomResources;
using Coxswain.ApiServer.Registry.AdmissionRegistration;

namespace Coxswain.ApiServer.Registry.ApiExtensions;

/// <summary>What the specification of a definition must be like.</summary>
/// <remarks>What all versions have alike (schema, subresources, columns, selectable fields) upstream judges once, as a member of the
/// specification itself: paths say <c>spec.validation</c> then, and <c>spec.versions[0].schema</c> where versions differ.</remarks>
internal static class DefinitionRules
{
    private const int MaxSelectableFields = 8;
    private const int MaxWarningLength = 256;
    private static readonly string[] ColumnTypes = ["boolean", "date", "integer", "number", "string"];
    private static readonly string[] ColumnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

    /// <param name="old">The definition before an update: what it had may stay.</param>
    public static void Spec(CustomResourceDefinitionSpec spec, CustomResourceDefinition? old, FieldErrors errors)
    {
        var path = Paths.Spec;
        if (spec.Group.Length == 0)
            errors.Required(path.Child("group"));
        else if (ValidationRules.Dns1123Subdomain(spec.Group) is { Count: > 0 } messages)
            errors.Invalid(path.Child("group"), spec.Group, string.Join(',', messages));
        else if (!spec.Group.Contains('.'))
            errors.Invalid(path.Child("group"), spec.Group, "should be a domain with at least one dot");
        CommonRules.OneOf(spec.Scope, path.Child("scope"), errors, "Cluster", "Namespaced");

        var shared = Shared.Of(spec.Versions);
        for (var i = 0; i < spec.Versions.Count; i++)
        {
            if (spec.Versions[i].Schema?.OpenAPIV3Schema is null)
                errors.Required(path.Child("versions").Index(i).Child("schema").Child("openAPIV3Schema"), "schemas are required");
        }

        if (spec.PreserveUnknownFields && spec.Versions.Any(version => SchemaRules.HasDefaults(version.Schema?.OpenAPIV3Schema)))
            errors.Invalid(path.Child("preserveUnknownFields"), true, "must be false in order to use defaults in the schema");
        Versions(spec, shared, path, errors);

        if (spec.Names.Plural.Length == 0)
            errors.Required(path.Child("names").Child("plural"));
        if (spec.Names.Singular.Length == 0)
            errors.Required(path.Child("names").Child("singular"));
        if (spec.Names.Kind.Length == 0)
            errors.Required(path.Child("names").Child("kind"));
        if (spec.Names.ListKind.Length == 0)
            errors.Required(path.Child("names").Child("listKind"));
        Names(spec.Names, path.Child("names"), errors);

        if (shared.Schema?.OpenAPIV3Schema is { } schema)
            SchemaRules.Validate(schema, path.Child("validation"), spec.Versions.Any(HasStatus), errors);
        Subresources(shared.Subresources, path.Child("subresources"), errors);
        for (var i = 0; i < shared.Columns.Count; i++)
            Column(shared.Columns[i], path.Child("additionalPrinterColumns").Index(i), errors);
        if (shared.Fields.Count > 0)
            Fields(shared.Fields, spec.Versions[0].Schema?.OpenAPIV3Schema, path.Child("selectableFields"), errors);
        if (spec.Conversion is { } conversion)
        {
            if (spec.PreserveUnknownFields && conversion.Strategy != "None")
                errors.Invalid(path.Child("conversion").Child("strategy"), conversion.Strategy, "must be None if spec.preserveUnknownFields is true");
            Conversion(conversion, old, path.Child("conversion"), errors);
        }
    }

    /// <summary>Names in specification and status: those that are there.</summary>
    public static void Names(CustomResourceDefinitionNames names, FieldPath path, FieldErrors errors)
    {
        Name(names.Plural, "plural", mixed: false);
        Name(names.Singular, "singular", mixed: false);
        Name(names.Kind, "kind", mixed: true);
        Name(names.ListKind, "listKind", mixed: true);
        for (var i = 0; i < names.ShortNames.Count; i++)
            Label(names.ShortNames[i], path.Child("shortNames").Index(i), errors);
        if (names.Kind.Length > 0 && names.Kind == names.ListKind)
            errors.Invalid(path.Child("listKind"), names.ListKind, "kind and listKind may not be the same");
        for (var i = 0; i < names.Categories.Count; i++)
            Label(names.Categories[i], path.Child("categories").Index(i), errors);

        void Name(string value, string field, bool mixed)
        {
            if (value.Length > 0 && ValidationRules.Dns1035Label(mixed ? value.ToLowerInvariant() : value) is { Count: > 0 } messages)
                errors.Invalid(path.Child(field), value, (mixed ? "may have mixed case, but should otherwise match: " : "") + string.Join(',', messages));
        }
    }

    public static void StoredVersions(
        ApiList<string> stored, ApiList<CustomResourceDefinitionVersion> versions, FieldPath path, FieldErrors errors)
    {
        if (stored.Count == 0)
        {
            errors.Invalid(path, stored, "must have at least one stored version");
            return;
        }

        var left = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < stored.Count; i++)
            left[stored[i]] = i;
        foreach (var version in versions)
        {
            if (!left.Remove(version.Name) && version.Storage)
                errors.Invalid(path, stored, "must have the storage version " + version.Name);
        }

        foreach (var (name, index) in left.OrderBy(entry => entry.Value))
        {
            errors.Invalid(path.Index(index), name,
                $"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a storage migration "
                + $"ensures no data remains persisted in {name} and removes {name} from status.storedVersions");
        }
    }

    private static void Versions(CustomResourceDefinitionSpec spec, Shared shared, FieldPath path, FieldErrors errors)
    {
        var (stored, names) = (0, new HashSet<string>(StringComparer.Ordinal));
        for (var i = 0; i < spec.Versions.Count; i++)
        {
            var (version, place) = (spec.Versions[i], path.Child("versions").Index(i));
            stored += version.Storage ? 1 : 0;
            names.Add(version.Name);
            Label(version.Name, place.Child("name"), errors);
            DeprecationWarning(version, place.Child("deprecationWarning"), errors);
            if (shared.Schema is null && version.Schema?.OpenAPIV3Schema is { } schema)
                SchemaRules.Validate(schema, place.Child("schema"), HasStatus(version), errors);
            if (shared.Subresources is null)
                Subresources(version.Subresources, place.Child("subresources"), errors);
            if (shared.Columns.Count == 0)
            {
                for (var j = 0; j < version.AdditionalPrinterColumns.Count; j++)
                    Column(version.AdditionalPrinterColumns[j], place.Child("additionalPrinterColumns").Index(j), errors);
            }

            if (shared.Fields.Count == 0 && version.SelectableFields.Count > 0)
                Fields(version.SelectableFields, version.Schema?.OpenAPIV3Schema, place.Child("selectableFields"), errors);
        }

        if (names.Count < spec.Versions.Count)
            errors.Invalid(path.Child("versions"), spec.Versions, "must contain unique version names");
        if (stored != 1)
            errors.Invalid(path.Child("versions"), spec.Versions, "must have exactly one version marked as storage version");
        // The first version is also the one of old, single-version definitions.
        if (spec.Versions.Count > 0 && spec.Versions[0].Name.Length > 0)
            Label(spec.Versions[0].Name, path.Child("version"), errors);
    }

    private static void DeprecationWarning(CustomResourceDefinitionVersion version, FieldPath path, FieldErrors errors)
    {
        if (version.DeprecationWarning is not { } text)
            return;
        if (!version.Deprecated)
        {
            errors.Invalid(path, text, "can only be set for deprecated versions");
            return;
        }

        if (Encoding.UTF8.GetByteCount(text) > MaxWarningLength)
            errors.Invalid(path, text, $"must be <= {MaxWarningLength} characters long");
        if (text.Length == 0)
            errors.Invalid(path, text, "must not be an empty string");
        var position = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsControl(rune) || (Rune.IsWhiteSpace(rune) && rune.Value != ' '))
            {
                errors.Invalid(path, text, $"must only contain printable UTF-8 characters; non-printable character found at index {position}");
                break;
            }

            position += rune.Utf8SequenceLength;
        }
    }

    private static void Subresources(CustomResourceSubresources? subresources, FieldPath path, FieldErrors errors)
    {
        if (subresources?.Scale is not { } scale)
            return;
        Replicas(scale.SpecReplicasPath, ".spec.", "spec", path.Child("scale.specReplicasPath"), errors);
        Replicas(scale.StatusReplicasPath, ".status.", "status", path.Child("scale.statusReplicasPath"), errors);
        if (scale.LabelSelectorPath is { Length: > 0 } selector && IsSimplePath(selector, path.Child("scale.labelSelectorPath"), errors)
            && !selector.StartsWith(".spec.", StringComparison.Ordinal) && !selector.StartsWith(".status.", StringComparison.Ordinal))
            errors.Invalid(path.Child("scale.labelSelectorPath"), selector, "should be a json path under either .spec or .status");
    }

    private static void Replicas(string text, string prefix, string under, FieldPath path, FieldErrors errors)
    {
        if (text.Length == 0)
            errors.Required(path);
        else if (IsSimplePath(text, path, errors) && !text.StartsWith(prefix, StringComparison.Ordinal))
            errors.Invalid(path, text, "should be a json path under ." + under);
    }

    private static void Column(CustomResourceColumnDefinition column, FieldPath path, FieldErrors errors)
    {
        if (column.Name.Length == 0)
            errors.Required(path.Child("name"));
        var types = "must be one of " + string.Join(',', ColumnTypes);
        if (column.Type.Length == 0)
            errors.Required(path.Child("type"), types);
        else if (!ColumnTypes.Contains(column.Type))
            errors.Invalid(path.Child("type"), column.Type, types);
        if (column.Format.Length > 0 && !ColumnFormats.Contains(column.Format))
            errors.Invalid(path.Child("format"), column.Format, "must be one of " + string.Join(',', ColumnFormats));
        if (column.JsonPath.Length == 0)
            errors.Required(path.Child("JSONPath"));
        else
            IsSimplePath(column.JsonPath, path.Child("JSONPath"), errors);
    }

    private static bool IsSimplePath(string text, FieldPath path, FieldErrors errors)
    {
        if (text[0] == '.')
            return true;
        errors.Invalid(path, text, "must be a simple json path starting with .");
        return false;
    }

    private static void Fields(ApiList<SelectableField> fields, JSONSchemaProps? schema, FieldPath path, FieldErrors errors)
    {
        if (schema is null)
        {
            errors.Invalid(path, "", "may only be set when `version.schema.openAPIV3Schema` is not included");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < fields.Count; i++)
        {
            var (text, place) = (fields[i].JsonPath, path.Index(i).Child("jsonPath"));
            if (text.Length == 0)
            {
                errors.Required(place);
                continue;
            }

            if (Follow(text, schema, out var found) is { } complaint)
            {
                errors.Invalid(place, text, "is an invalid path: " + complaint);
                continue;
            }

            if (text.StartsWith(".metadata", StringComparison.Ordinal))
                errors.Invalid(place, text, "must not point to fields in metadata");
            if (found.Type is not ("string" or "boolean" or "integer"))
            {
                errors.Invalid(place, text,
                    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.");
            }

            if (!seen.Add(text))
                errors.Duplicate(place, text);
        }

        if (seen.Count > MaxSelectableFields)
            errors.TooMany(path, seen.Count, MaxSelectableFields);
    }

    private static string? Follow(string text, JSONSchemaProps schema, out JSONSchemaProps found)
    {
        found = schema;
        if (text[0] != '.')
            return $"expected [ or . but got: {text[0]}";
        foreach (var name in SimplePath.Parse(text))
        {
            if (name.Contains('[', StringComparison.Ordinal))
                return "expected . but got: [";
            if (found.Properties.TryGetValue(name, out var below))
                found = below;
            else
                return "does not refer to a valid field";
        }

        return null;
    }

    private static void Conversion(CustomResourceConversion conversion, CustomResourceDefinition? old, FieldPath path, FieldErrors errors)
    {
        CommonRules.OneOf(conversion.Strategy, path.Child("strategy"), errors, "None", "Webhook");
        var (client, versions) = (conversion.Webhook?.ClientConfig, conversion.Webhook?.ConversionReviewVersions ?? default);
        if (conversion.Strategy != "Webhook")
        {
            if (client is not null)
                errors.Forbidden(path.Child("webhookClientConfig"), "should not be set when strategy is not set to Webhook");
            if (versions.Count > 0)
                errors.Forbidden(path.Child("conversionReviewVersions"), "should not be set when strategy is not set to Webhook");
            return;
        }

        if (client is null)
            errors.Required(path.Child("webhookClientConfig"), "required when strategy is set to Webhook");
        else if ((client.Url is null) == (client.Service is null))
            errors.Required(path.Child("webhookClientConfig"), "exactly one of url or service is required");
        else if (client.Url is { } url)
            WebhookRules.Url(url, path.Child("webhookClientConfig").Child("url"), errors);
        else if (client.Service is { } service)
            WebhookRules.Service(service.Name, service.Namespace, service.Path, service.Port, path.Child("webhookClientConfig").Child("service"), errors);
        ReviewVersions(versions, old, path.Child("conversionReviewVersions"), errors);
    }

    private static void ReviewVersions(ApiList<string> versions, CustomResourceDefinition? old, FieldPath path, FieldErrors errors)
    {
        if (versions.Count == 0)
        {
            errors.Required(path);
            return;
        }

        for (var i = 0; i < versions.Count; i++)
        {
            if (versions.AsSpan()[..i].Contains(versions[i]))
                errors.Invalid(path.Index(i), versions[i], "duplicate version");
            else
                errors.Invalid(path.Index(i), versions[i], ValidationRules.Dns1035Label(versions[i]));
        }

        var known = versions.AsSpan().Contains("v1") || versions.AsSpan().Contains("v1beta1");
        var before = old?.Spec.Conversion?.Webhook?.ConversionReviewVersions ?? default;
        var mayBeUnknown = before.Count > 0 && !before.AsSpan().Contains("v1") && !before.AsSpan().Contains("v1beta1");
        if (!known && !mayBeUnknown)
            errors.Invalid(path, versions, "must include at least one of v1, v1beta1");
    }

    private static void Label(string value, FieldPath path, FieldErrors errors)
    {
        if (ValidationRules.Dns1035Label(value) is { Count: > 0 } messages)
            errors.Invalid(path, value, string.Join(',', messages));
    }

    private static bool HasStatus(CustomResourceDefinitionVersion version) => version.Subresources?.Status is not null;

    /// <summary>What all versions have alike; nothing where one differs.</summary>
    private readonly record struct Shared(
        CustomResourceValidation? Schema, CustomResourceSubresources? Subresources,
        ApiList<CustomResourceColumnDefinition> Columns, ApiList<SelectableField> Fields)
    {
        public static Shared Of(ApiList<CustomResourceDefinitionVersion> versions)
        {
            if (versions.Count == 0)
                return default;
            var first = versions[0];
            return new(
                versions.All(version => Equals(version.Schema, first.Schema)) ? first.Schema : null,
                versions.All(version => Equals(version.Subresources, first.Subresources)) ? first.Subresources : null,
                versions.All(version => version.AdditionalPrinterColumns.Equals(first.AdditionalPrinterColumns)) ? first.AdditionalPrinterColumns : default,
                versions.All(version => version.SelectableFields.Equals(first.SelectableFields)) ? first.SelectableFields : default);
        }
    }
}
