using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <content>The ReplicaSet of the present template: found, brought up to date, or made.</content>
internal sealed partial class Rollout
{
    /// <summary>The oldest set with the present template, should there be several.</summary>
    private ReplicaSet? FindNewest() => _sets.FirstOrDefault(s => TemplateHash.SameTemplate(s.Spec.Template, _deployment.Spec.Template));

    private async Task<ReplicaSet?> GetNewestAsync(bool create, CancellationToken cancellation)
    {
        var found = FindNewest();
        var revision = Old(found).Select(Revisions.Of).DefaultIfEmpty(0).Max() + 1;
        if (found is not null)
            return await BringUpToDateAsync(found, revision, cancellation).ConfigureAwait(false);
        return create ? await CreateNewestAsync(revision, cancellation).ConfigureAwait(false) : null;
    }

    private async Task<ReplicaSet> BringUpToDateAsync(ReplicaSet found, long revision, CancellationToken cancellation)
    {
        var wanted = found with
        {
            Metadata = found.Metadata with
            {
                Annotations = Revisions.ForNewest(found.Metadata.Annotations, _deployment.Metadata.Annotations, revision),
            },
            Spec = found.Spec with { MinReadySeconds = _deployment.Spec.MinReadySeconds },
        };
        if (wanted.Metadata.Annotations != found.Metadata.Annotations || wanted.Spec.MinReadySeconds != found.Spec.MinReadySeconds)
            Replace(found = await _api.UpdateAsync(wanted, cancellation).ConfigureAwait(false));
        NoteRevision(Revisions.Of(found));
        if (DeploymentProgress.HasDeadline(_deployment) && DeploymentConditions.Progress(_deployment.Status) is null)
            NoteProgress(ConditionStatus.True, DeploymentConditions.NewSetFound, $"Found new replica set \"{found.Metadata.Name}\"");
        return found;
    }

    private async Task<ReplicaSet?> CreateNewestAsync(long revision, CancellationToken cancellation)
    {
        var wanted = Render(revision);
        ReplicaSet made;
        try
        {
            made = await _api.CreateAsync(wanted, cancellation).ConfigureAwait(false);
        }
        catch (ApiException taken) when (taken.Reason == StatusReason.AlreadyExists)
        {
            return await ResolveCollisionAsync(wanted, taken, revision, cancellation).ConfigureAwait(false);
        }
        catch (ApiException refused) when (PodControl.IsNamespaceTerminating(refused))
        {
            return null;
        }
        catch (ApiException refused)
        {
            var message = $"Failed to create new replica set \"{wanted.Metadata.Name}\": {refused.Message}";
            _events.Warning(_deployment, DeploymentConditions.SetCreateError, message);
            if (DeploymentProgress.HasDeadline(_deployment))
            {
                NoteProgress(ConditionStatus.False, DeploymentConditions.SetCreateError, message);
                await WriteStatusAsync(_deployment.Status, cancellation).ConfigureAwait(false);
            }
            throw;
        }
        _sets.Add(made);
        if (RolloutMath.Replicas(made) > 0)
            _events.Normal(_deployment, "ScalingReplicaSet", $"Scaled up replica set {made.Metadata.Name} from 0 to {RolloutMath.Replicas(made)}");
        NoteRevision(revision);
        if (DeploymentProgress.HasDeadline(_deployment))
            NoteProgress(ConditionStatus.True, DeploymentConditions.NewSetCreated, $"Created new replica set \"{made.Metadata.Name}\"");
        return made;
    }

    /// <summary>A set of that name exists: ours, which the lister does not show yet, or another's, which changes our hash.</summary>
    private async Task<ReplicaSet?> ResolveCollisionAsync(ReplicaSet wanted, ApiException taken, long revision, CancellationToken cancellation)
    {
        var there = await _api.FindAsync<ReplicaSet>(wanted.FullName(), cancellation).ConfigureAwait(false);
        if (there is not null && Owners.IsControlledBy(there.Metadata, _deployment)
            && TemplateHash.SameTemplate(there.Spec.Template, _deployment.Spec.Template))
        {
            Replace(there);
            NoteRevision(revision);
            return there;
        }
        await _api.UpdateStatusAsync(_deployment with
        {
            Status = _deployment.Status with { CollisionCount = (_deployment.Status.CollisionCount ?? 0) + 1 },
        }, cancellation).ConfigureAwait(false);
        throw taken;
    }

    private ReplicaSet Render(long revision)
    {
        var template = TemplateHash.WithoutHash(_deployment.Spec.Template);
        var hash = TemplateHash.Of(template, _deployment.Status.CollisionCount);
        var labels = template.Metadata.Labels.With(Revisions.PodTemplateHash, hash);
        var selector = _deployment.Spec.Selector ?? LabelSelector.Empty;
        var annotations = Revisions.ForNewest(default, _deployment.Metadata.Annotations, revision);
        return new()
        {
            Metadata = new()
            {
                Namespace = _deployment.Metadata.Namespace,
                Name = _deployment.Metadata.Name + "-" + hash,
                Labels = labels,
                Annotations = Revisions.WithReplicas(annotations, RolloutMath.Replicas(_deployment),
                    RolloutMath.Replicas(_deployment) + RolloutMath.MaxSurge(_deployment)),
                OwnerReferences = [Owners.Controller(_deployment)],
            },
            Spec = new()
            {
                Replicas = RolloutMath.NewSetReplicas(_deployment, _sets, 0),
                MinReadySeconds = _deployment.Spec.MinReadySeconds,
                Selector = selector with { MatchLabels = selector.MatchLabels.With(Revisions.PodTemplateHash, hash) },
                Template = template with { Metadata = template.Metadata with { Labels = labels } },
            },
        };
    }

    private void NoteRevision(long revision)
    {
        var text = revision.ToString(CultureInfo.InvariantCulture);
        if (_deployment.Metadata.Annotations.GetValueOrDefault(Revisions.Revision) != text)
            _deployment = _deployment with
            {
                Metadata = _deployment.Metadata with { Annotations = _deployment.Metadata.Annotations.With(Revisions.Revision, text) },
            };
    }

    private void NoteProgress(string status, string reason, string message) => _deployment = _deployment with
    {
        Status = _deployment.Status with
        {
            Conditions = DeploymentConditions.With(_deployment.Status.Conditions,
                DeploymentConditions.New(DeploymentConditionType.Progressing, status, reason, message, Now)),
        },
    };

    private void Replace(ReplicaSet set)
    {
        var index = _sets.FindIndex(s => s.Metadata.Uid == set.Metadata.Uid);
        if (index >= 0)
            _sets[index] = set;
        else
            _sets.Add(set);
    }
}
