using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Webhooks;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Admission.Webhooks;

/// <summary>What both kinds of webhooks are asked with.</summary>
internal sealed class WebhookParts(IClusterView cluster, IResourceForms forms, WebhookTransport transport, ILoggerFactory logs)
{
    private readonly WebhookMatcher _matcher = new(cluster, forms);
    private readonly WebhookDispatcher _dispatcher = new(transport, forms, logs.CreateLogger<WebhookDispatcher>());

    public MutatingWebhookAdmission Mutating() => new(cluster, _matcher, _dispatcher, forms);

    public ValidatingWebhookAdmission Validating() => new(cluster, _matcher, _dispatcher);
}
