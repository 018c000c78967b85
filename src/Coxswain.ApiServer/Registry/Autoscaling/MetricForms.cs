using System.Text.Json.Nodes;

namespace Coxswain.ApiServer.Registry.Autoscaling;

/// <summary>Metrics of autoscalers in the JSON of version 1, which has a field for each kind of target, and of version 2.</summary>
internal static class MetricForms
{
    public static JsonArray ToOne(JsonArray two) => Each(two, static (kind, m) => kind switch
    {
        "resource" or "containerResource" => Of(("name", Take(m, "name")), ("container", Take(m, "container")),
            ("targetAverageUtilization", Take(m, "target", "averageUtilization")), ("targetAverageValue", Take(m, "target", "averageValue"))),
        "pods" => Of(("metricName", Take(m, "metric", "name")), ("targetAverageValue", Take(m, "target", "averageValue")),
            ("selector", Take(m, "metric", "selector"))),
        "object" => Of(("target", Take(m, "describedObject")), ("metricName", Take(m, "metric", "name")), ("targetValue", Take(m, "target", "value") ?? "0"),
            ("selector", Take(m, "metric", "selector")), ("averageValue", Take(m, "target", "averageValue"))),
        _ => Of(("metricName", Take(m, "metric", "name")), ("metricSelector", Take(m, "metric", "selector")), ("targetValue", Take(m, "target", "value")),
            ("targetAverageValue", Take(m, "target", "averageValue"))),
    });

    public static JsonArray ToTwo(JsonArray one) => Each(one, static (kind, m) => kind switch
    {
        "resource" or "containerResource" => Of(("name", Take(m, "name")), ("container", Take(m, "container")),
            ("target", Target(null, Take(m, "targetAverageValue"), Take(m, "targetAverageUtilization")))),
        "pods" => Of(("metric", Metric(m, "metricName", "selector")), ("target", Target(null, Take(m, "targetAverageValue"), null))),
        "object" => Of(("describedObject", Take(m, "target")), ("metric", Metric(m, "metricName", "selector")),
            ("target", Target(NotZero(Take(m, "targetValue")), Take(m, "averageValue"), null))),
        _ => Of(("metric", Metric(m, "metricName", "metricSelector")), ("target", Target(Take(m, "targetValue"), Take(m, "targetAverageValue"), null))),
    });

    public static JsonArray StatusToOne(JsonArray two) => Each(two, static (kind, m) => kind switch
    {
        "resource" or "containerResource" => Of(("name", Take(m, "name")), ("container", Take(m, "container")),
            ("currentAverageUtilization", Take(m, "current", "averageUtilization")), ("currentAverageValue", Take(m, "current", "averageValue") ?? "0")),
        "pods" => Of(("metricName", Take(m, "metric", "name")), ("currentAverageValue", Take(m, "current", "averageValue") ?? "0"),
            ("selector", Take(m, "metric", "selector"))),
        "object" => Of(("target", Take(m, "describedObject")), ("metricName", Take(m, "metric", "name")), ("currentValue", Take(m, "current", "value") ?? "0"),
            ("selector", Take(m, "metric", "selector")), ("averageValue", Take(m, "current", "averageValue"))),
        _ => Of(("metricName", Take(m, "metric", "name")), ("metricSelector", Take(m, "metric", "selector")),
            ("currentValue", Take(m, "current", "value") ?? "0"), ("currentAverageValue", Take(m, "current", "averageValue"))),
    });

    public static JsonArray StatusToTwo(JsonArray one) => Each(one, static (kind, m) => kind switch
    {
        "resource" or "containerResource" => Of(("name", Take(m, "name")), ("container", Take(m, "container")),
            ("current", Value(null, NotZero(Take(m, "currentAverageValue")), Take(m, "currentAverageUtilization")))),
        "pods" => Of(("metric", Metric(m, "metricName", "selector")), ("current", Value(null, NotZero(Take(m, "currentAverageValue")), null))),
        "object" => Of(("describedObject", Take(m, "target")), ("metric", Metric(m, "metricName", "selector")),
            ("current", Value(NotZero(Take(m, "currentValue")), Take(m, "averageValue"), null))),
        _ => Of(("metric", Metric(m, "metricName", "metricSelector")),
            ("current", Value(NotZero(Take(m, "currentValue")), Take(m, "currentAverageValue"), null))),
    });

    private static readonly string[] Kinds = ["object", "pods", "resource", "containerResource", "external"];

    private static JsonArray Each(JsonArray metrics, Func<string, JsonObject, JsonObject> convert)
    {
        var result = new JsonArray();
        foreach (var item in metrics)
        {
            if (item is not JsonObject metric)
                continue;
            var converted = Of(("type", Take(metric, "type")));
            foreach (var kind in Kinds)
                if (metric[kind] is JsonObject source)
                    converted[kind] = convert(kind, source);
            result.Add((JsonNode)converted);
        }

        return result;
    }

    private static JsonObject Metric(JsonObject m, string name, string selector) => Of(("name", Take(m, name)), ("selector", Take(m, selector)));

    private static JsonObject Target(JsonNode? value, JsonNode? averageValue, JsonNode? averageUtilization) => Of(
        ("type", averageUtilization is not null ? "Utilization" : averageValue is not null ? "AverageValue" : "Value"),
        ("value", value), ("averageValue", averageValue), ("averageUtilization", averageUtilization));

    private static JsonObject Value(JsonNode? value, JsonNode? averageValue, JsonNode? averageUtilization) =>
        Of(("value", value), ("averageValue", averageValue), ("averageUtilization", averageUtilization));

    private static JsonNode? NotZero(JsonNode? quantity) => quantity is JsonValue text && text.TryGetValue<string>(out var s) && s == "0" ? null : quantity;

    private static JsonNode? Take(JsonObject o, string name) => o[name]?.DeepClone();

    private static JsonNode? Take(JsonObject o, string name, string below) => o[name] is JsonObject inner ? inner[below]?.DeepClone() : null;

    private static JsonObject Of(params ReadOnlySpan<(string Name, JsonNode? Value)> members)
    {
        var result = new JsonObject();
        foreach (var (name, value) in members)
            if (value is not null)
                result[name] = value;
        return result;
    }
}
