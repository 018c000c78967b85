using System.Runtime.CompilerServices;
using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.ApiServer.Admission.Policies;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Admission.Webhooks;

/// <summary>Whether a webhook's own conditions (expressions over the request) let it have its say.</summary>
internal sealed class MatchConditionGate(PolicyParts parts)
{
    private static readonly ConditionalWeakTable<Webhook, PolicyExpressions> Known = [];

    /// <exception cref="ApiException">403: the conditions cannot be evaluated, and the webhook's failure policy is Fail.</exception>
    public async ValueTask<bool> AdmitsAsync(
        Webhook hook, AdmissionContext context, ResourceDescriptor form, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (hook.MatchConditions.Count == 0)
            return true;
        var expressions = Known.GetValue(hook, static h => PolicyExpressions.Compile(hasParams: false, default(ApiList<Variable>), h.MatchConditions));
        var evaluation = new PolicyEvaluation(expressions, await parts.VariablesAsync(context, form, o, cancellation), CelValue.Null);
        if (evaluation.ConditionsHold(out var error))
            return true;
        return error is null || hook.IgnoresFailure ? false : throw context.Forbidden(o, error);
    }
}
