using System.Text.Json;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.ServerSideApply;

namespace Coxswain.Api.CustomResources;

/// <summary>The structure of a custom kind's documents: what is kept, what is dropped, what is filled in.</summary>
/// <remarks>Made once from the schema of a definition's version; immutable and safe to share between threads. Rules for values
/// (<c>minimum</c>, <c>pattern</c>, ...) are read from <see cref="Source"/> by those who judge.</remarks>
public sealed class CustomSchema
{
    private static readonly Dictionary<string, CustomSchema> None = [];

    private CustomSchema(JSONSchemaProps source)
    {
        Source = source;
        Properties = source.Properties.Count == 0
            ? None
            : source.Properties.ToDictionary(property => property.Key, property => new CustomSchema(property.Value), StringComparer.Ordinal);
        Items = source.Items?.Schema is { } item ? new(item) : null;
        Additional = source.AdditionalProperties?.Schema is { } additional ? new(additional) : null;
        HasDefault = source.Default is { IsAbsent: false } given && !given.Utf8.SequenceEqual("null"u8);
        Default = HasDefault ? JsonElement.Parse(source.Default!.Value.Utf8, JsonLimits.Document) : default;
        Defaulted = [.. Properties.Where(property => property.Value.HasDefault)];
    }

    public JSONSchemaProps Source { get; }

    public IReadOnlyDictionary<string, CustomSchema> Properties { get; }

    /// <summary>The schema of a list's items.</summary>
    public CustomSchema? Items { get; }

    /// <summary>The schema of members that are not among the properties.</summary>
    public CustomSchema? Additional { get; }

    /// <summary>Other members are allowed, and nothing is known of them.</summary>
    public bool AllowsAdditional => Source.AdditionalProperties is not null;

    /// <summary>Other members are kept as they are.</summary>
    public bool PreservesUnknown => Source.XPreserveUnknownFields == true;

    /// <summary>The value is an object of the API, with apiVersion, kind and metadata.</summary>
    public bool IsEmbedded => Source.XEmbeddedResource;

    public bool IsNullable => Source.Nullable;

    public bool HasDefault { get; }

    public JsonElement Default { get; }

    /// <summary>The properties that have a default.</summary>
    public IReadOnlyList<KeyValuePair<string, CustomSchema>> Defaulted { get; }

    public static CustomSchema Of(JSONSchemaProps source) => new(source);

    /// <summary>The schema of a member; null where it is not known.</summary>
    public CustomSchema? Member(string name) => Properties.GetValueOrDefault(name) ?? Additional;
}
