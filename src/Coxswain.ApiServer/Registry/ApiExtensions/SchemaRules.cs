using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.CustomResources;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.CustomResources.Validation;

namespace Coxswain.ApiServer.Registry.ApiExtensions;

/// <summary>What a schema may say: that it is structural, that its defaults fit it, and which words of OpenAPI are understood.</summary>
internal static class SchemaRules
{
    private const string AllowedAtRoot = "Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems "
        + "MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations";

    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];
    private static readonly string[] Reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

    /// <summary>Whether a schema fills in anything.</summary>
    public static bool HasDefaults(JSONSchemaProps? schema) => schema is not null
        && (schema.Default is { IsAbsent: false }
            || HasDefaults(schema.Items?.Schema)
            || HasDefaults(schema.AdditionalProperties?.Schema)
            || schema.Properties.Any(property => HasDefaults(property.Value)));

    /// <param name="path">The place of the validation, whose member the schema is.</param>
    public static void Validate(JSONSchemaProps schema, FieldPath path, bool hasStatus, FieldErrors errors)
    {
        var place = path.Child("openAPIV3Schema");
        if (hasStatus)
            Root(schema, path, errors);
        if (schema.Nullable)
            errors.Forbidden(path.Child("openAPIV3Schema.nullable"), "nullable cannot be true at the root");

        if (IsExpressible(schema))
        {
            var structural = new FieldErrors();
            StructuralRules.Validate(schema, place, structural);
            if (structural.Count > 0)
                errors.AddRange(structural.OrderBy(error => error.ToString(), StringComparer.Ordinal));
            else
                Defaults(CustomSchema.Of(schema), place, isInsideMetadata: false, isRoot: true, errors);
        }

        Words(schema, place, new(null, false), isRoot: true, errors);
        // A schema that is wrong gives expressions no types to be checked by.
        if (errors.Count == 0)
            Expressions(schema, place, isRoot: true, uncorrelatable: null, errors);
    }

    /// <summary>Rules that are expressions must compile, and may look back only where values can be found again.</summary>
    private static void Expressions(JSONSchemaProps schema, FieldPath path, bool isRoot, FieldPath? uncorrelatable, FieldErrors errors)
    {
        if (schema.XValidations.Count > 0)
        {
            var type = CelTypes.Of(schema, isRoot);
            for (var i = 0; i < schema.XValidations.Count; i++)
                Expression(new(schema.XValidations[i], type), path.Child("x-kubernetes-validations").Index(i), uncorrelatable, errors);
        }

        if (schema.AdditionalProperties?.Schema is { } additional)
            Expressions(additional, path.Child("additionalProperties"), false, uncorrelatable, errors);
        foreach (var (name, property) in CommonRules.Sorted(schema.Properties))
            Expressions(property, path.Child("properties").Key(name), false, schema.XMapType == "atomic" ? uncorrelatable ?? path : uncorrelatable, errors);
        if (schema.Items?.Schema is { } items)
            Expressions(items, path.Child("items"), false, schema.XListType == "map" ? uncorrelatable : uncorrelatable ?? path, errors);
    }

    private static void Expression(CelRule rule, FieldPath path, FieldPath? uncorrelatable, FieldErrors errors)
    {
        if (rule.Rule.Error is { } error)
            errors.Invalid(path.Child("rule"), rule.Source, error);
        if (rule.Message?.Error is { } broken)
            errors.Invalid(path.Child("messageExpression"), rule.Source, broken);
        if (rule.UsesOldSelf && uncorrelatable is not null)
            errors.Invalid(path.Child("rule"), rule.Source.Rule, $"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelatable}");
        else if (!rule.UsesOldSelf && rule.Rule.Error is null && rule.Source.OptionalOldSelf is { } optional)
            errors.Invalid(path.Child("optionalOldSelf"), optional, "may not be set if oldSelf is not used in rule");
    }

    /// <summary>With a status of its own, only what holds for the whole and for the status alone may stand at the root.</summary>
    private static void Root(JSONSchemaProps schema, FieldPath path, FieldErrors errors)
    {
        if (schema.Type.Length > 0 && schema.Type != "object")
        {
            errors.Invalid(path.Child("openAPIV3Schema.type"), schema.Type,
                "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled");
            return;
        }

        var hasOther = schema.Id.Length > 0 || schema.Schema.Length > 0 || schema.Ref is not null || schema.Nullable
            || schema.Default is { IsAbsent: false } || schema.Enum.Count > 0 || schema.MaxProperties is not null || schema.MinProperties is not null
            || schema.AllOf.Count > 0 || schema.OneOf.Count > 0 || schema.AnyOf.Count > 0 || schema.Not is not null
            || schema.AdditionalProperties is not null || schema.PatternProperties.Count > 0 || schema.Dependencies.Count > 0
            || schema.AdditionalItems is not null || schema.Definitions.Count > 0 || schema.XEmbeddedResource || schema.XIntOrString
            || schema.XListMapKeys.Count > 0 || schema.XListType is not null || schema.XMapType is not null;
        if (hasOther)
        {
            errors.Invalid(path.Child("openAPIV3Schema"), schema,
                $"only [{AllowedAtRoot}] fields are allowed at the root of the schema if the status subresource is enabled");
        }
    }

    /// <summary>Whether a schema has none of the words that cannot be structural at all.</summary>
    private static bool IsExpressible(JSONSchemaProps? schema) => schema is null
        || (schema.Id.Length == 0 && schema.Ref is null && schema.AdditionalItems is null && !schema.UniqueItems
            && schema.PatternProperties.Count == 0 && schema.Definitions.Count == 0 && schema.Dependencies.Count == 0
            && (schema.Items is null || schema.Items.JSONSchemas.Count == 0)
            && IsExpressible(schema.Items?.Schema) && IsExpressible(schema.AdditionalProperties?.Schema) && IsExpressible(schema.Not)
            && schema.Properties.All(property => IsExpressible(property.Value))
            && schema.AllOf.All(IsExpressible) && schema.AnyOf.All(IsExpressible) && schema.OneOf.All(IsExpressible));

    /// <summary>Defaults must fit their schema and must not be pruned.</summary>
    private static void Defaults(CustomSchema schema, FieldPath path, bool isInsideMetadata, bool isRoot, FieldErrors errors)
    {
        if (schema.HasDefault)
            Default(schema, path.Child("default"), isInsideMetadata, errors);
        if (schema.Items is { } items)
            Defaults(items, path.Child("items"), isInsideMetadata, isRoot: false, errors);
        foreach (var (name, property) in schema.Properties.OrderBy(property => property.Key, StringComparer.Ordinal))
        {
            var isMetadata = isInsideMetadata || ((isRoot || schema.IsEmbedded) && name is "metadata" or "apiVersion" or "kind");
            Defaults(property, path.Child("properties").Key(name), isMetadata, isRoot: false, errors);
        }
    }

    private static void Default(CustomSchema schema, FieldPath path, bool isInsideMetadata, FieldErrors errors)
    {
        var value = schema.Default;
        if (!isInsideMetadata)
        {
            var report = new DecodeReport();
            try
            {
                CustomObjectCodec.Prune(value, schema, report);
            }
            catch (DecodeException refused)
            {
                errors.Invalid(path, RawJson.FromText(value.GetRawText()), refused.Message);
                return;
            }

            if (report.Findings.Any(finding => finding.StartsWith("unknown", StringComparison.Ordinal)))
                errors.Invalid(path, RawJson.FromText(value.GetRawText()), "must not have unknown fields");
        }

        var embedded = new FieldErrors();
        EmbeddedRules.Validate(schema, value, path.ToString(), embedded);
        if (embedded.Count > 0)
        {
            errors.AddRange(embedded);
            return;
        }

        var findings = new ValueFindings();
        ValueRules.Of(schema.Source).Validate(value, null, "", findings);
        errors.AddRange(findings.Under(path.ToString()));
    }

    private readonly record struct Surroundings(string? NoDefaults, bool IsInsideMetadata);

    /// <summary>Which words of OpenAPI may stand where.</summary>
    private static void Words(JSONSchemaProps? schema, FieldPath path, Surroundings around, bool isRoot, FieldErrors errors)
    {
        if (schema is null)
            return;
        Forbidden(schema, path, around, errors);
        if (schema.UniqueItems)
            errors.Forbidden(path.Child("uniqueItems"), "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        if (schema.AdditionalProperties is { } additional)
        {
            if (schema.Properties.Count > 0 && (!additional.Allows || additional.Schema is not null))
                errors.Forbidden(path.Child("additionalProperties"), "additionalProperties and properties are mutual exclusive");
            var below = around.IsInsideMetadata ? around with { NoDefaults = "inside additionalProperties applying to object metadata" } : around;
            Words(additional.Schema, path.Child("additionalProperties"), below, isRoot: false, errors);
        }

        foreach (var (name, property) in CommonRules.Sorted(schema.Properties))
        {
            var below = around;
            if ((isRoot || schema.XEmbeddedResource) && name is "metadata" or "kind" or "apiVersion")
                below = new(isRoot ? $"in top-level {name}" : around.NoDefaults, true);
            Words(property, path.Child("properties").Key(name), below, isRoot: false, errors);
        }

        Words(schema.Not, path.Child("not"), around, isRoot: false, errors);
        Each(schema.AllOf, path.Child("allOf"), around, errors);
        Each(schema.OneOf, path.Child("oneOf"), around, errors);
        Each(schema.AnyOf, path.Child("anyOf"), around, errors);
        foreach (var (name, definition) in CommonRules.Sorted(schema.Definitions))
            Words(definition, path.Child("definitions").Key(name), around, isRoot: false, errors);
        if (schema.Items is { } items)
        {
            Words(items.Schema, path.Child("items"), around, isRoot: false, errors);
            Each(items.JSONSchemas, path.Child("items"), around, errors);
        }

        foreach (var (name, dependency) in CommonRules.Sorted(schema.Dependencies))
            Words(dependency.Schema, path.Child("dependencies").Key(name), around, isRoot: false, errors);
        if (schema.XPreserveUnknownFields == false)
            errors.Invalid(path.Child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined");
        MapType(schema, path, errors);
        ListType(schema, path, errors);
        for (var i = 0; i < schema.XValidations.Count; i++)
            Rule(schema.XValidations[i], path.Child("x-kubernetes-validations").Index(i), errors);
    }

    private static void Each(ApiList<JSONSchemaProps> schemas, FieldPath path, Surroundings around, FieldErrors errors)
    {
        for (var i = 0; i < schemas.Count; i++)
            Words(schemas[i], path.Index(i), around, isRoot: false, errors);
    }

    private static void Forbidden(JSONSchemaProps schema, FieldPath path, Surroundings around, FieldErrors errors)
    {
        if (schema.Type.Length > 0 && !Types.Contains(schema.Type))
            errors.NotSupported(path.Child("type"), schema.Type, Types);
        if (schema.Default is { IsAbsent: false } && around.NoDefaults is { } where)
            errors.Forbidden(path.Child("default"), "must not be set " + where);
        if (schema.Id.Length > 0)
            errors.Forbidden(path.Child("id"), "id is not supported");
        if (schema.AdditionalItems is not null)
            errors.Forbidden(path.Child("additionalItems"), "additionalItems is not supported");
        if (schema.PatternProperties.Count > 0)
            errors.Forbidden(path.Child("patternProperties"), "patternProperties is not supported");
        if (schema.Definitions.Count > 0)
            errors.Forbidden(path.Child("definitions"), "definitions is not supported");
        if (schema.Dependencies.Count > 0)
            errors.Forbidden(path.Child("dependencies"), "dependencies is not supported");
        if (schema.Ref is not null)
            errors.Forbidden(path.Child("$ref"), "$ref is not supported");
        if (schema.Type == "null")
            errors.Forbidden(path.Child("type"), "type cannot be set to null, use nullable as an alternative");
        if (schema.Items is { JSONSchemas.Count: > 0 })
            errors.Forbidden(path.Child("items"), "items must be a schema object and not an array");
        if (around.IsInsideMetadata && schema.XEmbeddedResource)
            errors.Forbidden(path.Child("x-kubernetes-embedded-resource"), "must not be used inside of resource meta");
    }

    private static void MapType(JSONSchemaProps schema, FieldPath path, FieldErrors errors)
    {
        if (schema.XMapType is not { } mapType)
            return;
        if (schema.Type.Length == 0)
            errors.Required(path.Child("type"), "must be object if x-kubernetes-map-type is specified");
        else if (schema.Type != "object")
            errors.Invalid(path.Child("type"), schema.Type, "must be object if x-kubernetes-map-type is specified");
        if (mapType is not ("atomic" or "granular"))
            errors.NotSupported(path.Child("x-kubernetes-map-type"), mapType, "atomic", "granular");
    }

    private static void ListType(JSONSchemaProps schema, FieldPath path, FieldErrors errors)
    {
        var (listType, item) = (schema.XListType, schema.Items?.Schema);
        if (listType is not null && schema.Type != "array")
        {
            if (schema.Type.Length == 0)
                errors.Required(path.Child("type"), "must be array if x-kubernetes-list-type is specified");
            else
                errors.Invalid(path.Child("type"), schema.Type, "must be array if x-kubernetes-list-type is specified");
        }
        else if (listType == "set" && item is not null)
        {
            if (item.Type == "array" && item.XListType is not (null or "atomic"))
                errors.Invalid(path.Child("items").Child("x-kubernetes-list-type"), item.XListType, "must be atomic as item of a list with x-kubernetes-list-type=set");
            if (item.Type == "object" && item.XMapType != "atomic")
                errors.Invalid(path.Child("items").Child("x-kubernetes-map-type"), item.XListType, "must be atomic as item of a list with x-kubernetes-list-type=set");
        }

        if (listType is not (null or "atomic" or "set" or "map"))
            errors.NotSupported(path.Child("x-kubernetes-list-type"), listType, "atomic", "set", "map");
        if (schema.XListMapKeys.Count > 0)
        {
            if (listType is null)
                errors.Required(path.Child("x-kubernetes-list-type"), "must be map if x-kubernetes-list-map-keys is non-empty");
            else if (listType != "map")
                errors.Invalid(path.Child("x-kubernetes-list-type"), listType, "must be map if x-kubernetes-list-map-keys is non-empty");
        }

        if (listType == "map")
            KeyedList(schema, item, path, errors);
        if (listType is "set" or "map" && item is not null)
            Keys(schema, item, listType, path.Child("items"), errors);
    }

    private static void KeyedList(JSONSchemaProps schema, JSONSchemaProps? item, FieldPath path, FieldErrors errors)
    {
        if (schema.XListMapKeys.Count == 0)
            errors.Required(path.Child("x-kubernetes-list-map-keys"), "must not be empty if x-kubernetes-list-type is map");
        if (schema.Items is null)
            errors.Required(path.Child("items"), "must have a schema if x-kubernetes-list-type is map");
        else if (item is null)
            errors.Invalid(path.Child("items"), schema.Items, "must only have a single schema if x-kubernetes-list-type is map");
        else if (item.Type != "object")
            errors.Invalid(path.Child("items").Child("type"), item.Type, "must be object if parent array's x-kubernetes-list-type is map");
        if (item is not { Type: "object" })
            return;

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in schema.XListMapKeys)
        {
            if (!item.Properties.TryGetValue(key, out var property))
                errors.Invalid(path.Child("x-kubernetes-list-map-keys"), schema.XListMapKeys, "entries must all be names of item properties");
            else if (property.Type is "array" or "object")
                errors.Invalid(path.Child("items").Child("properties").Key(key).Child("type"), item.Type, "must be a scalar type if parent array's x-kubernetes-list-type is map");
            if (!seen.Add(key))
                errors.Invalid(path.Child("x-kubernetes-list-map-keys"), schema.XListMapKeys, "must not contain duplicate entries");
        }
    }

    private static void Keys(JSONSchemaProps schema, JSONSchemaProps item, string listType, FieldPath path, FieldErrors errors)
    {
        if (item.Nullable)
            errors.Forbidden(path.Child("nullable"), "cannot be nullable when x-kubernetes-list-type is " + listType);
        if (listType != "map")
            return;
        foreach (var key in schema.XListMapKeys)
        {
            if (!item.Properties.TryGetValue(key, out var property))
                continue;
            var place = path.Child("properties").Key(key);
            if (!item.Required.AsSpan().Contains(key) && property.Default is not { IsAbsent: false })
                errors.Required(place.Child("default"), "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
            if (property.Nullable)
                errors.Forbidden(place.Child("nullable"), "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
        }
    }

    private static void Rule(ValidationRule rule, FieldPath path, FieldErrors errors)
    {
        var message = rule.Message.Trim();
        if (rule.Rule.Trim().Length == 0)
            errors.Required(path.Child("rule"), "rule is not specified");
        else if (rule.Message.Length > 0 && message.Length == 0)
            errors.Invalid(path.Child("message"), rule.Message, "must be non-empty if specified");
        else if (HasNewlines(message))
            errors.Invalid(path.Child("message"), rule.Message, "must not contain line breaks");
        else if (HasNewlines(rule.Rule.Trim()) && message.Length == 0)
            errors.Required(path.Child("message"), "message must be specified if rule contains line breaks");
        if (rule.MessageExpression.Length > 0 && rule.MessageExpression.Trim().Length == 0)
            errors.Required(path.Child("messageExpression"), "messageExpression must be non-empty if specified");
        if (rule.Reason is { } reason && !Reasons.Contains(reason))
            errors.NotSupported(path.Child("reason"), reason, Reasons);
        if (rule.FieldPath.Length > 0 && rule.FieldPath.Trim().Length == 0)
            errors.Invalid(path.Child("fieldPath"), rule.FieldPath, "must be non-empty if specified");
        if (HasNewlines(rule.FieldPath))
            errors.Invalid(path.Child("fieldPath"), rule.FieldPath, "must not contain line breaks");
    }

    private static bool HasNewlines(string text) => text.AsSpan().IndexOfAny('\n', '\r') >= 0;
}
