using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.Api.Selectors;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Verbs;

namespace Coxswain.ApiServer.Subresources;

/// <summary>Deletes a pod if its disruption budget can bear it.</summary>
internal sealed class EvictionHandler(RegistryTable registries, AdmissionChain admission, ObjectDeleter deleter) : IVerbHandler
{
    /// <summary>More would mean that the disruption controller is far behind.</summary>
    private const int MaxDisruptedPods = 2000;

    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var options = WriteOptions.Parse("CreateOptions", request.Query, request.UserAgent);
        var eviction = (Eviction)BodyDecoder.Decode(request, scope.Kind, options.FieldValidation);
        if (eviction.Metadata.Name.Length > 0 && eviction.Metadata.Name != request.Name)
            throw new ApiException(Statuses.BadRequest("name in URL does not match name in Eviction object"));
        var context = scope.AdmissionContext(request, AdmissionOperation.Create, request.Name, options.DryRun, options: options.ToDocument("create"));
        eviction = (Eviction)(await admission.MutateAsync(context, eviction, cancellation))!;
        await admission.ValidateAsync(context, eviction, cancellation);
        var deletion = eviction.DeleteOptions ?? DeleteOptions.Empty;
        if (options.DryRun)
            deletion = deletion with { DryRun = ["All"] };

        var pod = (Pod)(await scope.Registry.GetAsync(request.Namespace, request.Name, cancellation)).Object;
        if (!CanIgnoreBudget(pod))
        {
            var version = await SpendBudgetAsync(pod, DeleteRules.IsDryRun(deletion), request.Now, cancellation);
            if (version)
                deletion = deletion with { Preconditions = (deletion.Preconditions ?? Api.Meta.V1.Preconditions.Empty) with { Uid = pod.Metadata.Uid } };
        }

        if (!DeleteRules.IsDryRun(deletion))
            await TellWhyAsync(scope.Registry, request, deletion, cancellation);
        await deleter.DeleteAsync(scope with { Subresource = null }, request, request.Namespace, request.Name, deletion, cancellation, admits: false);
        return new DocumentResponse(201, Statuses.Success(201));
    }

    /// <summary>The pod says in a condition by whose will it goes, for those who count its failure.</summary>
    /// <exception cref="ApiException">404; 409: it is another pod, or has changed.</exception>
    private static async Task TellWhyAsync(ResourceRegistry registry, ApiRequest request, DeleteOptions deletion, CancellationToken cancellation)
    {
        while (true)
        {
            var live = await registry.GetAsync(request.Namespace, request.Name, cancellation);
            DeleteRules.CheckPreconditions(registry, live.Object, deletion);
            var pod = (Pod)live.Object;
            var conditions = pod.Status.Conditions;
            var (at, transition) = (conditions.Count, request.Now);
            for (var i = 0; i < conditions.Count; i++)
                if (conditions[i].Type == "DisruptionTarget")
                    (at, transition) = (i, conditions[i].Status == "True" ? conditions[i].LastTransitionTime ?? request.Now : request.Now);
            var told = new PodCondition
            {
                Type = "DisruptionTarget",
                Status = "True",
                Reason = "EvictionByEvictionAPI",
                Message = "Eviction API: evicting",
                LastTransitionTime = transition,
            };
            if (at < conditions.Count && conditions[at] == told)
                return;
            conditions = at < conditions.Count ? conditions.SetItem(at, told) : conditions.Add(told);
            if (await registry.WriteAsync(pod with { Status = pod.Status with { Conditions = conditions } }, live.Revision, cancellation) is not null)
                return;
        }
    }

    /// <summary>Pods that do no work disturb nobody.</summary>
    private static bool CanIgnoreBudget(Pod pod) =>
        pod.Status.Phase is "Succeeded" or "Failed" or "Pending" || pod.Metadata.DeletionTimestamp is not null;

    private static bool IsReady(Pod pod)
    {
        foreach (var condition in pod.Status.Conditions)
            if (condition.Type == "Ready")
                return condition.Status == "True";
        return false;
    }

    /// <returns>False: no budget covers the pod.</returns>
    /// <exception cref="ApiException">429: the budget is spent. 500: several budgets cover the pod.</exception>
    private async Task<bool> SpendBudgetAsync(Pod pod, bool dryRun, DateTimeOffset now, CancellationToken cancellation)
    {
        var registry = registries.For<PodDisruptionBudget>();
        while (true)
        {
            var covering = new List<Cache.CachedObject>();
            foreach (var cached in (await registry.ReadAsync(cancellation)).Range(registry.RangePrefix(pod.Metadata.Namespace)))
                if (((PodDisruptionBudget)cached.Object).Spec.Selector is { } selector && Selector.From(selector).Matches(pod.Metadata.Labels))
                    covering.Add(cached);
            if (covering.Count == 0)
                return false;
            if (covering.Count > 1)
                throw new ApiException(Statuses.InternalError("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."));

            var live = covering[0];
            var budget = (PodDisruptionBudget)live.Object;
            if (!IsReady(pod) && (budget.Spec.UnhealthyPodEvictionPolicy == "AlwaysAllow"
                || (budget.Status.CurrentHealthy >= budget.Status.DesiredHealthy && budget.Status.DesiredHealthy > 0)))
                return true;
            var spent = Spend(budget, pod, now);
            if (dryRun || await registry.WriteAsync(spent, live.Revision, cancellation) is not null)
                return true;
        }
    }

    private static PodDisruptionBudget Spend(PodDisruptionBudget budget, Pod pod, DateTimeOffset now)
    {
        if (budget.Status.ObservedGeneration < budget.Metadata.Generation)
            throw TooMany($"The disruption budget {budget.Metadata.Name} is still being processed by the server.", 10);
        if (budget.Status.DisruptionsAllowed < 0)
            throw new ApiException(Statuses.Forbidden(new("policy", "poddisruptionbudgets"), budget.Metadata.Name, "pdb disruptions allowed is negative"));
        if (budget.Status.DisruptedPods.Count > MaxDisruptedPods)
            throw new ApiException(Statuses.Forbidden(new("policy", "poddisruptionbudgets"), budget.Metadata.Name,
                "DisruptedPods map too big - too many evictions not confirmed by PDB controller"));
        if (budget.Status.DisruptionsAllowed == 0)
            throw TooMany($"The disruption budget {budget.Metadata.Name} needs {budget.Status.DesiredHealthy} healthy pods and has {budget.Status.CurrentHealthy} currently", 0);

        return budget with
        {
            Status = budget.Status with
            {
                DisruptionsAllowed = budget.Status.DisruptionsAllowed - 1,
                // The controller counts the pod as gone although it is still there.
                DisruptedPods = budget.Status.DisruptedPods.With(pod.Metadata.Name, now),
            },
        };
    }

    private static ApiException TooMany(string cause, int retryAfter)
    {
        var status = Statuses.TooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfter);
        return new(status with { Details = status.Details! with { Causes = [new() { Reason = "DisruptionBudget", Message = cause }] } });
    }
}
