using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Node.Status;

/// <summary>Tells the API server how pods are, and lets go of pods that are over.</summary>
/// <remarks>Writes only what differs. Conditions that others own are never overwritten. Safe for concurrent use for different pods.</remarks>
internal sealed class PodStatusWriter(IApiClient api)
{
    private const int MaxConflicts = 5;

    /// <summary>Writes the status of a pod. Returns the pod as stored, or null if it is gone (or another of the same name has come).</summary>
    public async Task<Pod?> WriteAsync(Pod pod, PodStatus status, CancellationToken cancellation)
    {
        var current = pod;
        for (var attempt = 0; ; attempt++)
        {
            var merged = Merge(current.Status, status);
            if (merged == current.Status)
                return current;
            try
            {
                return await api.UpdateStatusAsync(current with { Status = merged }, cancellation);
            }
            catch (ApiException conflict) when (conflict.Code == 409 && attempt < MaxConflicts)
            {
                current = await api.FindAsync<Pod>(pod.FullName(), cancellation);
                if (current is null || current.Metadata.Uid != pod.Metadata.Uid)
                    return null;
            }
            catch (ApiException gone) when (gone.Code == 404)
            {
                return null;
            }
        }
    }

    /// <summary>Removes a pod from the API whose containers are all gone. The uid keeps us from removing a younger pod of the same name.</summary>
    public async Task DeleteAsync(Pod pod, CancellationToken cancellation)
    {
        try
        {
            var options = new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new() { Uid = pod.Metadata.Uid } };
            await api.DeleteAsync<Pod>(pod.FullName(), options, cancellation);
        }
        catch (ApiException gone) when (gone.Code is 404 or 409)
        {
            // It is gone, or its name belongs to another pod by now: either way this one is no more.
        }
    }

    private static PodStatus Merge(PodStatus current, PodStatus wanted)
    {
        var conditions = new List<PodCondition>(wanted.Conditions.Where(condition => PodConditions.IsOwn(condition.Type)));
        foreach (var other in current.Conditions)
        {
            if (!PodConditions.IsOwn(other.Type))
                conditions.Add(other);
        }

        foreach (var added in wanted.Conditions)
        {
            // Those that the node adds without owning them, such as DisruptionTarget.
            if (!PodConditions.IsOwn(added.Type) && PodConditions.Find(current.Conditions, added.Type) is null)
                conditions.Add(added);
        }

        return wanted with
        {
            Conditions = conditions.ToApiList(),
            NominatedNodeName = current.NominatedNodeName,
            ResourceClaimStatuses = current.ResourceClaimStatuses,
            // The API server refuses to take a terminal phase back.
            Phase = current.Phase is PodPhase.Succeeded or PodPhase.Failed ? current.Phase : wanted.Phase,
        };
    }
}
