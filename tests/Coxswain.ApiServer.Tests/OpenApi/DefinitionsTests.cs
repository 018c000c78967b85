using System.Text.Json;
using Coxswain.Api;
using Coxswain.ApiServer.OpenApi;

namespace Coxswain.ApiServer.Tests.OpenApi;

/// <summary>Definitions against types.json: every type, field, marker, default and choice.</summary>
public sealed class DefinitionsTests
{
    private static readonly Dictionary<string, string> Scalars = new()
    {
        ["time"] = "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
        ["microTime"] = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
        ["duration"] = "io.k8s.apimachinery.pkg.apis.meta.v1.Duration",
        ["quantity"] = "io.k8s.apimachinery.pkg.api.resource.Quantity",
        ["intOrString"] = "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        ["rawExtension"] = "io.k8s.apimachinery.pkg.runtime.RawExtension",
        ["fieldsV1"] = "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
        ["json"] = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
    };

    [Fact]
    public void Every_reference_of_version_2_is_defined()
    {
        var defined = Documents.V2.GetProperty("definitions").EnumerateObject().Select(definition => "#/definitions/" + definition.Name)
            .Concat(Documents.V2.GetProperty("parameters").EnumerateObject().Select(parameter => "#/parameters/" + parameter.Name)).ToHashSet();
        Assert.All(Documents.References(Documents.V2).Distinct(), reference => Assert.Contains(reference, defined));
    }

    [Fact]
    public void Every_reference_of_version_3_is_defined_in_its_document()
    {
        foreach (var path in Documents.BuiltIn.Paths)
        {
            var root = Documents.V3(path);
            var defined = root.GetProperty("components").TryGetProperty("schemas", out var schemas)
                ? schemas.EnumerateObject().Select(schema => "#/components/schemas/" + schema.Name).ToHashSet() : [];
            Assert.All(Documents.References(root).Distinct(), reference => Assert.Contains(reference, defined));
        }
    }

    [Fact]
    public void Version_2_defines_what_served_kinds_are_made_of_as_the_facts_have_it()
    {
        var definitions = Documents.V2.GetProperty("definitions");
        foreach (var name in Reachable(Roots(Facts.Served)))
            Compare(name, definitions.GetProperty(name), isV3: false);
    }

    [Fact]
    public void Version_3_defines_in_each_document_what_its_kinds_are_made_of_as_the_facts_have_it()
    {
        foreach (var (version, root) in Documents.AllV3)
        {
            var schemas = root.GetProperty("components").GetProperty("schemas");
            foreach (var name in Reachable(Roots(Facts.Served.Where(served => served.Group == version.Group && served.Version == version.Version))))
                Compare(name, schemas.GetProperty(name), isV3: true);
        }
    }

    [Fact]
    public void Options_and_watch_events_are_kinds_of_every_group_version()
    {
        foreach (var name in new[] { ApiOperations.DeleteOptions, ApiOperations.WatchEvent })
        {
            var everywhere = Documents.V2.GetProperty("definitions").GetProperty(name).GetProperty("x-kubernetes-group-version-kind");
            Assert.Equal(ResourceTable.GroupVersions.Count, everywhere.GetArrayLength());
            var apps = Documents.V3("apis/apps/v1").GetProperty("components").GetProperty("schemas").GetProperty(name).GetProperty("x-kubernetes-group-version-kind");
            Assert.Equal(["", "apps"], apps.EnumerateArray().Select(kind => Facts.Text(kind, "group")));
        }
    }

    [Fact]
    public void Scalars_that_are_more_than_a_JSON_type_have_definitions_of_their_own()
    {
        var v2 = Documents.V2.GetProperty("definitions");
        var v3 = Documents.V3("api/v1").GetProperty("components").GetProperty("schemas");
        Assert.Equal(("string", "int-or-string"), (Facts.Text(v2.GetProperty(Scalars["intOrString"]), "type"), Facts.Text(v2.GetProperty(Scalars["intOrString"]), "format")));
        Assert.Equal(["integer", "string"], v3.GetProperty(Scalars["intOrString"]).GetProperty("oneOf").EnumerateArray().Select(one => Facts.Text(one, "type")));
        Assert.Equal(["string", "number"], v3.GetProperty(Scalars["quantity"]).GetProperty("oneOf").EnumerateArray().Select(one => Facts.Text(one, "type")));
        Assert.Equal("date-time", Facts.Text(v3.GetProperty(Scalars["time"]), "format"));
        Assert.Equal("object", Facts.Text(v2.GetProperty(ApiOperations.PatchBody), "type"));
    }

    private static IEnumerable<string> Roots(IEnumerable<(string Group, string Version, JsonElement Resource)> served) =>
        from one in served
        let kind = Facts.Text(one.Resource, "kind")
        from type in Facts.Types.Values
        where Facts.IsKind(type) && (Facts.Text(type, "name") == kind || (Facts.Text(type, "name") == kind + "List" && Facts.Verbs(one.Resource).Contains("list")))
        let name = Facts.Text(type, "def")
        where name.EndsWith($"{(one.Group.Length == 0 ? "core" : one.Group.Split('.')[0])}.{one.Version}.{Facts.Text(type, "name")}", StringComparison.Ordinal)
        select name;

    private static IEnumerable<string> Reachable(IEnumerable<string> roots)
    {
        var found = new HashSet<string>();
        var open = new Stack<string>(roots);
        Assert.NotEmpty(open);
        while (open.TryPop(out var name))
        {
            if (!found.Add(name))
                continue;
            foreach (var field in Facts.Fields(Facts.Types[name]))
                if (Facts.StructOf(Facts.Text(field, "type")) is { } inner)
                    open.Push(inner);
        }

        return found;
    }

    private static void Compare(string name, JsonElement definition, bool isV3)
    {
        var type = Facts.Types[name];
        if (type.TryGetProperty("customJson", out _))
        {
            Assert.False(definition.TryGetProperty("properties", out _), name);
            return;
        }

        var fields = Facts.Fields(type).ToList();
        Assert.Equal("object", Facts.Text(definition, "type"));
        Assert.Equal(fields.Where(field => Facts.Is(field, "required")).Select(field => Facts.Text(field, "json")).Order(), Facts.Texts(definition, "required").Order());
        Assert.Equal(Facts.Text(type, "mapType"), Facts.Text(definition, "x-kubernetes-map-type"));
        Assert.Equal(Facts.Is(type, "union"), definition.TryGetProperty("x-kubernetes-unions", out var unions));
        if (Facts.Is(type, "union"))
        {
            var union = Assert.Single(unions.EnumerateArray());
            Assert.Equal(fields.Where(field => Facts.Is(field, "unionDiscriminator")).Select(field => Facts.Text(field, "json")).SingleOrDefault() ?? "", Facts.Text(union, "discriminator"));
            Assert.Equal(fields.Where(field => !Facts.Is(field, "unionDiscriminator")).Select(field => (Facts.Text(field, "json"), Facts.Text(field, "go"))).Order(),
                union.GetProperty("fields-to-discriminateBy").EnumerateObject().Select(member => (member.Name, member.Value.GetString()!)).Order());
        }

        var properties = definition.TryGetProperty("properties", out var all) ? all.EnumerateObject().ToDictionary(property => property.Name, property => property.Value) : [];
        Assert.Equal(fields.Select(field => Facts.Text(field, "json")).Concat(Facts.IsKind(type) ? ["kind", "apiVersion"] : []).Order(), properties.Keys.Order());
        foreach (var field in fields)
            CompareField($"{name}.{Facts.Text(field, "json")}", field, properties[Facts.Text(field, "json")], isV3);
    }

    private static void CompareField(string name, JsonElement field, JsonElement property, bool isV3)
    {
        foreach (var (fact, extension) in new[]
        {
            ("listType", "x-kubernetes-list-type"), ("mapType", "x-kubernetes-map-type"),
            ("patchStrategy", "x-kubernetes-patch-strategy"), ("patchMergeKey", "x-kubernetes-patch-merge-key"),
        })
            Assert.Equal((name, extension, Facts.Text(field, fact)), (name, extension, Facts.Text(property, extension)));
        Assert.Equal(Facts.Texts(field, "listMapKeys"), Facts.Texts(property, "x-kubernetes-list-map-keys"));

        var expression = Facts.Text(field, "type");
        var named = field.TryGetProperty("named", out _) ? Facts.Text(field, "named") : expression;
        CompareType(name, expression, named, property, isV3);
        CompareDefault(name, field, expression, property, isV3);
    }

    private static void CompareType(string name, string expression, string named, JsonElement schema, bool isV3)
    {
        var prefix = isV3 ? "#/components/schemas/" : "#/definitions/";
        if (expression.StartsWith("[]", StringComparison.Ordinal) || expression.StartsWith("map[string]", StringComparison.Ordinal))
        {
            var isList = expression[0] == '[';
            Assert.Equal((name, isList ? "array" : "object"), (name, Facts.Text(schema, "type")));
            var inner = expression[(expression.IndexOf(']', StringComparison.Ordinal) + 1)..];
            var item = schema.GetProperty(isList ? "items" : "additionalProperties");
            CompareType(name, inner, named.Length > 2 && named[0] == expression[0] ? named[(named.IndexOf(']', StringComparison.Ordinal) + 1)..] : inner, item, isV3);
            if (isV3)
                Assert.Equal((name, Zero(inner, field: default)), (name, item.TryGetProperty("default", out var value) ? value.GetRawText() : null));
            return;
        }

        if (Scalars.GetValueOrDefault(expression) is { } scalar || (Facts.StructOf(expression) is { } found && (scalar = found) is not null))
        {
            var holder = schema.TryGetProperty("allOf", out var wrapped) ? Assert.Single(wrapped.EnumerateArray()) : schema;
            Assert.Equal((name, prefix + scalar), (name, Facts.Text(holder, "$ref")));
            // A reference of version 3 stands alone; of version 2 it is never wrapped.
            Assert.True(isV3 ? schema.EnumerateObject().Count() == 1 || wrapped.ValueKind == JsonValueKind.Array : wrapped.ValueKind == JsonValueKind.Undefined, name);
            return;
        }

        var (type, format) = expression switch
        {
            "string" => ("string", ""),
            "bool" => ("boolean", ""),
            "int32" => ("integer", "int32"),
            "int64" => ("integer", "int64"),
            "float64" => ("number", "double"),
            "bytes" => ("string", "byte"),
            _ => throw new InvalidOperationException(expression),
        };
        Assert.Equal((name, type, format), (name, Facts.Text(schema, "type"), Facts.Text(schema, "format")));
        Assert.Equal(Facts.Named.TryGetValue(named, out var scalarType) ? Facts.Texts(scalarType, "enum").Order(StringComparer.Ordinal) : [], Facts.Texts(schema, "enum"));
    }

    private static void CompareDefault(string name, JsonElement field, string expression, JsonElement property, bool isV3)
    {
        var found = property.TryGetProperty("default", out var value) ? value.GetRawText() : null;
        // Version 2 has no defaults: clients of old would have taken them for values.
        var expected = !isV3 ? null
            : field.TryGetProperty("default", out var marker) ? marker.GetRawText()
            : Facts.Is(field, "ptr") ? null
            : Zero(expression, field);
        Assert.Equal((name, expected), (name, found));
    }

    // What a value is that cannot be absent: an empty struct always, a scalar unless it is left out when empty.
    private static string? Zero(string expression, JsonElement field)
    {
        if (Facts.StructOf(expression) == expression)
            return Facts.Types[expression].TryGetProperty("customJson", out _) ? null : "{}";
        if (field.ValueKind == JsonValueKind.Object && Facts.Is(field, "omitempty"))
            return null;
        return expression switch { "string" => "\"\"", "bool" => "false", "int32" or "int64" or "float64" => "0", _ => null };
    }
}
