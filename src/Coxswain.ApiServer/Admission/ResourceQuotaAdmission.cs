using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Quotas;
using Coxswain.ApiServer.Registry;
using Coxswain.Client;

namespace Coxswain.ApiServer.Admission;

/// <summary>Charges what is created in a namespace to its quotas, and refuses what exceeds one.</summary>
/// <remarks>What is charged here and never stored is set right by the quota controller.</remarks>
internal sealed class ResourceQuotaAdmission(IClusterView cluster, IApiClient api) : IAdmissionPlugin, IDisposable
{
    private const int Attempts = 20;

    // Within this server charges come one after the other; between servers the quota's resource version decides.
    private readonly SemaphoreSlim turn = new(1, 1);

    public string Name => "ResourceQuota";

    public void Dispose() => turn.Dispose();

    public bool Handles(AdmissionContext context) => context.Namespace.Length > 0 && (context.IsCreate || context.IsUpdate)
        && (context.Subresource.Length == 0 || (context.Subresource == "resize" && context.IsOf("", "pods")))
        && !context.IsOf("", "events") && !context.IsOf("events.k8s.io", "events") && !context.IsOf("", "namespaces");

    public async ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is null || !HasQuotas(context.Namespace))
            return;
        var usage = QuotaUsage.Of(context.Resource.GroupResource, o);
        if (context.IsUpdate && context.OldObject is not null)
            usage = QuotaUsage.Minus(usage, QuotaUsage.Of(context.Resource.GroupResource, context.OldObject));
        if (usage.Count == 0)
            return;
        await turn.WaitAsync(cancellation);
        try
        {
            foreach (var quota in cluster.List<ResourceQuota>(context.Namespace).ToList())
                if (QuotaUsage.Concerns(quota, o))
                    await ChargeAsync(context, o, NamespacedName.Of(quota), usage, cancellation);
        }
        finally
        {
            turn.Release();
        }
    }

    private bool HasQuotas(string @namespace)
    {
        foreach (var _ in cluster.List<ResourceQuota>(@namespace))
            return true;
        return false;
    }

    private async Task ChargeAsync(
        AdmissionContext context, IKubernetesObject o, NamespacedName name, ApiMap<Quantity> usage, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await cluster.GetAsync<ResourceQuota>(name, cancellation) is not { } quota)
                return;
            var used = Check(context, o, quota, usage);
            if (used is null || context.DryRun)
                return;
            try
            {
                await api.UpdateStatusAsync(quota with { Status = quota.Status with { Used = used.Value } }, cancellation);
                return;
            }
            catch (ApiException e) when (e.Reason == StatusReason.Conflict && attempt < Attempts)
            {
                // Another server charged first.
            }
        }
    }

    /// <summary>The quota's new usage, or null where nothing that it limits is used.</summary>
    private static ApiMap<Quantity>? Check(AdmissionContext context, IKubernetesObject o, ResourceQuota quota, ApiMap<Quantity> usage)
    {
        if (context.IsCreate && QuotaUsage.Missing(quota, o) is { Length: > 0 } missing)
            throw context.Forbidden(o, $"failed quota: {quota.Metadata.Name}: must specify {missing}");
        var used = quota.Status.Used;
        var charged = false;
        List<string>? exceeded = null;
        foreach (var (resource, limit) in CommonRules.Sorted(quota.Status.Hard))
        {
            if (!usage.TryGetValue(resource, out var amount) || amount.IsZero)
                continue;
            var sum = used.GetValueOrDefault(resource) + amount;
            if (amount.Sign > 0 && sum > limit)
                (exceeded ??= []).Add(resource);
            used = used.With(resource, sum);
            charged = true;
        }

        if (exceeded is not null)
            throw context.Forbidden(o, $"exceeded quota: {quota.Metadata.Name}, requested: {Text(usage)}, used: {Text(quota.Status.Used)}, "
                + $"limited: {Text(quota.Status.Hard)}");
        return charged ? used : null;

        string Text(ApiMap<Quantity> amounts) =>
            string.Join(',', exceeded!.Select(resource => $"{resource}={amounts.GetValueOrDefault(resource)}"));
    }
}
