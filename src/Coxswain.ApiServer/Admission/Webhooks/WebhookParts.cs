using Coxswain.ApiServer.Admission.Policies;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Webhooks;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Admission.Webhooks;

/// <summary>What both kinds of webhooks are asked with.</summary>
internal sealed class WebhookParts(IClusterView cluster, IResourceForms forms, PolicyParts policies, WebhookTransport transport, ILoggerFactory logs)
{
    private readonly MatchConditionGate _gate = new(policies);
    private readonly WebhookDispatcher _dispatcher = new(transport, forms, logs.CreateLogger<WebhookDispatcher>());

    public MutatingWebhookAdmission Mutating() => new(cluster, policies.Matcher, _dispatcher, _gate, forms);

    public ValidatingWebhookAdmission Validating() => new(cluster, policies.Matcher, _dispatcher, _gate);
}
