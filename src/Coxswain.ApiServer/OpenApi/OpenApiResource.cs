using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>A served resource as the documents see it.</summary>
/// <remarks>Immutable. Documents are made anew only for group versions in which an instance is another than before, so one that did
/// not change should be handed over again as it is.</remarks>
internal sealed class OpenApiResource(ResourceDescriptor descriptor)
{
    public ResourceDescriptor Descriptor => descriptor;

    /// <summary>Definitions that no built-in type describes: those of a custom resource's kind and of its list. They come before
    /// what the descriptor's schema would give.</summary>
    public IReadOnlyList<CustomDefinition> Definitions { get; init; } = [];

    public bool IsCustom => Definitions.Count > 0;

    public string Definition => descriptor.Schema.Name;

    public string ListDefinition => descriptor.ListSchema?.Name is { Length: > 0 } name ? name : Definition + "List";
}

/// <summary>A definition that is written by whoever knows it.</summary>
/// <param name="Name">The definition's name, such as <c>io.example.stable.v1.CronTab</c>.</param>
/// <param name="References">The built-in definitions that it refers to.</param>
/// <param name="Write">Writes the schema as one JSON object; the schema writer says which version is written and writes references.</param>
internal sealed record CustomDefinition(string Name, IReadOnlyList<string> References, Action<Utf8JsonWriter, SchemaWriter> Write);
