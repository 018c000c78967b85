using System.Text.Json.Nodes;

namespace Coxswain.Api.Tests;

/// <summary>Makes a document in which every field of a kind is set, in the form in which upstream would write it.</summary>
internal static class SampleDocument
{
    private const int MaxNesting = 2;

    public static JsonObject Of(SchemaType kind)
    {
        var result = new JsonObject { ["kind"] = kind.GroupVersionKind.Kind, ["apiVersion"] = kind.GroupVersionKind.ApiVersion };
        Fill(result, kind, [], new Counter());
        return result;
    }

    private static JsonObject Fill(JsonObject result, SchemaType type, Stack<string> inside, Counter counter)
    {
        inside.Push(type.Name);
        foreach (var field in type.Fields)
        {
            if (Make(field.Type, inside, counter) is not { } value)
                continue;
            if (type.GoName == "v1.StatefulSetSpec" && field.Name == "volumeClaimTemplates")
                value = new JsonArray(value.AsArray().Select(item => (JsonNode)WithKind(item!.AsObject())).ToArray());
            result[field.Name] = value;
        }
        inside.Pop();
        return result;
    }

    private static JsonObject WithKind(JsonObject claim)
    {
        var result = new JsonObject { ["kind"] = "PersistentVolumeClaim", ["apiVersion"] = "v1" };
        foreach (var (name, value) in claim)
            result[name] = value?.DeepClone();
        return result;
    }

    private static JsonNode? Make(SchemaType type, Stack<string> inside, Counter counter)
    {
        switch (type.Kind)
        {
            case SchemaKind.Object when type.JsonForms.Count > 0:
                var form = type.JsonForms[counter.Next() % type.JsonForms.Count].Split(':');
                return form.Length == 1 ? JsonValue.Create(true) : Make(type.FindField(form[1])!.Type, inside, counter);
            case SchemaKind.Object:
                return inside.Count(name => name == type.Name) >= MaxNesting ? null : Fill([], type, inside, counter);
            case SchemaKind.List:
                return Make(type.Item!, inside, counter) is { } item ? new JsonArray(item, Make(type.Item!, inside, counter)) : null;
            case SchemaKind.Map:
                return Make(type.Item!, inside, counter) is { } value
                    ? new JsonObject { ["a/key"] = value, ["b.key"] = Make(type.Item!, inside, counter) }
                    : null;
            default:
                return Scalar(type.Kind, counter.Next());
        }
    }

    private static JsonNode Scalar(SchemaKind kind, int n) => kind switch
    {
        SchemaKind.String => $"text-{n} é\u2028\"<&>",
        SchemaKind.Boolean => true,
        SchemaKind.Int32 => -n,
        SchemaKind.Int64 => int.MaxValue + (long)n,
        SchemaKind.Double => n + 0.5,
        SchemaKind.Bytes => Convert.ToBase64String([(byte)n, 0, 255]),
        SchemaKind.Time => $"2026-01-02T03:04:{n % 60:00}Z",
        SchemaKind.MicroTime => $"2026-01-02T03:04:{n % 60:00}.000{n % 1000:000}Z",
        SchemaKind.Duration => $"{n % 60}m0.5s",
        SchemaKind.Quantity => $"{(n * 2) + 1}m",
        SchemaKind.IntOrString => n % 2 == 0 ? n : $"{n}%",
        _ => new JsonObject { ["f:any"] = new JsonArray(n, "x", null) },
    };

    private sealed class Counter
    {
        private int _last;

        public int Next() => ++_last;
    }
}
