using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Resource.V1;
using Coxswain.Client;
using ResourceClaim = Coxswain.Api.Resource.V1.ResourceClaim;

namespace Coxswain.Controllers;

/// <summary>Makes the device claims of pods from their templates, and takes reservations away from pods that are done. Names begin with what
/// they name: <c>pod:</c> or <c>claim:</c>.</summary>
internal sealed class ResourceClaimController(IApiClient api, Lister<Pod> pods, Lister<ResourceClaim> claims, Lister<ResourceClaimTemplate> templates,
    EventRecorder events) : IReconciler
{
    public const string DeleteProtection = "resource.kubernetes.io/delete-protection";
    private const string PodClaimName = "resource.kubernetes.io/pod-claim-name";
    private const string PodPrefix = "pod:";
    private const string ClaimPrefix = "claim:";
    private const string ByTemplate = "claimtemplate";

    public static IReconciler Make(ControllerContext c)
    {
        c.Informer<ResourceClaim>().IndexByController();
        c.Informer<Pod>().AddIndex(ByTemplate, p => p.Spec.ResourceClaims.Where(r => r.ResourceClaimTemplateName is not null)
            .Select(r => $"{p.Metadata.Namespace}/{r.ResourceClaimTemplateName}").Distinct());
        return new ResourceClaimController(c.Api, c.Lister<Pod>(), c.Lister<ResourceClaim>(), c.Lister<ResourceClaimTemplate>(), c.Events("resource_claim"));
    }

    /// <summary>A pod wakes itself and, when it ends or goes, the claims it uses.</summary>
    public static IEnumerable<NamespacedName> PodAndClaims(ControllerContext c, Pod pod)
    {
        if (pod.Spec.ResourceClaims.Count == 0)
            yield break;
        yield return new(pod.Metadata.Namespace, PodPrefix + pod.Metadata.Name);
        foreach (var claim in ClaimNamesOf(pod))
            yield return new(pod.Metadata.Namespace, ClaimPrefix + claim);
        foreach (var claim in c.Lister<ResourceClaim>().ControlledBy(pod))
            yield return new(pod.Metadata.Namespace, ClaimPrefix + claim.Metadata.Name);
    }

    public static IEnumerable<NamespacedName> ClaimAndPod(ControllerContext c, ResourceClaim claim)
    {
        yield return new(claim.Metadata.Namespace, ClaimPrefix + claim.Metadata.Name);
        if (Owners.ControllerOf(claim.Metadata) is { Kind: "Pod" } owner)
            yield return new(claim.Metadata.Namespace, PodPrefix + owner.Name);
    }

    /// <summary>A template that comes late lets the pods go on that wait for it.</summary>
    public static IEnumerable<NamespacedName> PodsOf(ControllerContext c, ResourceClaimTemplate template) =>
        c.Lister<Pod>().ByIndex(ByTemplate, template.FullName().ToString()).Select(p => new NamespacedName(p.Metadata.Namespace, PodPrefix + p.Metadata.Name));

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (name.Name.StartsWith(PodPrefix, StringComparison.Ordinal))
        {
            if (pods.Find(new(name.Namespace, name.Name[PodPrefix.Length..])) is { Metadata.DeletionTimestamp: null } pod && !PodFacts.IsFinished(pod))
                await ServeAsync(pod, cancellation).ConfigureAwait(false);
        }
        else if (claims.Find(new(name.Namespace, name.Name[ClaimPrefix.Length..])) is { } claim)
        {
            await CleanAsync(claim, cancellation).ConfigureAwait(false);
        }
        return ReconcileResult.Done;
    }

    private async Task ServeAsync(Pod pod, CancellationToken cancellation)
    {
        var statuses = pod.Status.ResourceClaimStatuses;
        foreach (var wanted in pod.Spec.ResourceClaims)
        {
            if (wanted.ResourceClaimTemplateName is not { } template)
                continue;
            var status = statuses.FirstOrDefault(s => s.Name == wanted.Name);
            ResourceClaim? claim;
            try
            {
                claim = await FindOrCreateAsync(pod, wanted.Name, template, cancellation).ConfigureAwait(false);
            }
            catch (ApiException refused) when (!PodControl.IsNamespaceTerminating(refused))
            {
                events.Warning(pod, "FailedResourceClaimCreation", $"PodResourceClaim {wanted.Name}: {refused.Message}");
                throw;
            }
            if (claim is not null && status?.ResourceClaimName != claim.Metadata.Name)
                statuses = statuses.Where(s => s.Name != wanted.Name).Append(new() { Name = wanted.Name, ResourceClaimName = claim.Metadata.Name }).ToApiList();
        }
        if (statuses != pod.Status.ResourceClaimStatuses)
            pod = await api.UpdateStatusAsync(pod with { Status = pod.Status with { ResourceClaimStatuses = statuses } }, cancellation).ConfigureAwait(false);
        if (pod.Spec.NodeName.Length > 0)
            await ReserveAsync(pod, cancellation).ConfigureAwait(false);
    }

    private async Task<ResourceClaim?> FindOrCreateAsync(Pod pod, string podClaim, string templateName, CancellationToken cancellation)
    {
        if (Mine(claims.ControlledBy(pod)) is { } there)
            return there;
        // The lister may lag behind one that was just made, and its name is random: the server is asked before another is.
        var live = await api.ListAsync<ResourceClaim>(new() { Namespace = pod.Metadata.Namespace }, cancellation).ConfigureAwait(false);
        if (Mine(live.Items.Where(c => Owners.IsControlledBy(c.Metadata, pod))) is { } hidden)
            return hidden;
        if (templates.Find(new(pod.Metadata.Namespace, templateName)) is not { } template)
        {
            events.Warning(pod, "FailedResourceClaimCreation",
                $"PodResourceClaim {podClaim}: resource claim template \"{templateName}\": resourceclaimtemplate.resource.k8s.io \"{templateName}\" not found");
            return null;    // its coming wakes the pod
        }
        return await api.CreateAsync(new ResourceClaim
        {
            Metadata = new()
            {
                Namespace = pod.Metadata.Namespace,
                GenerateName = $"{pod.Metadata.Name}-{podClaim}-",
                Labels = template.Spec.Metadata.Labels,
                Annotations = template.Spec.Metadata.Annotations.With(PodClaimName, podClaim),
                OwnerReferences = [Owners.Controller(pod)],
            },
            Spec = template.Spec.Spec,
        }, cancellation).ConfigureAwait(false);

        ResourceClaim? Mine(IEnumerable<ResourceClaim> candidates) => candidates.FirstOrDefault(c =>
            c.Metadata.DeletionTimestamp is null && c.Metadata.Annotations.GetValueOrDefault(PodClaimName) == podClaim);
    }

    /// <summary>A pod that came to its node without the scheduler has nobody else to reserve for it.</summary>
    private async Task ReserveAsync(Pod pod, CancellationToken cancellation)
    {
        foreach (var name in ClaimNamesOf(pod))
        {
            if (claims.Find(new(pod.Metadata.Namespace, name)) is { Status.Allocation: not null } claim && claim.Status.ReservedFor.All(r => r.Uid != pod.Metadata.Uid))
                await api.UpdateStatusAsync(claim with
                {
                    Status = claim.Status with
                    {
                        ReservedFor = claim.Status.ReservedFor.Add(new() { Resource = "pods", Name = pod.Metadata.Name, Uid = pod.Metadata.Uid }),
                    },
                }, cancellation).ConfigureAwait(false);
        }
    }

    private async Task CleanAsync(ResourceClaim claim, CancellationToken cancellation)
    {
        var users = new List<ResourceClaimConsumerReference>();
        foreach (var user in claim.Status.ReservedFor)
        {
            // Of users that are no pods nobody here knows anything.
            if (user is not { ApiGroup: "", Resource: "pods" } || await IsUsingAsync(user.Uid, new(claim.Metadata.Namespace, user.Name), cancellation).ConfigureAwait(false))
                users.Add(user);
        }
        if (users.Count < claim.Status.ReservedFor.Count)
            claim = await api.UpdateStatusAsync(claim with
            {
                Status = claim.Status with
                {
                    ReservedFor = users.Count == 0 ? default : users.ToApiList(),
                    Allocation = users.Count == 0 ? null : claim.Status.Allocation,
                    Devices = users.Count == 0 ? default : claim.Status.Devices,
                },
            }, cancellation).ConfigureAwait(false);
        else if (users.Count == 0 && claim is { Status.Allocation: not null, Metadata.DeletionTimestamp: not null })
            claim = await api.UpdateStatusAsync(claim with { Status = claim.Status with { Allocation = null, Devices = default } }, cancellation).ConfigureAwait(false);
        if (users.Count > 0)
            return;
        if (claim.Status.Allocation is null && claim.Metadata.Finalizers.Contains(DeleteProtection))
            claim = await api.PatchAsync<ResourceClaim>(claim.FullName(), MetadataPatch.WithoutFinalizer(claim.Metadata, DeleteProtection), cancellation).ConfigureAwait(false);
        if (claim.Metadata.DeletionTimestamp is null && Owners.ControllerOf(claim.Metadata) is { Kind: "Pod" } owner
            && pods.Find(new(claim.Metadata.Namespace, owner.Name)) is { } pod && pod.Metadata.Uid == owner.Uid && IsDone(pod))
            // Made for this pod alone, which will not need it any more; the devices are for others.
            await DeleteAsync(claim, cancellation).ConfigureAwait(false);
    }

    private async Task<bool> IsUsingAsync(string uid, NamespacedName name, CancellationToken cancellation)
    {
        var pod = pods.Find(name);
        if (pod?.Metadata.Uid != uid)
            pod = await api.FindAsync<Pod>(name, cancellation).ConfigureAwait(false);
        return pod?.Metadata.Uid == uid && !IsDone(pod);
    }

    private static bool IsDone(Pod pod) => PodFacts.IsFinished(pod) || pod.Metadata.DeletionTimestamp is not null && pod.Spec.NodeName.Length == 0;

    private async Task DeleteAsync(ResourceClaim claim, CancellationToken cancellation)
    {
        try
        {
            await api.DeleteAsync<ResourceClaim>(claim.FullName(), new() { Preconditions = new() { Uid = claim.Metadata.Uid } }, cancellation).ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // What was wanted.
        }
    }

    private static IEnumerable<string> ClaimNamesOf(Pod pod)
    {
        foreach (var wanted in pod.Spec.ResourceClaims)
        {
            if ((wanted.ResourceClaimName ?? pod.Status.ResourceClaimStatuses.FirstOrDefault(s => s.Name == wanted.Name)?.ResourceClaimName) is { } name)
                yield return name;
        }
    }
}
