using Coxswain.Api;
using Coxswain.Api.ApiRegistration.V1;
using Coxswain.ApiServer.Bootstrap;
using Coxswain.ApiServer.Registry;
using Coxswain.Client;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>Keeps an APIService for each group and version that definitions serve, and removes those that they no longer serve.</summary>
internal sealed class CustomApiServices(RegistryTable registries, IApiClient api, TimeProvider clock)
{
    private const string Managed = "kube-aggregator.kubernetes.io/automanaged";
    private const int GroupPriority = 1000;
    private const int VersionPriority = 100;

    private ServedResources? _settled;

    public async Task SettleAsync(CancellationToken cancellation)
    {
        if (ReferenceEquals(registries.Served, _settled) || registries.Find(APIService.Descriptor.Resource) is not { } registry)
            return;
        var there = (await registry.ReadAsync(cancellation)).Range(registry.KeyPrefix).Select(cached => (APIService)cached.Object)
            .Where(service => service.Metadata.Labels.GetValueOrDefault(Managed) == "true")
            .ToDictionary(service => service.Metadata.Name, StringComparer.Ordinal);

        // After the API services: what another server has made one for is then known here, too, and its API service is not taken for a leftover.
        var served = registries.Served;
        foreach (var version in served.Descriptors.Select(d => d.Kind.GroupVersion).Where(v => !registries.IsBuiltIn(v.Group)).Distinct())
        {
            var name = $"{version.Version}.{version.Group}";
            if (!there.Remove(name) && await api.FindAsync<APIService>(new("", name), cancellation) is null)
                await MakeAsync(name, version, cancellation);
        }

        foreach (var gone in there.Keys)
            await api.DeleteAsync<APIService>(new("", gone), null, cancellation);
        _settled = served;
    }

    private async Task MakeAsync(string name, GroupVersion version, CancellationToken cancellation)
    {
        var made = await api.CreateAsync(
            new APIService
            {
                Metadata = new() { Name = name, Labels = ApiMap.Of(Managed, "true") },
                Spec = new() { Group = version.Group, Version = version.Version, GroupPriorityMinimum = GroupPriority, VersionPriority = VersionPriority },
            },
            cancellation);
        var now = clock.GetUtcNow();
        var status = DefaultObjects.Available(new(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero));
        await api.UpdateStatusAsync(made with { Status = status }, cancellation);
    }
}
