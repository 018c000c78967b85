using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.Validation;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Registry.ApiExtensions;

/// <summary>Whether a schema is structural: every field has its type outside of <c>allOf</c>, <c>anyOf</c>, <c>oneOf</c> and <c>not</c>,
/// which may only restrict values.</summary>
internal static class StructuralRules
{
    private enum Level
    {
        Root,
        Item,
        Field,
    }

    public static void Validate(JSONSchemaProps schema, FieldPath path, FieldErrors errors)
    {
        Invariants(schema, Level.Root, path, errors);
        Complete(schema, schema, path, path, errors);
    }

    private static void Invariants(JSONSchemaProps schema, Level level, FieldPath path, FieldErrors errors)
    {
        if (schema.Type == "array" && schema.Items?.Schema is null)
            errors.Required(path.Child("items"), "must be specified");
        if (schema.Items?.Schema is { } items)
            Invariants(items, Level.Item, path.Child("items"), errors);
        foreach (var (name, property) in CommonRules.Sorted(schema.Properties))
            Invariants(property, Level.Field, path.Child("properties").Key(name), errors);
        if (schema.AdditionalProperties is { } additional)
        {
            if (level == Level.Root)
                errors.Forbidden(path.Child("additionalProperties"), "must not be used at the root");
            if (additional.Schema is { } below)
                Invariants(below, Level.Field, path.Child("additionalProperties"), errors);
        }

        if (schema.XIntOrString && schema.XPreserveUnknownFields == true)
            errors.Invalid(path.Child("x-kubernetes-preserve-unknown-fields"), true, "must be false if x-kubernetes-int-or-string is true");
        if (schema.XIntOrString && schema.XEmbeddedResource)
            errors.Invalid(path.Child("x-kubernetes-embedded-resource"), true, "must be false if x-kubernetes-int-or-string is true");
        Values(schema, IsIntegerOrText(schema.AnyOf), schema.AllOf.Count > 0 && IsIntegerOrText(schema.AllOf[0].AnyOf), path, errors);
        Type(schema, level, path, errors);
        Metadata(schema, level, path, errors);
        if (schema.XEmbeddedResource && schema.XPreserveUnknownFields != true && schema.Properties.Count == 0)
        {
            errors.Required(path.Child("properties"),
                "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields");
        }
    }

    private static void Type(JSONSchemaProps schema, Level level, FieldPath path, FieldErrors errors)
    {
        const string embedded = "must be object if x-kubernetes-embedded-resource is true";
        if (schema.XEmbeddedResource && schema.Type != "object")
        {
            if (schema.Type.Length == 0)
                errors.Required(path.Child("type"), embedded);
            else
                errors.Invalid(path.Child("type"), schema.Type, embedded);
        }
        else if (schema.Type.Length == 0 && !schema.XIntOrString && schema.XPreserveUnknownFields != true)
        {
            errors.Required(path.Child("type"), level switch
            {
                Level.Root => "must not be empty at the root",
                Level.Item => "must not be empty for specified array items",
                _ => "must not be empty for specified object fields",
            });
        }

        if (schema.XEmbeddedResource && schema.AdditionalProperties is not null)
            errors.Forbidden(path.Child("additionalProperties"), "must not be used if x-kubernetes-embedded-resource is set");
        if (level == Level.Root && schema.Type.Length > 0 && schema.Type != "object")
            errors.Invalid(path.Child("type"), schema.Type, "must be object at the root");
    }

    private static void Metadata(JSONSchemaProps schema, Level level, FieldPath path, FieldErrors errors)
    {
        var isObject = level == Level.Root || schema.XEmbeddedResource;
        foreach (var name in (ReadOnlySpan<string>)["kind", "apiVersion"])
        {
            if (isObject && schema.Properties.TryGetValue(name, out var text) && text.Type != "string")
                errors.Invalid(path.Child("properties").Key(name).Child("type"), text.Type, "must be string");
        }

        if (!schema.Properties.TryGetValue("metadata", out var metadata))
            return;
        var place = path.Child("properties").Key("metadata");
        if (isObject && metadata.Type != "object")
            errors.Invalid(place.Child("type"), metadata.Type, "must be object");
        if (level != Level.Root)
            return;
        var names = metadata.Properties.Count(property => property.Key is "name" or "generateName");
        var bare = metadata with { Type = "", Default = null, Properties = names == metadata.Properties.Count ? default : metadata.Properties };
        if (!bare.Equals(JSONSchemaProps.Empty))
            errors.Forbidden(place, "must not specify anything other than name and generateName, but metadata is implicitly specified");
    }

    /// <summary>The one combination in which types may stand: an integer or a text.</summary>
    private static bool IsIntegerOrText(ApiList<JSONSchemaProps> anyOf) => anyOf.Count == 2
        && anyOf[0].Equals(JSONSchemaProps.Empty with { Type = "integer" }) && anyOf[1].Equals(JSONSchemaProps.Empty with { Type = "string" });

    private static void Values(JSONSchemaProps schema, bool skipsAnyOf, bool skipsFirstAllOf, FieldPath path, FieldErrors errors)
    {
        if (!skipsAnyOf)
        {
            for (var i = 0; i < schema.AnyOf.Count; i++)
                Nested(schema.AnyOf[i], false, path.Child("anyOf").Index(i), errors);
        }

        for (var i = 0; i < schema.AllOf.Count; i++)
            Nested(schema.AllOf[i], skipsFirstAllOf && i == 0, path.Child("allOf").Index(i), errors);
        for (var i = 0; i < schema.OneOf.Count; i++)
            Nested(schema.OneOf[i], false, path.Child("oneOf").Index(i), errors);
        if (schema.Not is { } not)
            Nested(not, false, path.Child("not"), errors);
        if (schema.Pattern.Length > 0 && !Re2.TryParse(schema.Pattern, out _, out var error))
            errors.Invalid(path.Child("pattern"), schema.Pattern, "must be a valid regular expression, but isn't: " + error);
    }

    private static void Nested(JSONSchemaProps schema, bool skipsAnyOf, FieldPath path, FieldErrors errors)
    {
        const string empty = "must be empty to be structural";
        const string undefined = "must be undefined to be structural";
        const string notTrue = "must be false to be structural";
        Values(schema, skipsAnyOf, false, path, errors);
        if (schema.Items?.Schema is { } items)
            Nested(items, false, path.Child("items"), errors);
        foreach (var (name, property) in CommonRules.Sorted(schema.Properties))
            Nested(property, false, path.Child("properties").Key(name), errors);
        Forbid(schema.Type.Length > 0, "type", empty);
        Forbid(schema.AdditionalProperties is not null, "additionalProperties", undefined);
        Forbid(schema.Default is { IsAbsent: false }, "default", undefined);
        Forbid(schema.Title.Length > 0, "title", empty);
        Forbid(schema.Description.Length > 0, "description", empty);
        Forbid(schema.Nullable, "nullable", notTrue);
        Forbid(schema.ExternalDocs is not null, "externalDocs", undefined);
        Forbid(schema.XPreserveUnknownFields == true, "x-kubernetes-preserve-unknown-fields", notTrue);
        Forbid(schema.XEmbeddedResource, "x-kubernetes-embedded-resource", notTrue);
        Forbid(schema.XIntOrString, "x-kubernetes-int-or-string", notTrue);
        Forbid(schema.XListMapKeys.Count > 0, "x-kubernetes-list-map-keys", empty);
        Forbid(schema.XListType is not null, "x-kubernetes-list-type", undefined);
        Forbid(schema.XMapType is not null, "x-kubernetes-map-type", undefined);
        Forbid(schema.XValidations.Count > 0, "x-kubernetes-validations", empty);
        if (schema.Properties.ContainsKey("metadata"))
            errors.Forbidden(path.Child("properties").Key("metadata"), "must not be specified in a nested context");

        void Forbid(bool isThere, string member, string why)
        {
            if (isThere)
                errors.Forbidden(path.Child(member), why);
        }
    }

    /// <summary>Every field that values are restricted of must be specified outside, too.</summary>
    private static void Complete(JSONSchemaProps restriction, JSONSchemaProps? schema, FieldPath place, FieldPath where, FieldErrors errors)
    {
        if (restriction.Not is { } not)
            CompleteNested(not, schema, place, where.Child("not"), errors);
        for (var i = 0; i < restriction.AllOf.Count; i++)
            CompleteNested(restriction.AllOf[i], schema, place, where.Child("allOf").Index(i), errors);
        for (var i = 0; i < restriction.AnyOf.Count; i++)
            CompleteNested(restriction.AnyOf[i], schema, place, where.Child("anyOf").Index(i), errors);
        for (var i = 0; i < restriction.OneOf.Count; i++)
            CompleteNested(restriction.OneOf[i], schema, place, where.Child("oneOf").Index(i), errors);
    }

    private static void CompleteNested(JSONSchemaProps nested, JSONSchemaProps? schema, FieldPath place, FieldPath where, FieldErrors errors)
    {
        if (schema is null)
        {
            errors.Required(place, $"because it is defined in {where}");
            return;
        }

        Complete(nested, schema, place, where, errors);
        if (nested.Items?.Schema is { } items)
            CompleteNested(items, schema.Items?.Schema, place.Child("items"), where.Child("items"), errors);
        foreach (var (name, property) in CommonRules.Sorted(nested.Properties))
        {
            var below = where.Child("properties").Key(name);
            if (schema.Properties.TryGetValue(name, out var known))
                CompleteNested(property, known, place.Child("properties").Key(name), below, errors);
            else
                errors.Required(place.Child("properties").Key(name), $"because it is defined in {below}");
        }
    }
}
