using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;
using Coxswain.Client;
using Coxswain.Storage;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Gives services cluster IPs, each recorded by an IPAddress object, and node ports.</summary>
/// <remarks>Address objects are the lock: whoever creates one owns the address. Node ports are bits of one object in the store.</remarks>
internal sealed class ServiceAllocator : IServiceAllocator, IDisposable
{
    private readonly ServiceAddressPool addresses;
    private readonly NodePortPool ports;
    private readonly IApiClient api;

    public ServiceAllocator(ServiceAddressPool addresses, PortRange nodePorts, IStore store, IApiClient api)
    {
        (this.addresses, this.api) = (addresses, api);
        ports = new(nodePorts, store, UsedPortsAsync);
        Families = new(addresses.Families);
    }

    public ServiceFamilies Families { get; }

    public void Dispose() => ports.Dispose();

    /// <summary>Sets right what servers that ended half-way left behind: ports and addresses without a service, services without theirs.
    /// To be called from time to time, and by one caller.</summary>
    public async Task RepairAsync(CancellationToken cancellation)
    {
        await ports.RepairAsync(cancellation);
        await addresses.RepairAsync(cancellation);
    }

    public async ValueTask<Allocation> AllocateAsync(Service service, Service? old, bool dryRun, CancellationToken cancellation)
    {
        var transaction = new Transaction(this, dryRun);
        try
        {
            service = await ClusterIPsAsync(service, old, transaction, cancellation);
            service = await NodePortsAsync(service, old, transaction, cancellation);
        }
        catch
        {
            await transaction.RollbackAsync(CancellationToken.None);
            throw;
        }

        return new Allocation(service, transaction.CommitAsync, transaction.RollbackAsync);
    }

    public async ValueTask ReleaseAsync(Service service, CancellationToken cancellation)
    {
        if (ServiceNeeds.ClusterIP(service))
            foreach (var address in service.Spec.ClusterIPs)
                if (address.Length > 0 && address != "None")
                    await addresses.ReleaseAsync(address, cancellation);
        await ports.ReleaseAsync(Taken(service), cancellation);
    }

    private async ValueTask<Service> ClusterIPsAsync(Service service, Service? old, Transaction transaction, CancellationToken cancellation)
    {
        var had = old is not null && ServiceNeeds.ClusterIP(old) ? old.Spec.ClusterIPs : default;
        if (!ServiceNeeds.ClusterIP(service))
        {
            foreach (var address in had)
                transaction.GiveBack(address);
            return service;
        }

        if (ServiceNeeds.IsHeadless(service))
            return service;
        var wanted = service.Spec.ClusterIPs;
        var given = new List<string>();
        for (var i = 0; i < service.Spec.IpFamilies.Count; i++)
        {
            var asked = i < wanted.Count ? wanted[i] : "";
            if (asked.Length > 0 && had.AsSpan().Contains(asked))
            {
                given.Add(asked);
                continue;
            }

            if (asked.Length > 0)
                await TakeAskedAsync(service, asked, transaction, cancellation);
            else if (!transaction.DryRun)
                asked = await TakeAnyAsync(service, service.Spec.IpFamilies[i], transaction, cancellation);
            if (asked.Length > 0)
                given.Add(asked);
        }

        foreach (var address in had)
            if (!given.Contains(address))
                transaction.GiveBack(address);
        return given.Count == 0 ? service : service with { Spec = service.Spec with { ClusterIP = given[0], ClusterIPs = given.ToApiList() } };
    }

    private async ValueTask TakeAskedAsync(Service service, string address, Transaction transaction, CancellationToken cancellation)
    {
        var problem = addresses.OutOfRange(address);
        if (problem is null && transaction.DryRun)
            problem = addresses.IsKnown(address) ? ServiceAddressPool.Allocated : null;
        else if (problem is null)
            problem = await addresses.TryTakeAsync(address, service, cancellation) ? null : ServiceAddressPool.Allocated;
        if (problem is not null)
            throw Invalid(service, errors => errors.Invalid(Paths.Spec.Child("clusterIPs"), service.Spec.ClusterIPs,
                $"failed to allocated ip:{address} with error:{problem}"));
        transaction.Took(address);
    }

    private async ValueTask<string> TakeAnyAsync(Service service, string family, Transaction transaction, CancellationToken cancellation)
    {
        var address = await addresses.TakeAnyAsync(family, service, keep: !transaction.DryRun, cancellation)
            ?? throw new ApiException(Statuses.InternalError("failed to allocate a serviceIP: range is full"));
        transaction.Took(address);
        return address;
    }

    private async ValueTask<Service> NodePortsAsync(Service service, Service? old, Transaction transaction, CancellationToken cancellation)
    {
        var had = old is null ? [] : Taken(old);
        var kept = new HashSet<int>();
        if (ServiceNeeds.NodePorts(service))
        {
            var list = service.Spec.Ports;
            for (var i = 0; i < list.Count; i++)
            {
                var port = list[i].NodePort;
                if (port == 0)
                    list = list.SetItem(i, list[i] with { NodePort = port = SameNumber(list, i) ?? await TakeAnyAsync(transaction, kept, cancellation) });
                else if (!kept.Contains(port) && !had.Contains(port))
                    await TakeAskedAsync(service, port, Paths.Spec.Child("ports").Index(i).Child("nodePort"), transaction, cancellation);
                kept.Add(port);
            }

            service = service with { Spec = service.Spec with { Ports = list } };
        }

        if (ServiceNeeds.HealthCheckNodePort(service))
        {
            var port = service.Spec.HealthCheckNodePort;
            if (port == 0)
                service = service with { Spec = service.Spec with { HealthCheckNodePort = port = await TakeAnyAsync(transaction, kept, cancellation) } };
            else if (!had.Contains(port))
                await TakeAskedAsync(service, port, Paths.Spec.Child("healthCheckNodePort"), transaction, cancellation);
            kept.Add(port);
        }

        foreach (var port in had)
            if (!kept.Contains(port))
                transaction.GiveBack(port);
        return service;

        // One number serves one port over several protocols.
        static int? SameNumber(ApiList<ServicePort> all, int index)
        {
            for (var j = 0; j < index; j++)
                if (all[j].Port == all[index].Port && all[j].Protocol != all[index].Protocol && all[j].NodePort != 0)
                    return all[j].NodePort;
            return null;
        }
    }

    private async ValueTask<int> TakeAnyAsync(Transaction transaction, HashSet<int> kept, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < 8; attempt++)
        {
            var port = await ports.TakeAnyAsync(keep: !transaction.DryRun, cancellation)
                ?? throw new ApiException(Statuses.InternalError("failed to allocate a nodePort: range is full"));
            transaction.Took(port);
            if (!kept.Contains(port))
                return port;
        }

        throw new ApiException(Statuses.InternalError("failed to allocate a nodePort: range is full"));
    }

    private async ValueTask TakeAskedAsync(Service service, int port, FieldPath path, Transaction transaction, CancellationToken cancellation)
    {
        if (!ports.Range.Contains(port))
            throw Invalid(service, errors => errors.Invalid(path, port,
                $"provided port is not in the valid range. The range of valid ports is {ports.Range}"));
        if (transaction.DryRun ? !await ports.IsFreeAsync(port, cancellation) : !await ports.TryTakeAsync(port, cancellation))
            throw Invalid(service, errors => errors.Invalid(path, port, "provided port is already allocated"));
        transaction.Took(port);
    }

    private static HashSet<int> Taken(Service service)
    {
        var taken = new HashSet<int>();
        if (ServiceNeeds.NodePorts(service))
            foreach (var port in service.Spec.Ports)
                if (port.NodePort != 0)
                    taken.Add(port.NodePort);
        if (ServiceNeeds.HealthCheckNodePort(service) && service.Spec.HealthCheckNodePort != 0)
            taken.Add(service.Spec.HealthCheckNodePort);
        return taken;
    }

    private async Task<IEnumerable<int>> UsedPortsAsync(CancellationToken cancellation) =>
        (await api.ListAsync<Service>(new ListQuery(), cancellation)).Items.SelectMany(Taken);

    private static ApiException Invalid(Service service, Action<FieldErrors> say)
    {
        var errors = new FieldErrors();
        say(errors);
        return new ApiException(Statuses.Invalid(Service.ResourceKind, service.Metadata.Name, errors));
    }

    /// <summary>What one write took and will give back.</summary>
    private sealed class Transaction(ServiceAllocator owner, bool dryRun)
    {
        private readonly List<string> takenAddresses = [];
        private readonly List<string> oldAddresses = [];
        private readonly List<int> takenPorts = [];
        private readonly List<int> oldPorts = [];

        public bool DryRun => dryRun;

        public void Took(string address) => takenAddresses.Add(address);

        public void Took(int port) => takenPorts.Add(port);

        public void GiveBack(string address)
        {
            if (address.Length > 0 && address != "None")
                oldAddresses.Add(address);
        }

        public void GiveBack(int port) => oldPorts.Add(port);

        public ValueTask CommitAsync(CancellationToken cancellation) => ReleaseAsync(oldAddresses, oldPorts, cancellation);

        public ValueTask RollbackAsync(CancellationToken cancellation) => ReleaseAsync(takenAddresses, takenPorts, cancellation);

        private async ValueTask ReleaseAsync(List<string> addresses, List<int> ports, CancellationToken cancellation)
        {
            if (dryRun)
                return;
            await owner.ports.ReleaseAsync(ports, cancellation);
            foreach (var address in addresses)
                await owner.addresses.ReleaseAsync(address, cancellation);
        }
    }
}
