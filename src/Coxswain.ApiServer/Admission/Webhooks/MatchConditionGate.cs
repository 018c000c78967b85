using Coxswain.Api;

namespace Coxswain.ApiServer.Admission.Webhooks;

/// <summary>Whether a webhook's own conditions (expressions over the request) let it have its say.</summary>
/// <remarks>Expressions are not evaluated yet: a webhook with conditions is treated as upstream treats one whose conditions fail
/// to evaluate, by its failure policy.</remarks>
internal static class MatchConditionGate
{
    /// <exception cref="ApiException">403: the conditions cannot be evaluated, and the webhook's failure policy is Fail.</exception>
    public static bool Admits(Webhook hook, AdmissionContext context, IKubernetesObject? o)
    {
        if (hook.MatchConditions.Count == 0)
            return true;
        if (hook.IgnoresFailure)
            return false;
        throw context.Forbidden(o, $"match condition {GoText.Quote(hook.MatchConditions[0].Name)} of webhook {GoText.Quote(hook.Name)} cannot be evaluated: expressions are not supported");
    }
}
