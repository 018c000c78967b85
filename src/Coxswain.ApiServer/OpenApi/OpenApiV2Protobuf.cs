using System.Text.Json;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>The protobuf form of a version 2 document (package openapi.v2), which older clients ask for. Encodes what
/// <see cref="OpenApiV2Document"/> writes, not every document that may be.</summary>
internal static class OpenApiV2Protobuf
{
    public static byte[] Encode(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var message = new ProtobufMessage();
        message.Text(1, root.GetProperty("swagger"));
        message.Message(2, Info(root.GetProperty("info")));

        var paths = new ProtobufMessage();
        foreach (var path in root.GetProperty("paths").EnumerateObject())
            paths.Message(2, Named(path.Name, PathItem(path.Value)));
        message.Message(8, paths);

        var definitions = new ProtobufMessage();
        foreach (var definition in root.GetProperty("definitions").EnumerateObject())
            definitions.Message(1, Named(definition.Name, Schema(definition.Value)));
        message.Message(9, definitions);

        foreach (var requirement in root.GetProperty("security").EnumerateArray())
            message.Message(12, Security(requirement));
        message.Message(13, SecurityDefinitions(root.GetProperty("securityDefinitions")));
        return message.ToArray();
    }

    private static ProtobufMessage Info(JsonElement info)
    {
        var message = new ProtobufMessage();
        message.Text(1, info.GetProperty("title"));
        message.Text(2, info.GetProperty("version"));
        return message;
    }

    private static ProtobufMessage PathItem(JsonElement path)
    {
        var message = new ProtobufMessage();
        foreach (var member in path.EnumerateObject())
        {
            switch (member.Name)
            {
                case "get": message.Message(2, Operation(member.Value)); break;
                case "put": message.Message(3, Operation(member.Value)); break;
                case "post": message.Message(4, Operation(member.Value)); break;
                case "delete": message.Message(5, Operation(member.Value)); break;
                case "patch": message.Message(8, Operation(member.Value)); break;
                case "parameters": Parameters(message, 9, member.Value); break;
            }
        }

        return message;
    }

    private static ProtobufMessage Operation(JsonElement operation)
    {
        var message = new ProtobufMessage();
        message.Texts(1, operation, "tags");
        message.Text(3, operation.GetProperty("description"));
        message.Text(5, operation.GetProperty("operationId"));
        message.Texts(6, operation, "produces");
        message.Texts(7, operation, "consumes");
        Parameters(message, 8, operation.GetProperty("parameters"));
        var responses = new ProtobufMessage();
        foreach (var response in operation.GetProperty("responses").EnumerateObject())
        {
            var value = new ProtobufMessage();
            value.Text(1, response.Value.GetProperty("description"));
            if (response.Value.TryGetProperty("schema", out var schema))
            {
                var item = new ProtobufMessage();
                item.Message(1, Schema(schema));
                value.Message(2, item);
            }

            var either = new ProtobufMessage();
            either.Message(1, value);
            responses.Message(1, Named(response.Name, either));
        }

        message.Message(9, responses);
        message.Texts(10, operation, "schemes");
        Extensions(message, 13, operation);
        return message;
    }

    private static void Parameters(ProtobufMessage container, int field, JsonElement parameters)
    {
        foreach (var parameter in parameters.EnumerateArray())
        {
            var either = new ProtobufMessage();
            if (parameter.GetProperty("in").ValueEquals("body"u8))
            {
                either.Message(1, BodyParameter(parameter));
            }
            else
            {
                var isPath = parameter.GetProperty("in").ValueEquals("path"u8);
                var other = new ProtobufMessage();
                other.Message(isPath ? 4 : 3, OtherParameter(parameter, isPath));
                either.Message(2, other);
            }

            var item = new ProtobufMessage();
            item.Message(1, either);
            container.Message(field, item);
        }
    }

    private static ProtobufMessage BodyParameter(JsonElement parameter)
    {
        var message = new ProtobufMessage();
        message.Text(2, parameter.GetProperty("name"));
        message.Text(3, parameter.GetProperty("in"));
        message.Flag(4, parameter.GetProperty("required").GetBoolean());
        message.Message(5, Schema(parameter.GetProperty("schema")));
        return message;
    }

    // Parameters of paths and of queries differ by one member in the middle.
    private static ProtobufMessage OtherParameter(JsonElement parameter, bool isPath)
    {
        var message = new ProtobufMessage();
        message.Flag(1, parameter.TryGetProperty("required", out var required) && required.GetBoolean());
        message.Text(2, parameter.GetProperty("in"));
        message.Text(3, parameter.GetProperty("description"));
        message.Text(4, parameter.GetProperty("name"));
        message.Text(isPath ? 5 : 6, parameter.GetProperty("type"));
        message.Flag(isPath ? 19 : 20, parameter.GetProperty("uniqueItems").GetBoolean());
        return message;
    }

    private static ProtobufMessage Schema(JsonElement schema)
    {
        var message = new ProtobufMessage();
        message.Text(1, schema, "$ref");
        message.Text(2, schema, "format");
        message.Text(4, schema, "description");
        if (schema.TryGetProperty("default", out var value))
            message.Message(5, Any(value));
        message.Texts(19, schema, "required");
        if (schema.TryGetProperty("enum", out var values))
        {
            foreach (var one in values.EnumerateArray())
                message.Message(20, Any(one));
        }

        if (schema.TryGetProperty("additionalProperties", out var additional))
        {
            var item = new ProtobufMessage();
            item.Message(1, Schema(additional));
            message.Message(21, item);
        }

        if (schema.TryGetProperty("type", out var type))
        {
            var item = new ProtobufMessage();
            item.Text(1, type);
            message.Message(22, item);
        }

        if (schema.TryGetProperty("items", out var items))
        {
            var item = new ProtobufMessage();
            item.Message(1, Schema(items));
            message.Message(23, item);
        }

        if (schema.TryGetProperty("properties", out var properties))
        {
            var all = new ProtobufMessage();
            foreach (var property in properties.EnumerateObject())
                all.Message(1, Named(property.Name, Schema(property.Value)));
            message.Message(25, all);
        }

        Extensions(message, 31, schema);
        return message;
    }

    private static void Extensions(ProtobufMessage container, int field, JsonElement element)
    {
        foreach (var member in element.EnumerateObject())
        {
            if (member.Name.StartsWith("x-", StringComparison.Ordinal))
                container.Message(field, Named(member.Name, Any(member.Value)));
        }
    }

    private static ProtobufMessage Security(JsonElement requirement)
    {
        var message = new ProtobufMessage();
        foreach (var one in requirement.EnumerateObject())
            message.Message(1, Named(one.Name, new ProtobufMessage()));
        return message;
    }

    private static ProtobufMessage SecurityDefinitions(JsonElement definitions)
    {
        var message = new ProtobufMessage();
        foreach (var definition in definitions.EnumerateObject())
        {
            var key = new ProtobufMessage();
            key.Text(1, definition.Value.GetProperty("type"));
            key.Text(2, definition.Value.GetProperty("name"));
            key.Text(3, definition.Value.GetProperty("in"));
            key.Text(4, definition.Value.GetProperty("description"));
            var item = new ProtobufMessage();
            item.Message(2, key);
            message.Message(1, Named(definition.Name, item));
        }

        return message;
    }

    private static ProtobufMessage Named(string name, ProtobufMessage value)
    {
        var message = new ProtobufMessage();
        message.Text(1, name);
        message.Message(2, value);
        return message;
    }

    // Any value is carried as YAML, of which JSON is a part.
    private static ProtobufMessage Any(JsonElement value)
    {
        var message = new ProtobufMessage();
        message.Text(2, value.GetRawText() + "\n");
        return message;
    }
}
