using Coxswain.Api;
using Coxswain.Api.Apps.V1;

namespace Coxswain.Controllers;

/// <summary>Conditions of a Deployment, in upstream's words.</summary>
internal static class DeploymentConditions
{
    public const string NewSetCreated = "NewReplicaSetCreated";
    public const string NewSetFound = "FoundNewReplicaSet";
    public const string NewSetAvailable = "NewReplicaSetAvailable";
    public const string SetUpdated = "ReplicaSetUpdated";
    public const string SetCreateError = "ReplicaSetCreateError";
    public const string TimedOut = "ProgressDeadlineExceeded";
    public const string Paused = "DeploymentPaused";
    public const string Resumed = "DeploymentResumed";
    public const string MinimumAvailable = "MinimumReplicasAvailable";
    public const string MinimumUnavailable = "MinimumReplicasUnavailable";

    public static DeploymentCondition? Find(ApiList<DeploymentCondition> conditions, string type)
    {
        foreach (var condition in conditions)
        {
            if (condition.Type == type)
                return condition;
        }
        return null;
    }

    public static DeploymentCondition? Progress(DeploymentStatus status) => Find(status.Conditions, DeploymentConditionType.Progressing);

    public static DeploymentCondition New(string type, string status, string reason, string message, DateTimeOffset now) =>
        new() { Type = type, Status = status, Reason = reason, Message = message, LastUpdateTime = now, LastTransitionTime = now };

    /// <summary>Sets a condition, unless it is set with that status and reason; the time of transition changes only with the status.</summary>
    public static ApiList<DeploymentCondition> With(ApiList<DeploymentCondition> conditions, DeploymentCondition condition)
    {
        var current = Find(conditions, condition.Type);
        if (current is not null && current.Status == condition.Status && current.Reason == condition.Reason)
            return conditions;
        if (current is not null && current.Status == condition.Status)
            condition = condition with { LastTransitionTime = current.LastTransitionTime };
        return Without(conditions, condition.Type).Add(condition);
    }

    public static ApiList<DeploymentCondition> Without(ApiList<DeploymentCondition> conditions, string type) =>
        Find(conditions, type) is null ? conditions : conditions.Where(c => c.Type != type).ToApiList();
}
