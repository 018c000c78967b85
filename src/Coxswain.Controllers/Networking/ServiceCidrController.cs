using System.Net;
using Coxswain.Api;
using Coxswain.Api.Networking.V1;
using Coxswain.Client;
using IPAddress = Coxswain.Api.Networking.V1.IPAddress;
using MetaCondition = Coxswain.Api.Meta.V1.Condition;

namespace Coxswain.Controllers;

/// <summary>Says of a range of service addresses that it may be used, and keeps it while services have addresses that no other range has.</summary>
internal sealed class ServiceCidrController(IApiClient api, Lister<ServiceCIDR> ranges, Lister<IPAddress> addresses, EventRecorder events, TimeProvider clock) : IReconciler
{
    public const string Finalizer = "networking.k8s.io/service-cidr-finalizer";
    private const string Ready = "Ready";
    private const string StillUsed = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR";

    /// <summary>An address may just be being given out by an API server that does not know of the deletion yet.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    public static IReconciler Make(ControllerContext c) =>
        new ServiceCidrController(c.Api, c.Lister<ServiceCIDR>(), c.Lister<IPAddress>(), c.Events("service-cidr-controller"), c.Clock);

    /// <summary>An address, and another range, concern the ranges that are ending.</summary>
    public static IEnumerable<NamespacedName> Ending(ControllerContext c, IPAddress address) => Ending(c);

    public static IEnumerable<NamespacedName> Ending(ControllerContext c, ServiceCIDR range) => Ending(c);

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (ranges.Find(name) is not { } range)
            return ReconcileResult.Done;
        if (range.Metadata.DeletionTimestamp is { } asked)
            return await EndAsync(range, asked, cancellation).ConfigureAwait(false);
        if (!range.Metadata.Finalizers.Contains(Finalizer))
            range = await api.PatchAsync<ServiceCIDR>(name, MetadataPatch.Finalizers(range.Metadata, range.Metadata.Finalizers.Add(Finalizer)), cancellation).ConfigureAwait(false);
        await SayAsync(range, ConditionStatus.True, "", "Kubernetes Service CIDR is ready", cancellation).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    private async Task<ReconcileResult> EndAsync(ServiceCIDR range, DateTimeOffset asked, CancellationToken cancellation)
    {
        if (!range.Metadata.Finalizers.Contains(Finalizer))
            return ReconcileResult.Done;
        if (IsNeeded(range))
        {
            events.Normal(range, "KubernetesServiceCIDRTerminating", StillUsed);
            await SayAsync(range, ConditionStatus.False, "Terminating", StillUsed, cancellation).ConfigureAwait(false);
            return ReconcileResult.Done;    // an address that goes wakes us
        }
        var left = asked + Grace - clock.GetUtcNow();
        if (left > TimeSpan.Zero)
            return ReconcileResult.After(left < Grace ? left : Grace);
        await api.PatchAsync<ServiceCIDR>(range.FullName(), MetadataPatch.WithoutFinalizer(range.Metadata, Finalizer), cancellation).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    /// <summary>Whether an address in use lies in this range and in no other that stays.</summary>
    private bool IsNeeded(ServiceCIDR range)
    {
        var own = Networks(range);
        var others = ranges.All().Where(r => r.Metadata.DeletionTimestamp is null).SelectMany(Networks).ToList();
        return addresses.All().Any(a => System.Net.IPAddress.TryParse(a.Metadata.Name, out var address)
            && own.Any(n => n.Contains(address)) && !others.Any(n => n.Contains(address)));
    }

    private async Task SayAsync(ServiceCIDR range, string status, string reason, string message, CancellationToken cancellation)
    {
        var conditions = range.Status.Conditions;
        var said = new MetaCondition { Type = Ready, Status = status, Reason = reason, Message = message, LastTransitionTime = clock.GetUtcNow() };
        for (var i = 0; i < conditions.Count; i++)
        {
            if (conditions[i].Type != Ready)
                continue;
            if (conditions[i].Status == status)
                said = said with { LastTransitionTime = conditions[i].LastTransitionTime };
            if (conditions[i] with { ObservedGeneration = said.ObservedGeneration } == said)
                return;
            await WriteAsync(range, conditions.SetItem(i, said), cancellation).ConfigureAwait(false);
            return;
        }
        await WriteAsync(range, conditions.Add(said), cancellation).ConfigureAwait(false);
    }

    private Task WriteAsync(ServiceCIDR range, ApiList<MetaCondition> conditions, CancellationToken cancellation) =>
        api.UpdateStatusAsync(range with { Status = range.Status with { Conditions = conditions } }, cancellation);

    private static IEnumerable<IPNetwork> Networks(ServiceCIDR range)
    {
        foreach (var cidr in range.Spec.Cidrs)
        {
            if (IPNetwork.TryParse(cidr, out var network))
                yield return network;
        }
    }

    private static IEnumerable<NamespacedName> Ending(ControllerContext c) =>
        c.Lister<ServiceCIDR>().All().Where(r => r.Metadata.DeletionTimestamp is not null).Select(r => r.FullName());
}
