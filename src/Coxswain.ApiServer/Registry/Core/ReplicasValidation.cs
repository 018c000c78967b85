using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges the counts in the status of replica sets and replication controllers.</summary>
internal static class ReplicasValidation
{
    public static void Status(int replicas, int fullyLabeled, int ready, int available, long observedGeneration, FieldErrors errors)
    {
        var path = Paths.Status;
        CommonRules.NonNegative(replicas, path.Child("replicas"), errors);
        CommonRules.NonNegative(fullyLabeled, path.Child("fullyLabeledReplicas"), errors);
        CommonRules.NonNegative(ready, path.Child("readyReplicas"), errors);
        CommonRules.NonNegative(available, path.Child("availableReplicas"), errors);
        CommonRules.NonNegative(observedGeneration, path.Child("observedGeneration"), errors);
        if (fullyLabeled > replicas)
            errors.Invalid(path.Child("fullyLabeledReplicas"), fullyLabeled, "cannot be greater than status.replicas");
        if (ready > replicas)
            errors.Invalid(path.Child("readyReplicas"), ready, "cannot be greater than status.replicas");
        if (available > replicas)
            errors.Invalid(path.Child("availableReplicas"), available, "cannot be greater than status.replicas");
        if (available > ready)
            errors.Invalid(path.Child("availableReplicas"), available, "cannot be greater than readyReplicas");
    }
}
