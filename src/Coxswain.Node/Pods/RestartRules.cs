using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>Whether a container that is not running is to be started again.</summary>
internal static class RestartRules
{
    public static bool ShouldRestart(Pod pod, Container container, PodRuntimeStatus status)
    {
        if (pod.Metadata.DeletionTimestamp is not null)
            return false;
        return status.Find(container.Name) switch
        {
            null => true,
            { State: Runtime.ContainerState.Running } => false,
            { State: Runtime.ContainerState.Unknown or Runtime.ContainerState.Created } => true,
            var exited => AfterExit(pod, container, exited.Status.ExitCode),
        };
    }

    /// <summary>The container's own rules first, then its policy, then the pod's.</summary>
    public static bool AfterExit(Pod pod, Container container, int exitCode)
    {
        foreach (var rule in container.RestartPolicyRules)
        {
            if (rule.ExitCodes is not { } codes)
                continue;
            var listed = codes.Values.Contains(exitCode);
            if (string.Equals(codes.Operator, "In", StringComparison.Ordinal) == listed)
                return string.Equals(rule.Action, "Restart", StringComparison.Ordinal);
        }

        return (container.RestartPolicy ?? pod.Spec.RestartPolicy) switch
        {
            RestartPolicy.Never => false,
            RestartPolicy.OnFailure => exitCode != 0,
            _ => true,
        };
    }

    /// <summary>Whether a failure of some container can bring the pod back.</summary>
    public static bool RestartsOnFailure(Pod pod) => !string.Equals(pod.Spec.RestartPolicy, RestartPolicy.Never, StringComparison.Ordinal);
}
