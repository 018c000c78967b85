using Coxswain.Api;
using Coxswain.Api.Admission.V1;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Webhooks;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Admission.Webhooks;

/// <summary>Asks one webhook about one request.</summary>
internal sealed partial class WebhookDispatcher(WebhookTransport transport, IResourceForms forms, ILogger log)
{
    /// <summary>The question's answer; null: it could not be had, and the webhook does not mind.</summary>
    /// <exception cref="ApiException">The answer is no. 500: it could not be had. 400: it cannot be asked in a dry run.</exception>
    public async Task<AdmissionResponse?> AskAsync(
        Webhook hook, AdmissionContext context, ResourceDescriptor form, IKubernetesObject? o, CancellationToken cancellation)
    {
        AdmissionResponse response;
        try
        {
            response = await CallAsync(hook, context, form, o, cancellation);
        }
        catch (WebhookCallException failed)
        {
            var told = $"failed calling webhook {GoText.Quote(hook.Name)}: {failed.Message}";
            if (!hook.IgnoresFailure)
                throw new ApiException(Statuses.InternalError(told));
            LogIgnored(told);
            return null;
        }

        // Validating webhooks are asked side by side.
        lock (context.Warnings)
        {
            foreach (var warning in response.Warnings)
                context.Warnings.Add(warning);
            foreach (var (key, value) in response.AuditAnnotations)
                context.AuditAnnotations[$"{hook.Name}/{key}"] = value;
        }

        return response.Allowed ? response : throw new ApiException(AdmissionReviews.Denial(hook.Name, response.Status));
    }

    private async Task<AdmissionResponse> CallAsync(
        Webhook hook, AdmissionContext context, ResourceDescriptor form, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (context.DryRun)
        {
            if (hook.SideEffects is null)
                throw new WebhookCallException("Webhook SideEffects is nil");
            if (hook.SideEffects is not ("None" or "NoneOnDryRun"))
                throw new ApiException(Statuses.BadRequest($"admission webhook {GoText.Quote(hook.Name)} does not support dry run"));
        }

        var version = AdmissionReviews.VersionFor(hook)
            ?? throw new WebhookCallException("could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)");
        var uid = Guid.NewGuid().ToString("D");
        var question = AdmissionReviews.Question(version, uid, context, form, AdmittedForm.Shown(o, context, form, forms), AdmittedForm.Shown(context.OldObject, context, form, forms));
        byte[] answer;
        try
        {
            answer = await transport.PostAsync(hook.Target, question, hook.Timeout, cancellation);
        }
        catch (WebhookCallException e) when (!e.IsClient)
        {
            throw new WebhookCallException("failed to call webhook: " + e.Message);
        }

        try
        {
            return AdmissionReviews.Answer(answer, version, uid, hook.IsMutating);
        }
        catch (FormatException e)
        {
            throw new WebhookCallException("received invalid webhook response: " + e.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Failure}; its failure policy is to go on")]
    private partial void LogIgnored(string failure);
}
