using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Apps;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges the counts in the status of replica sets and replication controllers.</summary>
internal static class ReplicasValidation
{
    public static void Status(int replicas, int fullyLabeled, int ready, int available, long observedGeneration, FieldErrors errors)
    {
        WorkloadRules.Counts(errors, ("replicas", replicas), ("fullyLabeledReplicas", fullyLabeled), ("readyReplicas", ready),
            ("availableReplicas", available), ("observedGeneration", observedGeneration));
        WorkloadRules.Part("fullyLabeledReplicas", fullyLabeled, replicas, "status.replicas", errors);
        WorkloadRules.Part("readyReplicas", ready, replicas, "status.replicas", errors);
        WorkloadRules.Part("availableReplicas", available, replicas, "status.replicas", errors);
        WorkloadRules.Part("availableReplicas", available, ready, "readyReplicas", errors);
    }
}
