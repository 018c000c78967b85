using System.Runtime.CompilerServices;
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
    MatchCriteria Criteria,
    bool IgnoresFailure,
    string? SideEffects,
    TimeSpan Timeout,
    ApiList<string> ReviewVersions,
    ApiList<MatchCondition> MatchConditions,
    bool IsReinvocable)
{
    private const int DefaultTimeoutSeconds = 10;

    public bool IsMutating { get; private init; }

    // Configurations are asked for each write and seldom change: what was made of one is kept as long as the cache has it.
    private static readonly ConditionalWeakTable<IMetadataObject, Webhook[]> Known = [];

    public static IReadOnlyList<Webhook> Of(ValidatingWebhookConfiguration configuration) =>
        Known.GetValue(configuration, static o => [.. Read((ValidatingWebhookConfiguration)o)]);

    public static IReadOnlyList<Webhook> Of(MutatingWebhookConfiguration configuration) =>
        Known.GetValue(configuration, static o => [.. Read((MutatingWebhookConfiguration)o)]);

    private static IEnumerable<Webhook> Read(ValidatingWebhookConfiguration configuration)
    {
        for (var i = 0; i < configuration.Webhooks.Count; i++)
        {
            var w = configuration.Webhooks[i];
            yield return new(
                $"{configuration.Metadata.Name}/{w.Name}/{i}", w.Name, TargetOf(w.ClientConfig), CriteriaOf(w.Rules, w.MatchPolicy, w.NamespaceSelector, w.ObjectSelector),
                w.FailurePolicy == "Ignore", w.SideEffects, Seconds(w.TimeoutSeconds),
                w.AdmissionReviewVersions, w.MatchConditions, IsReinvocable: false);
        }
    }

    private static IEnumerable<Webhook> Read(MutatingWebhookConfiguration configuration)
    {
        for (var i = 0; i < configuration.Webhooks.Count; i++)
        {
            var w = configuration.Webhooks[i];
            yield return new(
                $"{configuration.Metadata.Name}/{w.Name}/{i}", w.Name, TargetOf(w.ClientConfig), CriteriaOf(w.Rules, w.MatchPolicy, w.NamespaceSelector, w.ObjectSelector),
                w.FailurePolicy == "Ignore", w.SideEffects, Seconds(w.TimeoutSeconds),
                w.AdmissionReviewVersions, w.MatchConditions, w.ReinvocationPolicy == "IfNeeded")
            { IsMutating = true };
        }
    }

    private static MatchCriteria CriteriaOf(
        ApiList<RuleWithOperations> rules, string? matchPolicy, LabelSelector? namespaceSelector, LabelSelector? objectSelector) =>
        new([.. rules.Select(MatchRule.Of)], [], matchPolicy != "Exact", namespaceSelector ?? LabelSelector.Empty, objectSelector ?? LabelSelector.Empty);

    private static TimeSpan Seconds(int? seconds) => TimeSpan.FromSeconds(seconds ?? DefaultTimeoutSeconds);

    private static WebhookTarget TargetOf(WebhookClientConfig client) => client.Service is { } service
        ? WebhookTarget.OfService(service.Namespace, service.Name, service.Port ?? 443, service.Path ?? "", client.CaBundle)
        : WebhookTarget.OfUrl(client.Url ?? "", client.CaBundle);
}
