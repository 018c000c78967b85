using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <param name="Action">One of <see cref="PodFailurePolicyAction"/>; without a rule that matches, Count.</param>
/// <param name="Message">What matched, in upstream's words.</param>
internal readonly record struct FailureVerdict(string Action, string Message);

/// <summary>What a Job's pod failure policy says of a failed pod: the first rule that matches.</summary>
internal static class FailurePolicy
{
    public static FailureVerdict Judge(PodFailurePolicy? policy, Pod pod)
    {
        for (var i = 0; i < (policy?.Rules.Count ?? 0); i++)
        {
            var rule = policy!.Rules[i];
            if (rule.OnExitCodes is { } codes && MatchingContainer(codes, pod) is var (container, exitCode))
                return new(rule.Action, $"Container {container} for pod {pod.Metadata.Namespace}/{pod.Metadata.Name} failed with exit code "
                    + $"{exitCode} matching {rule.Action} rule at index {i}");
            foreach (var pattern in rule.OnPodConditions)
            {
                if (PodFacts.Condition(pod, pattern.Type) is { } condition
                    && condition.Status == (string.IsNullOrEmpty(pattern.Status) ? ConditionStatus.True : pattern.Status))
                    return new(rule.Action, $"Pod {pod.Metadata.Namespace}/{pod.Metadata.Name} has condition {pattern.Type} matching "
                        + $"{rule.Action} rule at index {i}");
            }
        }
        return new(PodFailurePolicyAction.Count, "");
    }

    private static (string Container, int ExitCode)? MatchingContainer(PodFailurePolicyOnExitCodesRequirement codes, Pod pod)
    {
        foreach (var status in pod.Status.InitContainerStatuses.Concat(pod.Status.ContainerStatuses))
        {
            if (status.State.Terminated is not { ExitCode: not 0 } ended || codes.ContainerName is { } only && only != status.Name)
                continue;
            if (codes.Values.Contains(ended.ExitCode) == (codes.Operator == PodFailurePolicyOnExitCodesOperator.In))
                return (status.Name, ended.ExitCode);
        }
        return null;
    }
}
