using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Webhooks;

namespace Coxswain.ApiServer.Admission.Webhooks;

/// <summary>One webhook of a configuration, mutating or validating, with the defaults filled in.</summary>
/// <param name="Id">Unique among all webhooks: configuration, name, place.</param>
internal sealed record Webhook(
    string Id,
    string Name,
    WebhookTarget Target,
    ApiList<RuleWithOperations> Rules,
    bool IgnoresFailure,
    bool MatchesEquivalents,
    LabelSelector NamespaceSelector,
    LabelSelector ObjectSelector,
    string? SideEffects,
    TimeSpan Timeout,
    ApiList<string> ReviewVersions,
    ApiList<MatchCondition> MatchConditions,
    bool IsReinvocable)
{
    private const int DefaultTimeoutSeconds = 10;

    public bool IsMutating { get; private init; }

    public static IEnumerable<Webhook> Of(ValidatingWebhookConfiguration configuration)
    {
        for (var i = 0; i < configuration.Webhooks.Count; i++)
        {
            var w = configuration.Webhooks[i];
            yield return new(
                $"{configuration.Metadata.Name}/{w.Name}/{i}", w.Name, TargetOf(w.ClientConfig), w.Rules, w.FailurePolicy == "Ignore", w.MatchPolicy != "Exact",
                w.NamespaceSelector ?? LabelSelector.Empty, w.ObjectSelector ?? LabelSelector.Empty, w.SideEffects, Seconds(w.TimeoutSeconds),
                w.AdmissionReviewVersions, w.MatchConditions, IsReinvocable: false);
        }
    }

    public static IEnumerable<Webhook> Of(MutatingWebhookConfiguration configuration)
    {
        for (var i = 0; i < configuration.Webhooks.Count; i++)
        {
            var w = configuration.Webhooks[i];
            yield return new(
                $"{configuration.Metadata.Name}/{w.Name}/{i}", w.Name, TargetOf(w.ClientConfig), w.Rules, w.FailurePolicy == "Ignore", w.MatchPolicy != "Exact",
                w.NamespaceSelector ?? LabelSelector.Empty, w.ObjectSelector ?? LabelSelector.Empty, w.SideEffects, Seconds(w.TimeoutSeconds),
                w.AdmissionReviewVersions, w.MatchConditions, w.ReinvocationPolicy == "IfNeeded")
            { IsMutating = true };
        }
    }

    private static TimeSpan Seconds(int? seconds) => TimeSpan.FromSeconds(seconds ?? DefaultTimeoutSeconds);

    private static WebhookTarget TargetOf(WebhookClientConfig client) => client.Service is { } service
        ? WebhookTarget.OfService(service.Namespace, service.Name, service.Port ?? 443, service.Path ?? "", client.CaBundle)
        : WebhookTarget.OfUrl(client.Url ?? "", client.CaBundle);
}
