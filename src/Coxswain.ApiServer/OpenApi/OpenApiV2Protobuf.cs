using System.Text.Json;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>The protobuf form of a version 2 document (package openapi.v2 of gnostic), which older clients ask for.</summary>
internal static class OpenApiV2Protobuf
{
    public static void Encode(ProtobufWriter writer, JsonElement root)
    {
        writer.Text(1, root, "swagger");
        using (writer.Open(2))
        {
            writer.Text(1, root.GetProperty("info"), "title");
            writer.Text(2, root.GetProperty("info"), "version");
        }

        using (writer.Open(8))
        {
            foreach (var path in root.GetProperty("paths").EnumerateObject())
                using (writer.OpenNamed(2, path.Name))
                    PathItem(writer, path.Value);
        }

        using (writer.Open(9))
            Schemas(writer, root.GetProperty("definitions"));
        using (writer.Open(10))
        {
            foreach (var parameter in root.GetProperty("parameters").EnumerateObject())
                using (writer.OpenNamed(1, parameter.Name))
                    Parameter(writer, parameter.Value);
        }

        foreach (var requirement in root.GetProperty("security").EnumerateArray())
            Security(writer, requirement);
        using (writer.Open(13))
            SecurityDefinitions(writer, root.GetProperty("securityDefinitions"));
    }

    private static void PathItem(ProtobufWriter writer, JsonElement path)
    {
        foreach (var member in path.EnumerateObject())
        {
            var field = member.Name switch { "get" => 2, "put" => 3, "post" => 4, "delete" => 5, "options" => 6, "head" => 7, "patch" => 8, _ => 0 };
            if (field == 0)
                continue;
            using (writer.Open(field))
                Operation(writer, member.Value);
        }

        Parameters(writer, 9, path);
    }

    private static void Operation(ProtobufWriter writer, JsonElement operation)
    {
        writer.Texts(1, operation, "tags");
        writer.Text(3, operation, "description");
        writer.Text(5, operation, "operationId");
        writer.Texts(6, operation, "produces");
        writer.Texts(7, operation, "consumes");
        Parameters(writer, 8, operation);
        using (writer.Open(9))
        {
            foreach (var response in operation.GetProperty("responses").EnumerateObject())
                Response(writer, response);
        }

        writer.Texts(10, operation, "schemes");
        writer.Extensions(13, operation);
    }

    private static void Response(ProtobufWriter writer, JsonProperty response)
    {
        using var named = writer.OpenNamed(1, response.Name);
        using var value = writer.Open(1);
        writer.Text(1, response.Value, "description");
        if (!response.Value.TryGetProperty("schema", out var schema))
            return;
        using var item = writer.Open(2);
        using (writer.Open(1))
            Schema(writer, schema);
    }

    private static void Parameters(ProtobufWriter writer, int field, JsonElement container)
    {
        if (!container.TryGetProperty("parameters", out var parameters))
            return;
        foreach (var parameter in parameters.EnumerateArray())
        {
            using var item = writer.Open(field);
            if (parameter.TryGetProperty("$ref", out var reference))
            {
                using (writer.Open(2))
                    writer.Text(1, reference.GetString()!);
            }
            else
            {
                using (writer.Open(1))
                    Parameter(writer, parameter);
            }
        }
    }

    // Either in the body or elsewhere.
    private static void Parameter(ProtobufWriter writer, JsonElement parameter)
    {
        var place = parameter.GetProperty("in");
        if (place.ValueEquals("body"u8))
        {
            using (writer.Open(1))
                BodyParameter(writer, parameter);
            return;
        }

        var isPath = place.ValueEquals("path"u8);
        using (writer.Open(2))
        using (writer.Open(isPath ? 4 : 3))
            OtherParameter(writer, parameter, isPath);
    }

    private static void BodyParameter(ProtobufWriter writer, JsonElement parameter)
    {
        writer.Text(2, parameter, "name");
        writer.Text(3, parameter, "in");
        writer.Flag(4, parameter, "required");
        using (writer.Open(5))
            Schema(writer, parameter.GetProperty("schema"));
    }

    // Parameters of paths and of queries differ by one member in the middle.
    private static void OtherParameter(ProtobufWriter writer, JsonElement parameter, bool isPath)
    {
        writer.Flag(1, parameter, "required");
        writer.Text(2, parameter, "in");
        writer.Text(3, parameter, "description");
        writer.Text(4, parameter, "name");
        writer.Text(isPath ? 5 : 6, parameter, "type");
        writer.Flag(isPath ? 19 : 20, parameter, "uniqueItems");
    }

    private static void Schemas(ProtobufWriter writer, JsonElement schemas)
    {
        foreach (var schema in schemas.EnumerateObject())
            using (writer.OpenNamed(1, schema.Name))
                Schema(writer, schema.Value);
    }

    private static void Schema(ProtobufWriter writer, JsonElement schema)
    {
        writer.Text(1, schema, "$ref");
        writer.Text(2, schema, "format");
        writer.Text(3, schema, "title");
        writer.Text(4, schema, "description");
        if (schema.TryGetProperty("default", out var value))
            writer.Any(5, value);
        Limits(writer, schema);
        writer.Texts(19, schema, "required");
        if (schema.TryGetProperty("enum", out var values))
        {
            foreach (var one in values.EnumerateArray())
                writer.Any(20, one);
        }

        if (schema.TryGetProperty("additionalProperties", out var additional))
        {
            using (writer.Open(21))
            {
                if (additional.ValueKind != JsonValueKind.Object)
                    writer.Flag(2, additional.GetBoolean());
                else
                    using (writer.Open(1))
                        Schema(writer, additional);
            }
        }

        if (schema.TryGetProperty("type", out var type))
        {
            using (writer.Open(22))
                writer.Text(1, type.GetString()!);
        }

        if (schema.TryGetProperty("items", out var items))
        {
            using (writer.Open(23))
            using (writer.Open(1))
                Schema(writer, items);
        }

        if (schema.TryGetProperty("allOf", out var all))
        {
            foreach (var one in all.EnumerateArray())
                using (writer.Open(24))
                    Schema(writer, one);
        }

        if (schema.TryGetProperty("properties", out var properties))
        {
            using (writer.Open(25))
                Schemas(writer, properties);
        }

        if (schema.TryGetProperty("example", out var example))
            writer.Any(30, example);
        writer.Extensions(31, schema);
    }

    private static void Limits(ProtobufWriter writer, JsonElement schema)
    {
        writer.Double(6, schema, "multipleOf");
        writer.Double(7, schema, "maximum");
        writer.Flag(8, schema, "exclusiveMaximum");
        writer.Double(9, schema, "minimum");
        writer.Flag(10, schema, "exclusiveMinimum");
        writer.Integer(11, schema, "maxLength");
        writer.Integer(12, schema, "minLength");
        writer.Text(13, schema, "pattern");
        writer.Integer(14, schema, "maxItems");
        writer.Integer(15, schema, "minItems");
        writer.Flag(16, schema, "uniqueItems");
        writer.Integer(17, schema, "maxProperties");
        writer.Integer(18, schema, "minProperties");
    }

    private static void Security(ProtobufWriter writer, JsonElement requirement)
    {
        using var message = writer.Open(12);
        foreach (var one in requirement.EnumerateObject())
            using (writer.OpenNamed(1, one.Name))
            {
                // No scopes.
            }
    }

    private static void SecurityDefinitions(ProtobufWriter writer, JsonElement definitions)
    {
        foreach (var definition in definitions.EnumerateObject())
        {
            using var named = writer.OpenNamed(1, definition.Name);
            using var key = writer.Open(2);
            writer.Text(1, definition.Value, "type");
            writer.Text(2, definition.Value, "name");
            writer.Text(3, definition.Value, "in");
            writer.Text(4, definition.Value, "description");
        }
    }
}
