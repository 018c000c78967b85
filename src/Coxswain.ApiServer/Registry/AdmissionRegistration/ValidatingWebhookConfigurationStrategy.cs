using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.AdmissionRegistration;

/// <summary>The rules of validating webhooks.</summary>
internal sealed class ValidatingWebhookConfigurationStrategy : Strategy<ValidatingWebhookConfiguration>
{
    private const int DefaultTimeoutSeconds = 10;

    public override bool HasGeneration => true;

    protected override ValidatingWebhookConfiguration Default(ValidatingWebhookConfiguration o)
    {
        var webhooks = o.Webhooks;
        for (var i = 0; i < webhooks.Count; i++)
            webhooks = webhooks.SetItem(i, webhooks[i] with
            {
                FailurePolicy = webhooks[i].FailurePolicy ?? "Fail",
                MatchPolicy = webhooks[i].MatchPolicy ?? "Equivalent",
                NamespaceSelector = webhooks[i].NamespaceSelector ?? LabelSelector.Empty,
                ObjectSelector = webhooks[i].ObjectSelector ?? LabelSelector.Empty,
                TimeoutSeconds = webhooks[i].TimeoutSeconds ?? DefaultTimeoutSeconds,
                Rules = WebhookRules.Defaulted(webhooks[i].Rules),
                ClientConfig = WebhookRules.Defaulted(webhooks[i].ClientConfig),
            });
        return o with { Webhooks = webhooks };
    }

    protected override void ValidateObject(StrategyContext c, ValidatingWebhookConfiguration o, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < o.Webhooks.Count; i++)
        {
            var w = o.Webhooks[i];
            WebhookRules.Validate(
                new(w.Name, w.ClientConfig, w.Rules, w.FailurePolicy, w.MatchPolicy, w.SideEffects, w.TimeoutSeconds, w.AdmissionReviewVersions,
                    w.NamespaceSelector, w.ObjectSelector, w.MatchConditions, null),
                i, names, errors);
        }
    }

    protected override void ValidateUpdate(
        StrategyContext c, ValidatingWebhookConfiguration updated, ValidatingWebhookConfiguration old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
    }
}
