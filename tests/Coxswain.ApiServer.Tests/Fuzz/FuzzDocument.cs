using System.Text.Json.Nodes;
using Coxswain.Api;

namespace Coxswain.ApiServer.Tests.Fuzz;

/// <summary>Documents of any kind: valid JSON of the right types, hardly ever a valid object.</summary>
internal sealed class FuzzDocument(int seed)
{
    private const int MaxDepth = 9;

    private static readonly string[] Texts =
    [
        "", "a", "A", "a.b", "a/b", "*", "../x", "-1", "0", "80", "10.0.0.1", "::1", "1.2.3.4/33", "TCP", "None", "All", "x\ny", "\u0000", "é", "https://u:p@h/x?q#f", "10%", "1Gi",
        "http", "{{", "$(A)", "%", "a=b", "system:x", "kubernetes.io/x", "v1", "2026-13-01T00:00:00Z", "@every 1s", "0 0 31 2 *", "TZ=X * * * * *", "example.com/a.b", "In", "Equal",
        "ClusterIP", "LoadBalancer", "RuntimeDefault", "Localhost", "Fail", "Ignore",
    ];

    private readonly Random _random = new(seed);

    public string Of(ResourceDescriptor descriptor)
    {
        var document = Object(descriptor.Schema, 0);
        document["apiVersion"] = descriptor.Kind.ApiVersion;
        document["kind"] = descriptor.Kind.Kind;
        if (_random.Next(4) > 0)
        {
            var metadata = document["metadata"] as JsonObject ?? [];
            metadata["name"] = "a";
            metadata.Remove("namespace");
            metadata.Remove("resourceVersion");
            metadata.Remove("managedFields");
            document.Remove("metadata");
            document["metadata"] = metadata;
        }

        return document.ToJsonString();
    }

    private JsonObject Object(SchemaType type, int depth)
    {
        var result = new JsonObject();
        foreach (var field in type.Fields)
            if (_random.Next(10) < (depth < 3 ? 7 : 4))
                result[field.Name] = Value(field.Type, depth + 1);
        return result;
    }

    private JsonNode? Value(SchemaType type, int depth)
    {
        if (depth > MaxDepth || _random.Next(40) == 0)
            return null;
        return type.Kind switch
        {
            SchemaKind.Object when type.JsonForms.Count == 0 => Object(type, depth),
            SchemaKind.Object => true,
            SchemaKind.List => new JsonArray([.. Enumerable.Range(0, _random.Next(3)).Select(_ => Value(type.Item!, depth))]),
            SchemaKind.Map => new JsonObject(Enumerable.Range(0, _random.Next(3)).Select(i => KeyValuePair.Create(Text() + i, Value(type.Item!, depth)))),
            SchemaKind.Boolean => _random.Next(2) == 0,
            SchemaKind.Int32 or SchemaKind.Int64 => Number(),
            SchemaKind.Double => 0.5,
            SchemaKind.Bytes => _random.Next(3) == 0 ? "" : "AP8=",
            SchemaKind.Time => "2026-01-02T03:04:05Z",
            SchemaKind.MicroTime => "2026-01-02T03:04:05.000001Z",
            SchemaKind.Duration => _random.Next(2) == 0 ? "0s" : "-1h",
            SchemaKind.Quantity => _random.Next(5) switch { 0 => "-1", 1 => "0", 2 => "1e30", 3 => "1m", _ => "9223372036854775807" },
            SchemaKind.IntOrString => _random.Next(2) == 0 ? Number() : Text(),
            SchemaKind.String => Text(),
            _ => new JsonObject { ["f:x"] = new JsonObject() },
        };
    }

    private string Text() => Texts[_random.Next(Texts.Length)];

    private int Number() => _random.Next(6) switch { 0 => 0, 1 => 1, 2 => -1, 3 => int.MaxValue, 4 => int.MinValue, _ => _random.Next(70000) };
}
