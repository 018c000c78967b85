using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.CustomResources;
using Coxswain.ApiServer.CustomResources.Validation;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>One version of a custom kind, ready to be served. Immutable.</summary>
internal sealed class CustomVersion
{
    public CustomVersion(CustomResourceDefinition definition, CustomResourceDefinitionVersion version)
    {
        Version = version;
        var names = definition.Status.AcceptedNames;
        var kind = new GroupVersionKind(definition.Spec.Group, version.Name, names.Kind);
        var source = version.Schema?.OpenAPIV3Schema;
        Schema = source is null || definition.Spec.PreserveUnknownFields ? null : CustomSchema.Of(source);
        Rules = source is null ? null : ValueRules.Of(source);
        Expressions = source is null ? null : CelRules.Of(source);
        Scale = version.Subresources?.Scale is { } scale ? new(scale) : null;
        var name = $"{string.Join('.', kind.Group.Split('.').Reverse())}.{kind.Version}.";
        var type = CustomSchemaType.Document(name + kind.Kind, kind, Schema);
        Codec = new(kind, type, Schema);
        Fields = [.. version.SelectableFields.Select(field => (field.JsonPath.TrimStart('.'), SimplePath.Parse(field.JsonPath)))];
        Descriptor = new()
        {
            Kind = kind,
            ListKind = names.ListKind,
            Plural = names.Plural,
            Singular = names.Singular,
            ShortNames = names.ShortNames,
            Categories = names.Categories,
            Namespaced = definition.Spec.Scope == "Namespaced",
            Verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"],
            Subresources = [.. Subresources(version, kind)],
            Codec = Codec,
            ListSchema = CustomSchemaType.List(name + names.ListKind, kind with { Kind = names.ListKind }, type),
            StorageKeyPrefix = $"/registry/{kind.Group}/{names.Plural}/",
        };
    }

    public CustomResourceDefinitionVersion Version { get; }

    public ResourceDescriptor Descriptor { get; }

    public CustomObjectCodec Codec { get; }

    /// <summary>Null: everything is kept as it comes.</summary>
    public CustomSchema? Schema { get; }

    public ValueRules? Rules { get; }

    /// <summary>The rules that are expressions; null: there are none.</summary>
    public CelRules? Expressions { get; }

    public CustomScale? Scale { get; }

    /// <summary>Whether status is written through a door of its own.</summary>
    public bool HasStatus => Version.Subresources?.Status is not null;

    /// <summary>The fields by which objects can be selected, by their labels and paths.</summary>
    public IReadOnlyList<(string Label, string[] Path)> Fields { get; }

    /// <summary>What clients of a deprecated version are told; empty for others.</summary>
    /// <param name="newest">The version that they should use, if there is one that is not deprecated.</param>
    public string Warning(CustomResourceDefinitionVersion? newest)
    {
        if (!Version.Deprecated)
            return "";
        if (Version.DeprecationWarning is { } said)
            return said;
        var kind = Descriptor.Kind;
        var text = $"{kind.ApiVersion} {kind.Kind} is deprecated";
        return newest is null ? text : $"{text}; use {kind.Group}/{newest.Name} {kind.Kind}";
    }

    private static IEnumerable<SubresourceDescriptor> Subresources(CustomResourceDefinitionVersion version, GroupVersionKind kind)
    {
        if (version.Subresources?.Status is not null)
            yield return new("status", kind, ["get", "patch", "update"]);
        if (version.Subresources?.Scale is not null)
            yield return new("scale", new("autoscaling", "v1", "Scale"), ["get", "patch", "update"]);
    }
}
