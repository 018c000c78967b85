using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission.Webhooks;

/// <summary>Asks the validating webhooks, all at once; the first refusal in their order is the answer.</summary>
internal sealed class ValidatingWebhookAdmission(IClusterView cluster, RequestMatcher matcher, WebhookDispatcher dispatcher, MatchConditionGate gate) : IAdmissionPlugin
{
    public string Name => "ValidatingAdmissionWebhook";

    public bool Handles(AdmissionContext context) => !RequestMatcher.IsExempt(context);

    public async ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        List<(Webhook Hook, ResourceDescriptor Form)>? asked = null;
        foreach (var configuration in cluster.List<ValidatingWebhookConfiguration>(""))
            foreach (var hook in Webhook.Of(configuration))
                if (await matcher.MatchAsync(hook.Criteria, context, o, cancellation) is { } form && await gate.AdmitsAsync(hook, context, form, o, cancellation))
                    (asked ??= []).Add((hook, form));
        if (asked is null)
            return;

        // One that refuses does not cut the others short: they may count on being asked.
        var answers = new Task[asked.Count];
        for (var i = 0; i < answers.Length; i++)
            answers[i] = dispatcher.AskAsync(asked[i].Hook, context, asked[i].Form, o, cancellation);
        await Task.WhenAll(answers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var answer in answers)
            await answer;
    }
}
