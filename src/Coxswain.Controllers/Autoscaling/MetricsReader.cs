using System.Globalization;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Autoscaling.V2;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <param name="Value">In thousandths.</param>
/// <param name="Window">Over which time the value was taken.</param>
internal readonly record struct PodMetric(long Value, DateTimeOffset Timestamp, TimeSpan Window);

/// <summary>What the metrics APIs, which are served by other programs, say; messages are upstream's.</summary>
internal sealed class MetricsReader(IApiClient api)
{
    private static readonly TimeSpan DefaultWindow = TimeSpan.FromMinutes(1);

    /// <summary>The usage of a resource by each pod that a selector matches, or by one container of each.</summary>
    /// <exception cref="MetricException">The API cannot be reached or says nothing.</exception>
    public async Task<Dictionary<string, PodMetric>> ResourceAsync(string resource, string ns, string selector, string? container, CancellationToken cancellation)
    {
        using var list = await ReadAsync("resource metrics", $"/apis/metrics.k8s.io/v1beta1/namespaces/{ns}/pods?labelSelector={Uri.EscapeDataString(selector)}", cancellation)
            .ConfigureAwait(false);
        var result = new Dictionary<string, PodMetric>(StringComparer.Ordinal);
        foreach (var pod in Items(list, "resource metrics"))
        {
            if (UsageOf(pod, resource, container) is { } usage)
                result[Text(Member(pod, "metadata"), "name")] = new(usage, TimeOf(pod), WindowOf(pod));
        }
        return result;
    }

    /// <summary>A custom metric of each pod that a selector matches.</summary>
    public async Task<Dictionary<string, PodMetric>> PodsAsync(MetricIdentifier metric, string ns, string selector, CancellationToken cancellation)
    {
        var root = await CustomRootAsync(cancellation).ConfigureAwait(false);
        using var list = await ReadAsync("custom metrics",
            $"{root}/namespaces/{ns}/pods/*/{Uri.EscapeDataString(metric.Name)}?labelSelector={Uri.EscapeDataString(selector)}{MetricSelector(metric, "&metricLabelSelector=")}", cancellation)
            .ConfigureAwait(false);
        var result = new Dictionary<string, PodMetric>(StringComparer.Ordinal);
        foreach (var item in Items(list, "custom metrics"))
            result[Text(Member(item, "describedObject"), "name")] = new(ValueOf(item), TimeOf(item), WindowOf(item));
        return result;
    }

    /// <summary>A custom metric of one object.</summary>
    /// <param name="resource">The object's resource as paths name it (<c>ingresses.networking.k8s.io</c>).</param>
    public async Task<long> ObjectAsync(MetricIdentifier metric, string resource, NamespacedName name, CancellationToken cancellation)
    {
        var root = await CustomRootAsync(cancellation).ConfigureAwait(false);
        var place = resource == "namespaces" ? $"/namespaces/{name.Name}/metrics"
            : (name.Namespace.Length > 0 ? $"/namespaces/{name.Namespace}" : "") + $"/{resource}/{name.Name}";
        using var list = await ReadAsync("custom metrics", $"{root}{place}/{Uri.EscapeDataString(metric.Name)}{MetricSelector(metric, "?metricLabelSelector=")}", cancellation)
            .ConfigureAwait(false);
        return ValueOf(Items(list, "custom metrics")[0]);
    }

    /// <summary>The sum of an external metric's values.</summary>
    public async Task<long> ExternalAsync(MetricIdentifier metric, string ns, CancellationToken cancellation)
    {
        using var list = await ReadAsync("external metrics",
            $"/apis/external.metrics.k8s.io/v1beta1/namespaces/{ns}/{Uri.EscapeDataString(metric.Name)}{MetricSelector(metric, "?labelSelector=")}", cancellation)
            .ConfigureAwait(false);
        return Items(list, "external metrics").Sum(ValueOf);
    }

    private async Task<string> CustomRootAsync(CancellationToken cancellation)
    {
        using var group = await ReadAsync("custom metrics", "/apis/custom.metrics.k8s.io", cancellation).ConfigureAwait(false);
        return group.RootElement.TryGetProperty("preferredVersion", out var preferred) && Text(preferred, "groupVersion") is { Length: > 0 } version
            ? "/apis/" + version
            : "/apis/custom.metrics.k8s.io/v1beta1";
    }

    private async Task<JsonDocument> ReadAsync(string what, string path, CancellationToken cancellation)
    {
        try
        {
            return JsonDocument.Parse(await api.GetRawAsync(path, cancellation).ConfigureAwait(false));
        }
        catch (Exception error) when (error is ApiException or IOException or HttpRequestException or TimeoutException or JsonException)
        {
            throw new MetricException($"unable to fetch metrics from {what} API: {error.Message}");
        }
    }

    private static List<JsonElement> Items(JsonDocument list, string what)
    {
        if (list.RootElement.ValueKind == JsonValueKind.Object && list.RootElement.TryGetProperty("items", out var items)
            && items.ValueKind == JsonValueKind.Array && items.GetArrayLength() > 0)
            return [.. items.EnumerateArray()];
        throw new MetricException($"no metrics returned from {what} API");
    }

    private static string MetricSelector(MetricIdentifier metric, string prefix) =>
        metric.Selector is { } selector ? prefix + Uri.EscapeDataString(Selector.From(selector).ToString() ?? "") : "";

    /// <summary>Null where a container does not tell: the sum would be too small.</summary>
    private static long? UsageOf(JsonElement pod, string resource, string? container)
    {
        if (!pod.TryGetProperty("containers", out var containers) || containers.ValueKind != JsonValueKind.Array)
            return null;
        long sum = 0;
        var found = container is null;
        foreach (var one in containers.EnumerateArray())
        {
            if (container is not null && Text(one, "name") != container)
                continue;
            if (!one.TryGetProperty("usage", out var usage) || !Quantity.TryParse(Text(usage, resource), out var amount))
                return null;
            sum += amount.MilliValue;
            found = true;
        }
        return found ? sum : null;
    }

    private static long ValueOf(JsonElement item) => Quantity.TryParse(Text(item, "value"), out var value) ? value.MilliValue : 0;

    private static DateTimeOffset TimeOf(JsonElement item) =>
        DateTimeOffset.TryParse(Text(item, "timestamp"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : default;

    private static TimeSpan WindowOf(JsonElement item)
    {
        // Resource metrics tell a duration, custom ones seconds.
        if (item.TryGetProperty("windowSeconds", out var seconds) && seconds.TryGetInt64(out var number))
            return TimeSpan.FromSeconds(number);
        try
        {
            return Text(item, "window") is { Length: > 0 } text ? GoDuration.Parse(text) : DefaultWindow;
        }
        catch (DecodeException)
        {
            return DefaultWindow;
        }
    }

    private static JsonElement Member(JsonElement element, string member) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(member, out var value) ? value : default;

    private static string Text(JsonElement element, string member) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}

/// <summary>A metric cannot be had, or nothing can be concluded from it; the message is for the user.</summary>
internal sealed class MetricException(string message) : Exception(message);
