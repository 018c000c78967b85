using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.ApiRegistration.V1;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Bootstrap;
using Coxswain.ApiServer.Registry;
using Coxswain.Client;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Aggregation;

/// <summary>Says in the status of API services whether they can be reached, and learns from those that can what they serve.</summary>
/// <remarks>Level-triggered: compares what is there with what the status says. First the Service and its endpoints are looked at, then
/// the server itself is asked, by a question that it answers anyway: which resources it has.</remarks>
internal sealed partial class AvailabilityController(
    RegistryTable registries, AggregatedApi aggregated, AggregationTransport transport, IApiClient api, TimeProvider clock, ILogger<AvailabilityController> log)
{
    private const string OpenApi = "/openapi/v3";
    private const int LargestAnswer = 16 * 1024 * 1024;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RecheckFailed = TimeSpan.FromSeconds(1);
    private static readonly UserInfo Asker = Users.Component("system:kube-aggregator", Users.MastersGroup);

    private static readonly ObjectCodec ListCodec = APIResourceList.Codec;

    private readonly Dictionary<string, Check> _checks = new(StringComparer.Ordinal);
    private object? _localSeen;

    /// <param name="Result">Null: the server answered.</param>
    private sealed record Check(APIServiceSpec Spec, string? Result, long Time);

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            await LocalAsync(cancellation);
            var services = aggregated.Current.Services.ToList();
            foreach (var gone in _checks.Keys.Except(services.Select(s => s.Object.Metadata.Name)).ToList())
                _checks.Remove(gone);
            await Task.WhenAll(services.Select(service => UpdateAsync(service, cancellation)));
        }
    }

    /// <summary>The condition of an API service whose Service or endpoints are not there; null: they are.</summary>
    internal static APIServiceCondition? Judge(IClusterView cluster, ServiceReference reference)
    {
        var (name, port) = (reference.Name, reference.Port ?? 443);
        var where = $"{name} in {GoText.Quote(reference.Namespace)}";
        if (cluster.Find<Service>(new(reference.Namespace, name)) is not { } service)
            return No("ServiceNotFound", $"service/{where} is not present");
        if (service.Spec.Type == ServiceType.ClusterIP)
        {
            if (service.Spec.Ports.FirstOrDefault(p => p.Port == port) is not { } listening)
                return No("ServicePortError", $"service/{where} is not listening on port {port}");
            var slices = cluster.List<EndpointSlice>(reference.Namespace)
                .Where(s => s.Metadata.Labels.GetValueOrDefault("kubernetes.io/service-name") == name).ToList();
            if (slices.Count == 0)
                return No("EndpointsNotFound", $"cannot find endpointslices for service/{where}");
            if (!slices.Any(s => s.Ports.Any(p => (p.Name ?? "") == listening.Name) && s.Endpoints.Any(e => e.Conditions.Ready ?? true)))
                return No("MissingEndpoints", $"endpointslices for service/{where} have no addresses with port name {GoText.Quote(listening.Name)}");
        }

        return null;
    }

    /// <summary>The API service with the condition; null if it says so already.</summary>
    internal static APIService? Update(APIService service, APIServiceCondition condition, DateTimeOffset now)
    {
        var old = service.Status.Conditions.FirstOrDefault(c => c.Type == condition.Type);
        if (old is not null && old with { LastTransitionTime = null } == condition)
            return null;
        var since = old?.Status == condition.Status ? old.LastTransitionTime : Whole(now);
        var others = service.Status.Conditions.Where(c => c.Type != condition.Type);
        return service with { Status = service.Status with { Conditions = [.. others, condition with { LastTransitionTime = since }] } };
    }

    private async Task UpdateAsync(AggregatedService service, CancellationToken cancellation)
    {
        var condition = Judge(registries, service.Object.Spec.Service!);
        if (condition is null)
        {
            var failure = await AskAsync(service, cancellation);
            condition = failure is null
                ? new() { Type = "Available", Status = "True", Reason = "Passed", Message = "all checks passed" }
                : No("FailedDiscoveryCheck", failure);
        }
        else
        {
            lock (_checks)
                _checks.Remove(service.Object.Metadata.Name);
            aggregated.Learn(service.GroupVersion, known => known with { IsFresh = false });
        }

        if (Update(service.Object, condition, clock.GetUtcNow()) is { } updated)
            await WriteAsync(updated, cancellation);
    }

    /// <summary>Asks a server which resources it has, unless it was asked a moment ago.</summary>
    /// <returns>What was wrong; null: nothing.</returns>
    private async Task<string?> AskAsync(AggregatedService service, CancellationToken cancellation)
    {
        var name = service.Object.Metadata.Name;
        Check? last;
        lock (_checks)
            last = _checks.GetValueOrDefault(name);
        if (last is not null && last.Spec == service.Object.Spec && clock.GetElapsedTime(last.Time) < (last.Result is null ? Recheck : RecheckFailed))
            return last.Result;

        var path = $"/apis/{service.Object.Spec.Group}/{service.Object.Spec.Version}";
        string? failure = null;
        try
        {
            var body = await GetAsync(service, path, cancellation);
            var resources = ResourcesOf(body);
            var openApi = await OpenApiOfAsync(service, path[1..], cancellation);
            aggregated.Learn(service.GroupVersion, known => new(resources ?? known.Resources, resources is not null, openApi));
        }
        catch (AskException error)
        {
            failure = error.Message;
            aggregated.Learn(service.GroupVersion, known => known with { IsFresh = false });
        }

        lock (_checks)
            _checks[name] = new(service.Object.Spec, failure, clock.GetTimestamp());
        return failure;
    }

    private async Task<byte[]> GetAsync(AggregatedService service, string path, CancellationToken cancellation)
    {
        var where = $"https://{service.ServerName}:{service.Port}{path}";
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(Patience);
        try
        {
            var (host, port) = await transport.ResolveAsync(service, deadline.Token);
            where = new UriBuilder(Uri.UriSchemeHttps, host, port, path).Uri.ToString();
            using var message = new HttpRequestMessage(HttpMethod.Get, AggregationTransport.Address(service, path));
            message.Headers.Accept.ParseAdd("application/json");
            foreach (var (header, value) in RemoteUser.Joined(Asker))
                message.Headers.TryAddWithoutValidation(header, value);
            using var answer = await transport.InvokerFor(service).SendAsync(message, deadline.Token);
            if (!answer.IsSuccessStatusCode)
                throw new AskException($"failing or missing response from {where}: bad status from {where}: {(int)answer.StatusCode}");
            await using var stream = await answer.Content.ReadAsStreamAsync(deadline.Token);
            using var body = new MemoryStream();
            var chunk = new byte[16 * 1024];
            int read;
            while ((read = await stream.ReadAsync(chunk, deadline.Token)) > 0)
            {
                if (body.Length + read > LargestAnswer)
                    throw new AskException($"failing or missing response from {where}: the answer is larger than {LargestAnswer} bytes");
                body.Write(chunk, 0, read);
            }

            return body.ToArray();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new AskException($"failing or missing response from {where}: Get {GoText.Quote(where)}: context deadline exceeded");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ApiException or AggregationTrustException)
        {
            throw new AskException($"failing or missing response from {where}: Get {GoText.Quote(where)}: {AggregationProxy.CauseOf(e)}");
        }
    }

    private static APIResourceList? ResourcesOf(byte[] body)
    {
        try
        {
            return (APIResourceList)ListCodec.ReadJson(body, null);
        }
        catch (DecodeException)
        {
            // It answers, so it is available; what it serves stays unknown.
            return null;
        }
    }

    /// <summary>Where the server's documents of OpenAPI v3 are; a server need not have any.</summary>
    private async Task<IReadOnlyDictionary<string, string>> OpenApiOfAsync(AggregatedService service, string path, CancellationToken cancellation)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var index = JsonDocument.Parse(await GetAsync(service, OpenApi, cancellation));
            if (index.RootElement.TryGetProperty("paths", out var paths) && paths.TryGetProperty(path, out var entry)
                && entry.TryGetProperty("serverRelativeURL", out var url) && url.GetString() is { } address
                && address.StartsWith($"{OpenApi}/{path}", StringComparison.Ordinal))
                found[path] = address;
        }
        catch (Exception e) when (e is AskException or JsonException or InvalidOperationException)
        {
            LogNoOpenApi(service.Object.Metadata.Name, e.Message);
        }

        var known = aggregated.Current.KnowledgeOf(service.GroupVersion).OpenApi;
        return known.OrderBy(one => one.Key, StringComparer.Ordinal).SequenceEqual(found) ? known : found;
    }

    /// <summary>What this server serves itself is always available; somebody else may have made the API service.</summary>
    private async Task LocalAsync(CancellationToken cancellation)
    {
        var registry = registries.For<APIService>();
        if (ReferenceEquals(registry.Cache.State, _localSeen))
            return;
        _localSeen = registry.Cache.State;
        foreach (var service in registries.List<APIService>("").Where(s => s.Spec.Service is null).ToList())
            if (Update(service, DefaultObjects.Available(clock.GetUtcNow()).Conditions[0] with { LastTransitionTime = null }, clock.GetUtcNow()) is { } updated)
                await WriteAsync(updated, cancellation);
    }

    private async Task WriteAsync(APIService updated, CancellationToken cancellation)
    {
        try
        {
            await api.UpdateStatusAsync(updated, cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Changed or deleted meanwhile, or the store is out of reach: looked at again at the next tick.
            _localSeen = null;
            LogNotWritten(updated.Metadata.Name, e);
        }
    }

    private static DateTimeOffset Whole(DateTimeOffset now) => new(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    private static APIServiceCondition No(string reason, string message) =>
        new() { Type = "Available", Status = "False", Reason = reason, Message = message };

    [LoggerMessage(LogLevel.Debug, "The availability of the API service {Name} could not be written; trying again")]
    private partial void LogNotWritten(string name, Exception error);

    [LoggerMessage(LogLevel.Debug, "The server behind the API service {Name} has no OpenAPI document: {Reason}")]
    private partial void LogNoOpenApi(string name, string reason);

    private sealed class AskException(string message) : Exception(message);
}
