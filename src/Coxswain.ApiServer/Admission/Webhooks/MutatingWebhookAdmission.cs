using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Admission.V1;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Patching;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission.Webhooks;

/// <summary>Lets the mutating webhooks change the object, one after another in the order of their configurations' names.</summary>
internal sealed class MutatingWebhookAdmission(
    IClusterView cluster, WebhookMatcher matcher, WebhookDispatcher dispatcher, IResourceForms forms) : IAdmissionPlugin
{
    public string Name => "MutatingAdmissionWebhook";

    public bool Handles(AdmissionContext context) => !WebhookMatcher.IsExempt(context);

    public async ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        var rounds = context.Reinvocation;
        rounds.Begin(o);
        foreach (var configuration in cluster.List<MutatingWebhookConfiguration>(""))
        {
            foreach (var hook in Webhook.Of(configuration))
            {
                if (!rounds.HasTurn(hook.Id) || await matcher.MatchAsync(hook, context, o, cancellation) is not { } form || !MatchConditionGate.Admits(hook, context, o))
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

        // What the webhook saw is what it patched.
        var converts = !ReferenceEquals(form, context.Descriptor) && o is IMetadataObject whole && whole.GroupVersionKind == context.Descriptor.Kind;
        var shown = converts ? forms.Convert((IMetadataObject)o, context.Descriptor, form) : o;
        var shownForm = converts ? form : context.Descriptor;
        var codec = AdmittedForm.CodecFor(shown, shownForm);
        try
        {
            var patched = JsonPatch.Apply(JsonNode.Parse(codec.ToJson(shown)), answer.Patch.Span) ?? new JsonObject();
            var utf8 = new System.Buffers.ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(utf8, ObjectCodec.WriterOptions))
                patched.WriteTo(writer);
            var result = codec.ReadJson(utf8.WrittenSpan, null);
            if (converts)
                result = forms.Convert((IMetadataObject)result, form, context.Descriptor);
            return context.Default is { } fill ? fill(result) : result;
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
