using System.Collections.Concurrent;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Quotas;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Recounts what a namespace uses of what its quotas limit: admission charges what comes, this takes away what has gone.</summary>
internal sealed class ResourceQuotaController(ControllerContext context) : IReconciler
{
    private static readonly string[] CountedByName = ["configmaps", "secrets", "replicationcontrollers", "resourcequotas"];

    /// <summary>A safety net under the wake-ups, as upstream has it.</summary>
    private static readonly TimeSpan Recount = TimeSpan.FromMinutes(5);

    private readonly Lister<ResourceQuota> _quotas = context.Lister<ResourceQuota>();
    private readonly Lister<Pod> _pods = context.Lister<Pod>();
    private readonly Lister<Service> _services = context.Lister<Service>();
    private readonly Lister<PersistentVolumeClaim> _claims = context.Lister<PersistentVolumeClaim>();
    private readonly ConcurrentDictionary<GroupResource, Informer<PartialObjectMetadata>> _counted = new();

    public static IReconciler Make(ControllerContext c) => new ResourceQuotaController(c);

    /// <summary>What admission charges to the status comes before the object that it is charged for: counted at that moment, it would be
    /// taken away again.</summary>
    public static Wake WhenLimitsChange { get; } = new(c => c.Informer<ResourceQuota>().AddHandler(new()
    {
        Added = quota => c.Queue.Add(quota.FullName()),
        Updated = (before, now) =>
        {
            if (before.Spec != now.Spec)
                c.Queue.Add(now.FullName());
        },
    }));

    /// <summary>What is created is charged by admission; only what goes, ends or shrinks wakes the quotas of its namespace.</summary>
    public static Wake WhenUsageFalls<T>() where T : class, IResource<T> => new(c => c.Informer<T>().AddHandler(new()
    {
        Updated = (before, now) =>
        {
            if (before is Pod a && now is Pod b ? PodFacts.IsFinished(a) != PodFacts.IsFinished(b) || a.Spec != b.Spec : before.Metadata.Generation != now.Metadata.Generation)
                WakeQuotas(c, now.Metadata.Namespace);
        },
        Deleted = gone => WakeQuotas(c, gone.Metadata.Namespace),
    }));

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (_quotas.Find(name) is not { Metadata.DeletionTimestamp: null } quota)
            return ReconcileResult.Done;
        var used = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var (resource, _) in quota.Spec.Hard)
            used[resource] = Quantity.Zero;
        Add(used, quota, Pod.Descriptor, _pods.List(name.Namespace).Where(p => !PodFacts.IsFinished(p)));
        Add(used, quota, Service.Descriptor, _services.List(name.Namespace));
        Add(used, quota, PersistentVolumeClaim.Descriptor, _claims.List(name.Namespace));
        foreach (var resource in quota.Spec.Hard.Keys)
        {
            if (await CountAsync(resource, name.Namespace, cancellation).ConfigureAwait(false) is { } count)
                used[resource] = Quantity.FromValue(count);
        }
        var status = new ResourceQuotaStatus { Hard = quota.Spec.Hard, Used = used.ToApiMap() };
        if (status != quota.Status)
            await context.Api.UpdateStatusAsync(quota with { Status = status }, cancellation).ConfigureAwait(false);
        return ReconcileResult.After(Recount);
    }

    private static void Add<T>(Dictionary<string, Quantity> used, ResourceQuota quota, ResourceDescriptor descriptor, IEnumerable<T> objects)
        where T : class, IResource<T>
    {
        foreach (var o in objects)
        {
            if (!QuotaUsage.Concerns(quota, o))
                continue;
            foreach (var (resource, amount) in QuotaUsage.Of(descriptor.Resource.GroupResource, o))
            {
                if (used.TryGetValue(resource, out var sum))
                    used[resource] = sum + amount;
            }
        }
    }

    /// <summary>How many objects there are of a resource that is limited by number alone; null: the limit is not of that sort.</summary>
    private async Task<int?> CountAsync(string limit, string ns, CancellationToken cancellation)
    {
        var counted = limit.StartsWith("count/", StringComparison.Ordinal) ? limit["count/".Length..] : CountedByName.Contains(limit) ? limit : "";
        if (counted is "" or "pods" or "services" or "persistentvolumeclaims")
            return null;
        var dot = counted.IndexOf('.', StringComparison.Ordinal);
        var resource = dot < 0 ? new GroupResource("", counted) : new GroupResource(counted[(dot + 1)..], counted[..dot]);
        if (!_counted.TryGetValue(resource, out var informer))
        {
            var served = await context.Api.ServerResourcesAsync(cancellation).ConfigureAwait(false);
            if (served.FirstOrDefault(r => r.Resource.GroupResource == resource && r.Namespaced) is not { } found)
                return 0;
            informer = context.Informers.Partial(found.Resource);
            if (_counted.TryAdd(resource, informer))
                informer.AddHandler(new() { Deleted = gone => WakeQuotas(context, gone.Metadata.Namespace) });
        }
        await informer.WaitForSyncAsync(cancellation).ConfigureAwait(false);
        return informer.Lister.List(ns).Count;
    }

    private static void WakeQuotas(ControllerContext c, string ns)
    {
        foreach (var quota in c.Lister<ResourceQuota>().List(ns))
            c.Queue.AddAfter(quota.FullName(), c.Options.Gathering);
    }
}
