using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>Which definitions a document needs: those of bodies and answers, with all that they refer to.</summary>
internal static class Definitions
{
    /// <summary>The definitions by name, sorted. The value is a <see cref="CustomDefinition"/>, a <see cref="SchemaType"/>, or null for
    /// a free object.</summary>
    public static SortedDictionary<string, object?> Of(IReadOnlyList<OpenApiResource> resources, IEnumerable<ApiOperation> operations)
    {
        var custom = resources.SelectMany(resource => resource.Definitions).ToDictionary(definition => definition.Name, StringComparer.Ordinal);
        // A type of which nobody says anything but the descriptor.
        var described = resources.Where(resource => !resource.IsCustom).Select(resource => resource.Descriptor.Schema)
            .Where(type => type.Name.Length > 0).DistinctBy(type => type.Name).ToDictionary(type => type.Name, StringComparer.Ordinal);
        var found = new SortedDictionary<string, object?>(StringComparer.Ordinal);
        var open = new Stack<string>(operations.SelectMany(operation => new[] { operation.Body, operation.Answer }).OfType<string>().Distinct());
        while (open.TryPop(out var name))
        {
            if (found.ContainsKey(name))
                continue;
            if (custom.TryGetValue(name, out var definition))
            {
                found[name] = definition;
                foreach (var reference in definition.References)
                    open.Push(reference);
                continue;
            }

            var type = described.GetValueOrDefault(name) ?? SchemaType.Find(name);
            found[name] = type;
            foreach (var field in type?.Fields ?? [])
            {
                var inner = field.Type;
                while (inner.Item is { } item)
                    inner = item;
                if (NameOf(inner) is not { } referred)
                    continue;
                if (inner.Kind == SchemaKind.Object)
                    open.Push(referred);
                else
                    found.TryAdd(referred, inner);
            }
        }

        return found;
    }

    /// <summary>The name under which a struct is defined, or a scalar that is more than a JSON type; null for all others.</summary>
    public static string? NameOf(SchemaType type) => type.Kind switch
    {
        SchemaKind.Object => type.Name,
        SchemaKind.Time => "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
        SchemaKind.MicroTime => "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
        SchemaKind.Duration => "io.k8s.apimachinery.pkg.apis.meta.v1.Duration",
        SchemaKind.Quantity => "io.k8s.apimachinery.pkg.api.resource.Quantity",
        SchemaKind.IntOrString => "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        SchemaKind.RawExtension => "io.k8s.apimachinery.pkg.runtime.RawExtension",
        SchemaKind.FieldsV1 => "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
        SchemaKind.Json => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
        _ => null,
    };
}
