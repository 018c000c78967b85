using System.Text.Json;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>The protobuf form of a version 3 document (package openapi.v3 of gnostic). A default that is an object or a list has no
/// place in it.</summary>
internal static class OpenApiV3Protobuf
{
    public static void Encode(ProtobufWriter writer, JsonElement root)
    {
        writer.Text(1, root, "openapi");
        using (writer.Open(2))
        {
            writer.Text(1, root.GetProperty("info"), "title");
            writer.Text(6, root.GetProperty("info"), "version");
        }

        using (writer.Open(4))
        {
            foreach (var path in root.GetProperty("paths").EnumerateObject())
                using (writer.OpenNamed(1, path.Name))
                    PathItem(writer, path.Value);
        }

        using (writer.Open(5))
            Components(writer, root.GetProperty("components"));
    }

    private static void Components(ProtobufWriter writer, JsonElement components)
    {
        if (components.TryGetProperty("schemas", out var schemas))
        {
            using (writer.Open(1))
                Schemas(writer, schemas);
        }

        using (writer.Open(7))
        {
            foreach (var scheme in components.GetProperty("securitySchemes").EnumerateObject())
            {
                using var named = writer.OpenNamed(1, scheme.Name);
                using var message = writer.Open(1);
                writer.Text(1, scheme.Value, "type");
                writer.Text(2, scheme.Value, "description");
                writer.Text(3, scheme.Value, "name");
                writer.Text(4, scheme.Value, "in");
            }
        }
    }

    private static void PathItem(ProtobufWriter writer, JsonElement path)
    {
        foreach (var member in path.EnumerateObject())
        {
            var field = member.Name switch { "get" => 4, "put" => 5, "post" => 6, "delete" => 7, "options" => 8, "head" => 9, "patch" => 10, _ => 0 };
            if (field == 0)
                continue;
            using (writer.Open(field))
                Operation(writer, member.Value);
        }

        Parameters(writer, 13, path);
    }

    private static void Operation(ProtobufWriter writer, JsonElement operation)
    {
        writer.Texts(1, operation, "tags");
        writer.Text(3, operation, "description");
        writer.Text(5, operation, "operationId");
        Parameters(writer, 6, operation);
        if (operation.TryGetProperty("requestBody", out var body))
        {
            using (writer.Open(7))
            using (writer.Open(1))
            {
                Content(writer, 2, body);
                writer.Flag(3, body, "required");
            }
        }

        using (writer.Open(8))
        {
            foreach (var response in operation.GetProperty("responses").EnumerateObject())
            {
                using var named = writer.OpenNamed(2, response.Name);
                using var message = writer.Open(1);
                writer.Text(1, response.Value, "description");
                Content(writer, 3, response.Value);
            }
        }

        writer.Extensions(13, operation);
    }

    private static void Parameters(ProtobufWriter writer, int field, JsonElement container)
    {
        if (!container.TryGetProperty("parameters", out var parameters))
            return;
        foreach (var parameter in parameters.EnumerateArray())
        {
            using var item = writer.Open(field);
            using var message = writer.Open(1);
            writer.Text(1, parameter, "name");
            writer.Text(2, parameter, "in");
            writer.Text(3, parameter, "description");
            writer.Flag(4, parameter, "required");
            using (writer.Open(10))
                SchemaOrReference(writer, parameter.GetProperty("schema"));
        }
    }

    private static void Content(ProtobufWriter writer, int field, JsonElement container)
    {
        if (!container.TryGetProperty("content", out var content))
            return;
        using var mediaTypes = writer.Open(field);
        foreach (var mediaType in content.EnumerateObject())
        {
            using var named = writer.OpenNamed(1, mediaType.Name);
            using (writer.Open(1))
                SchemaOrReference(writer, mediaType.Value.GetProperty("schema"));
        }
    }

    private static void Schemas(ProtobufWriter writer, JsonElement schemas)
    {
        foreach (var schema in schemas.EnumerateObject())
            using (writer.OpenNamed(1, schema.Name))
                SchemaOrReference(writer, schema.Value);
    }

    private static void SchemaOrReference(ProtobufWriter writer, JsonElement schema)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            using (writer.Open(2))
                writer.Text(1, reference.GetString()!);
            return;
        }

        using (writer.Open(1))
            Schema(writer, schema);
    }

    private static void Schema(ProtobufWriter writer, JsonElement schema)
    {
        writer.Flag(1, schema, "nullable");
        if (schema.TryGetProperty("example", out var example))
            writer.Any(7, example);
        writer.Text(9, schema, "title");
        Limits(writer, schema);
        writer.Texts(23, schema, "required");
        if (schema.TryGetProperty("enum", out var values))
        {
            foreach (var one in values.EnumerateArray())
                writer.Any(24, one);
        }

        writer.Text(25, schema, "type");
        Choices(writer, 26, schema, "allOf");
        Choices(writer, 27, schema, "oneOf");
        Choices(writer, 28, schema, "anyOf");
        if (schema.TryGetProperty("not", out var not))
        {
            using (writer.Open(29))
                Schema(writer, not);
        }

        if (schema.TryGetProperty("items", out var items))
        {
            using (writer.Open(30))
            using (writer.Open(1))
                SchemaOrReference(writer, items);
        }

        if (schema.TryGetProperty("properties", out var properties))
        {
            using (writer.Open(31))
                Schemas(writer, properties);
        }

        if (schema.TryGetProperty("additionalProperties", out var additional))
        {
            using (writer.Open(32))
            {
                if (additional.ValueKind != JsonValueKind.Object)
                    writer.Flag(2, additional.GetBoolean());
                else
                    using (writer.Open(1))
                        SchemaOrReference(writer, additional);
            }
        }

        if (schema.TryGetProperty("default", out var value))
            Default(writer, value);
        writer.Text(34, schema, "description");
        writer.Text(35, schema, "format");
        writer.Extensions(36, schema);
    }

    private static void Default(ProtobufWriter writer, JsonElement value)
    {
        if (value.ValueKind is not (JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False or JsonValueKind.String))
            return;
        using var choice = writer.Open(33);
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                writer.Double(1, value.GetDouble());
                break;
            case JsonValueKind.String:
                writer.Text(3, value.GetString()!);
                break;
            default:
                writer.Flag(2, value.GetBoolean());
                break;
        }
    }

    private static void Choices(ProtobufWriter writer, int field, JsonElement schema, string name)
    {
        if (!schema.TryGetProperty(name, out var choices))
            return;
        foreach (var one in choices.EnumerateArray())
            using (writer.Open(field))
                SchemaOrReference(writer, one);
    }

    private static void Limits(ProtobufWriter writer, JsonElement schema)
    {
        writer.Double(10, schema, "multipleOf");
        writer.Double(11, schema, "maximum");
        writer.Flag(12, schema, "exclusiveMaximum");
        writer.Double(13, schema, "minimum");
        writer.Flag(14, schema, "exclusiveMinimum");
        writer.Integer(15, schema, "maxLength");
        writer.Integer(16, schema, "minLength");
        writer.Text(17, schema, "pattern");
        writer.Integer(18, schema, "maxItems");
        writer.Integer(19, schema, "minItems");
        writer.Flag(20, schema, "uniqueItems");
        writer.Integer(21, schema, "maxProperties");
        writer.Integer(22, schema, "minProperties");
    }
}
