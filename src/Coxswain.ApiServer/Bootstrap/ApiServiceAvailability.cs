using Coxswain.Api;
using Coxswain.Api.ApiRegistration.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Registry;
using Coxswain.Client;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Bootstrap;

/// <summary>Says in the status of API services that others serve whether they can be reached.</summary>
/// <remarks>Level-triggered: compares what is there with what the status says. Requests are not forwarded to other servers yet, so none is
/// ever called available; what keeps it from being so is named as far as it can be seen from here.</remarks>
internal sealed partial class ApiServiceAvailability(RegistryTable registries, ApiServerModule module, TimeProvider clock, ILogger<ApiServiceAvailability> log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly IApiClient _api = module.ClientFor(Users.ApiServer, "kube-apiserver");
    private List<APIService> _elsewhere = [];
    private int _seen;

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            foreach (var service in ServedElsewhere())
            {
                if (Update(service, Judge(registries, service.Spec.Service!), clock.GetUtcNow()) is { } updated)
                    await WriteAsync(updated, cancellation);
            }
        }
    }

    /// <summary>The condition of an API service that a Service of the cluster leads to.</summary>
    internal static APIServiceCondition Judge(IClusterView cluster, ServiceReference reference)
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

        return No("FailedDiscoveryCheck", $"requests are not forwarded to service/{where} by this server");
    }

    /// <summary>The API service with the condition; null if it says so already.</summary>
    internal static APIService? Update(APIService service, APIServiceCondition condition, DateTimeOffset now)
    {
        var old = service.Status.Conditions.FirstOrDefault(c => c.Type == condition.Type);
        if (old is not null && old with { LastTransitionTime = null } == condition)
            return null;
        var since = old?.Status == condition.Status ? old.LastTransitionTime : new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        var others = service.Status.Conditions.Where(c => c.Type != condition.Type);
        return service with { Status = service.Status with { Conditions = [.. others, condition with { LastTransitionTime = since }] } };
    }

    /// <summary>The API services with a Service. Mostly there are none, and a server that idles should not decode the others each second:
    /// they are looked at when one of them has changed.</summary>
    private List<APIService> ServedElsewhere()
    {
        var revisions = new HashCode();
        foreach (var cached in registries.For<APIService>().Cache.Snapshot().Range(registries.For<APIService>().KeyPrefix))
            revisions.Add(cached.Revision);
        var now = revisions.ToHashCode();
        if (now != _seen)
        {
            _elsewhere = [.. registries.List<APIService>("").Where(s => s.Spec.Service is not null)];
            _seen = now;
        }

        return _elsewhere;
    }

    private async Task WriteAsync(APIService updated, CancellationToken cancellation)
    {
        try
        {
            await _api.UpdateStatusAsync(updated, cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Changed or deleted meanwhile, or the store is out of reach: looked at again at the next tick.
            LogNotWritten(updated.Metadata.Name, e);
        }
    }

    private static APIServiceCondition No(string reason, string message) =>
        new() { Type = "Available", Status = "False", Reason = reason, Message = message };

    [LoggerMessage(LogLevel.Debug, "The availability of the API service {Name} could not be written; trying again")]
    private partial void LogNotWritten(string name, Exception error);
}
