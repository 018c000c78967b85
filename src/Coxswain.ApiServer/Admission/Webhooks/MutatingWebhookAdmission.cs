using Coxswain.Api;
using Coxswain.Api.Admission.V1;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission.Webhooks;

/// <summary>Lets the mutating webhooks change the object, one after another in the order of their configurations' names.</summary>
internal sealed class MutatingWebhookAdmission(
    IClusterView cluster, RequestMatcher matcher, WebhookDispatcher dispatcher, MatchConditionGate gate, IResourceForms forms) : IAdmissionPlugin
{
    public string Name => "MutatingAdmissionWebhook";

    public bool Handles(AdmissionContext context) => !RequestMatcher.IsExempt(context);

    public async ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        var rounds = context.Reinvocation;
        rounds.Begin(o);
        foreach (var configuration in cluster.List<MutatingWebhookConfiguration>(""))
        {
            foreach (var hook in Webhook.Of(configuration))
            {
                if (!rounds.HasTurn(hook.Id) || await matcher.MatchAsync(hook.Criteria, context, o, cancellation) is not { } form || !await gate.AdmitsAsync(hook, context, form, o, cancellation))
                    continue;
                if (await dispatcher.AskAsync(hook, context, form, o, cancellation) is { Patch.Length: > 0 } answer)
                {
                    var changed = Patched(hook, context, form, o, answer);
                    if (!changed.Equals(o))
                        rounds.Changed();
                    o = changed;
                }

                if (hook.IsReinvocable)
                    rounds.Seen(hook.Id);
            }
        }

        rounds.End(o);
        return o;
    }

    /// <exception cref="ApiException">500: the patch does not fit.</exception>
    private IKubernetesObject Patched(Webhook hook, AdmissionContext context, ResourceDescriptor form, IKubernetesObject? o, AdmissionResponse answer)
    {
        if (answer.PatchType != "JSONPatch")
            throw new ApiException(Statuses.InternalError(
                $"failed calling webhook {GoText.Quote(hook.Name)}: unsupported patch type {GoText.Quote(answer.PatchType ?? "")}"));
        if (o is null)
            throw new ApiException(Statuses.InternalError(
                $"admission webhook {GoText.Quote(hook.Name)} attempted to modify the object, which is not supported for this operation"));

        try
        {
            return AdmittedForm.Changed(o, context, form, forms, json => AdmittedForm.Patched(json, answer.Patch.Span));
        }
        catch (ApiException e)
        {
            throw new ApiException(Statuses.InternalError(e.Status.Message));
        }
        catch (DecodeException e)
        {
            throw new ApiException(Statuses.InternalError(e.Message));
        }
    }
}
