using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Coxswain.Api;
using Coxswain.Api.ApiRegistration.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Registry;
using Coxswain.Client;
using Coxswain.Storage;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Bootstrap;

/// <summary>A step of getting ready that health pages name.</summary>
internal sealed class StartHook(string name)
{
    private volatile bool _done;

    public string Name => name;

    public bool IsDone => _done;

    public void Finish() => _done = true;
}

/// <summary>Puts in place what every cluster has, and keeps it in place.</summary>
/// <remarks>Goes through the same path as everybody's requests, as the server itself. Level-triggered: each step looks at what is
/// there, so it can be repeated, and stopped anywhere.</remarks>
internal sealed partial class Bootstrapper(
    RegistryTable registries, ApiServerModule module, ApiServerOptions options, ApiServerPki pki, Func<CancellationToken, Task> repairServices,
    TimeProvider clock, ILogger<Bootstrapper> log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RepairInterval = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StepRetry = TimeSpan.FromMilliseconds(500);

    private readonly StartHook _informers = new("generic-apiserver-start-informers");
    private readonly StartHook _roles = new("rbac/bootstrap-roles");
    private readonly StartHook _namespaces = new("start-system-namespaces-controller");
    private readonly StartHook _priorities = new("scheduling/bootstrap-system-priority-classes");
    private readonly StartHook _flowControl = new("priority-and-fairness-config-producer");
    private readonly StartHook _services = new("bootstrap-controller");
    private readonly StartHook _registration = new("apiservice-registration-controller");
    private readonly IApiClient _api = module.ClientFor(Users.ApiServer, "kube-apiserver");
    private Lazy<ServerLeases?>? _leases;
    private int _port;

    public IReadOnlyList<StartHook> Hooks => [_informers, _roles, _namespaces, _priorities, _flowControl, _services, _registration];

    private ObjectEnsurer Ensurer => field ??= new(_api);

    private ServerLeases? Leases => (_leases ??= new(MakeLeases)).Value;

    public async Task RunAsync(int port, Task loaded, CancellationToken cancellation)
    {
        _port = port;
        await loaded;
        _informers.Finish();

        // Namespaces first: what lies in them comes after.
        await StepAsync(_namespaces, NamespacesAsync, cancellation);
        await Task.WhenAll(
            StepAsync(_roles, RolesAsync, cancellation),
            StepAsync(_priorities, PriorityClassesAsync, cancellation),
            StepAsync(_flowControl, FlowControlAsync, cancellation),
            StepAsync(_services, ServicesAsync, cancellation),
            StepAsync(_registration, ApiServicesAsync, cancellation));
    }

    /// <summary>Looks from time to time whether all is still in place.</summary>
    public async Task KeepAsync(CancellationToken cancellation)
    {
        await Task.WhenAll(KeepObjectsAsync(cancellation), RepairServicesAsync(cancellation), ExpireEventsAsync(cancellation));
    }

    private async Task RepairServicesAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(RepairInterval, clock);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            try
            {
                await repairServices(cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Nothing is worse than before; tried again at the next tick.
                LogRepairFailed(e);
            }
        }
    }

    private async Task ExpireEventsAsync(CancellationToken cancellation)
    {
        var events = new EventExpiry(registries, options.EventTtl, clock);
        using var timer = new PeriodicTimer(events.Interval, clock);
        do
        {
            try
            {
                if (!registries.Store.ExpiresKeys)
                    await events.SweepAsync(cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // What is left of this sweep is in the next one.
                LogExpiryFailed(e);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    private async Task KeepObjectsAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            try
            {
                await NamespacesAsync(cancellation);
                await ServicesAsync(cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Tried again at the next tick; the server goes on serving meanwhile.
                LogKeepFailed(e);
            }
        }
    }

    private async Task StepAsync(StartHook hook, Func<CancellationToken, Task> step, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await step(cancellation);
                hook.Finish();
                return;
            }
            catch (Exception refused) when (refused is StoreUnavailableException or ApiException { Code: 409 or 429 or >= 500 })
            {
                // The store is lost for a while, or several servers start at once: the step goes on where it was.
                LogStepFailed(hook.Name, refused.Message);
                await Task.Delay(StepRetry, clock, cancellation);
            }
        }
    }

    private Task NamespacesAsync(CancellationToken cancellation) =>
        Task.WhenAll(DefaultObjects.Namespaces().Select(n => Ensurer.EnsureExistsAsync(n, cancellation)));

    /// <remarks>Roles that gather the rules of others are filled by the controller of aggregated roles.</remarks>
    private async Task RolesAsync(CancellationToken cancellation)
    {
        await Task.WhenAll(
        [
            .. DefaultRoles.ClusterRoles.Select(r => Ensurer.EnsureAsync(r, RoleReconciliation.Update, cancellation)),
            .. DefaultRoles.ClusterRoleBindings.Select(r => Ensurer.EnsureAsync(r, RoleReconciliation.Update, cancellation)),
            .. DefaultRoles.Roles.Select(r => Ensurer.EnsureAsync(r, RoleReconciliation.Update, cancellation)),
            .. DefaultRoles.RoleBindings.Select(r => Ensurer.EnsureAsync(r, RoleReconciliation.Update, cancellation)),
        ]);
    }

    private Task PriorityClassesAsync(CancellationToken cancellation) =>
        Task.WhenAll(DefaultObjects.PriorityClasses().Select(p => Ensurer.EnsureExistsAsync(p, cancellation)));

    private async Task FlowControlAsync(CancellationToken cancellation)
    {
        var (levels, schemas) = DefaultObjects.FlowControl();
        var ensurer = new ObjectEnsurer(module.ClientFor(Users.ApiServer, "api-priority-and-fairness-config-producer-v1"));
        await Task.WhenAll(levels.Select(l => ensurer.EnsureExistsAsync(l, cancellation)));
        await Task.WhenAll(schemas.Select(s => ensurer.EnsureExistsAsync(s, cancellation)));
    }

    private async Task ApiServicesAsync(CancellationToken cancellation)
    {
        var status = DefaultObjects.Available(Now());
        await Task.WhenAll(DefaultObjects.ApiServices(registries.Visible.Select(r => r.Descriptor)).Select(async service =>
        {
            await Ensurer.EnsureExistsAsync(service, cancellation);
            if (await _api.FindAsync<APIService>(new("", service.Metadata.Name), cancellation) is { Status.Conditions.Count: 0 } made)
                await _api.UpdateStatusAsync(made with { Status = status }, cancellation);
        }));
    }

    private async Task ServicesAsync(CancellationToken cancellation)
    {
        await Ensurer.EnsureExistsAsync(DefaultObjects.ServiceCidr(options.ServiceClusterIPRange), cancellation);
        await Ensurer.EnsureAsync(
            DefaultObjects.ExtensionAuthentication(
                pki.ClientAuthority.ExportCertificatePem() + "\n",
                string.Concat(pki.EffectiveRequestHeaderAuthorities.Select(authority => authority.ExportCertificatePem() + "\n")), options),
            static (existing, wanted) => wanted.Data.All(pair => existing.Data.GetValueOrDefault(pair.Key) == pair.Value)
                ? null
                : existing with { Data = wanted.Data.Aggregate(existing.Data, (data, pair) => data.With(pair.Key, pair.Value)) },
            cancellation);
        await Ensurer.EnsureAsync(
            DefaultObjects.KubernetesService(options.ServiceClusterIPRange, _port),
            static (existing, wanted) => existing.Spec.Ports == wanted.Spec.Ports ? null : existing with { Spec = existing.Spec with { Ports = wanted.Spec.Ports } },
            cancellation);
        await EndpointsAsync(cancellation);
    }

    /// <summary>Where pods that use the kubernetes Service end up: at the servers that are alive, of which this is one.</summary>
    private async Task EndpointsAsync(CancellationToken cancellation)
    {
        // Endpoints may not name a loopback address; a server that only its own machine can reach has none.
        if (Leases is not { } leases)
            return;
        await leases.RenewAsync(cancellation);
        await NameAsync(await leases.LiveAsync(cancellation), cancellation);
    }

    /// <summary>Says that this server goes. The last one stays named: where nobody is left, nobody could be asked instead.</summary>
    public async Task LeaveAsync(CancellationToken cancellation)
    {
        if (Leases is not { } leases || !_services.IsDone)
            return;
        try
        {
            await leases.RemoveAsync(cancellation);
            if (await leases.LiveAsync(cancellation) is { Count: > 0 } left)
                await NameAsync(left, cancellation);
        }
        catch (Exception e) when (e is ApiException or StoreException or OperationCanceledException)
        {
            // Then the others take it out when its lease is over.
            LogNotLeft(e.Message);
        }
    }

    private async Task NameAsync(IReadOnlyList<string> servers, CancellationToken cancellation)
    {
        var family = IPAddress.Parse(servers[0]).AddressFamily;
        await Ensurer.EnsureAsync(
            new Endpoints
            {
                Metadata = new() { Name = "kubernetes", Namespace = "default", Labels = ApiMap.Of("endpointslice.kubernetes.io/skip-mirror", "true") },
                Subsets =
                [
                    new()
                    {
                        Addresses = servers.Select(ip => new EndpointAddress { Ip = ip }).ToApiList(),
                        Ports = [new() { Name = "https", Port = _port, Protocol = "TCP" }],
                    },
                ],
            },
            static (existing, wanted) => existing.Subsets == wanted.Subsets ? null : existing with { Subsets = wanted.Subsets },
            cancellation);
        await Ensurer.EnsureAsync(
            new EndpointSlice
            {
                Metadata = new() { Name = "kubernetes", Namespace = "default", Labels = ApiMap.Of("kubernetes.io/service-name", "kubernetes") },
                AddressType = family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4",
                Endpoints = servers.Where(ip => IPAddress.Parse(ip).AddressFamily == family)
                    .Select(ip => new Endpoint { Addresses = [ip], Conditions = new() { Ready = true } }).ToApiList(),
                Ports = [new() { Name = "https", Port = _port, Protocol = "TCP" }],
            },
            static (existing, wanted) => existing.Endpoints == wanted.Endpoints && existing.Ports == wanted.Ports
                ? null
                : existing with { Endpoints = wanted.Endpoints, Ports = wanted.Ports },
            cancellation);
    }

    private ServerLeases? MakeLeases() =>
        AdvertisedAddress() is var address && IPAddress.IsLoopback(address) ? null : new(registries.Store, address.ToString(), clock);

    private IPAddress AdvertisedAddress()
    {
        if (options.AdvertiseAddress.Length > 0)
            return IPAddress.Parse(options.AdvertiseAddress);
        if (options.BindAddress is not ("" or "0.0.0.0" or "::"))
            return IPAddress.Parse(options.BindAddress);
        foreach (var card in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (card.OperationalStatus != OperationalStatus.Up || card.NetworkInterfaceType == NetworkInterfaceType.Loopback)
                continue;
            foreach (var address in card.GetIPProperties().UnicastAddresses)
                if (address.Address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address.Address))
                    return address.Address;
        }

        return IPAddress.Loopback;
    }

    private DateTimeOffset Now()
    {
        var now = clock.GetUtcNow();
        return new(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
    }

    [LoggerMessage(LogLevel.Warning, "Getting ready waits at {Step}: {Reason}")]
    private partial void LogStepFailed(string step, string reason);

    [LoggerMessage(LogLevel.Warning, "The cluster's default objects could not be checked; trying again")]
    private partial void LogKeepFailed(Exception error);

    [LoggerMessage(LogLevel.Warning, "Addresses and node ports of services could not be checked; trying again")]
    private partial void LogRepairFailed(Exception error);

    [LoggerMessage(LogLevel.Warning, "Other servers could not be told that this one ends: {Reason}")]
    private partial void LogNotLeft(string reason);

    [LoggerMessage(LogLevel.Warning, "Old events could not be removed; trying again")]
    private partial void LogExpiryFailed(Exception error);
}
