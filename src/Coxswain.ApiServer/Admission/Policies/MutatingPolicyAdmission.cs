using System.Buffers;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.ServerSideApply;
using Coxswain.ApiServer.Admission.Webhooks;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Admission.Policies;

/// <summary>Changes objects by the MutatingAdmissionPolicies that are bound to them, in the order of the policies' and bindings' names.</summary>
internal sealed class MutatingPolicyAdmission(PolicyParts parts) : IAdmissionPlugin
{
    public string Name => "MutatingAdmissionPolicy";

    // There is nothing to change in a deletion or a connection.
    public bool Handles(AdmissionContext context) => context.Operation is AdmissionOperation.Create or AdmissionOperation.Update && !RequestMatcher.IsExempt(context);

    public async ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is null)
            return o;
        foreach (var source in parts.Cluster.List<MutatingAdmissionPolicy>(""))
        {
            var policy = MutatingPolicy.Of(source);
            if (await parts.Matcher.MatchAsync(policy.Criteria, context, o, cancellation) is not { } form)
                continue;
            foreach (var binding in parts.Cluster.List<MutatingAdmissionPolicyBinding>(""))
            {
                if (binding.Spec.PolicyName != policy.Name || !context.Reinvocation.HasTurn(Id(policy, binding)))
                    continue;
                if (binding.Spec.MatchResources is { } match && await parts.Matcher.MatchAsync(parts.CriteriaOf(binding, match), context, o, cancellation) is null)
                    continue;
                o = await ApplyAsync(policy, binding, context, form, o, cancellation);
            }
        }
        return o;
    }

    private static string Id(MutatingPolicy policy, MutatingAdmissionPolicyBinding binding) => $"policy/{policy.Name}/{binding.Metadata.Name}";

    private async ValueTask<IKubernetesObject> ApplyAsync(
        MutatingPolicy policy, MutatingAdmissionPolicyBinding binding, AdmissionContext context, ResourceDescriptor form, IKubernetesObject o, CancellationToken cancellation)
    {
        var before = o;
        try
        {
            foreach (var parameter in parts.Parameters.Find(policy.Source.Spec.ParamKind, binding.Spec.ParamRef, context))
            {
                var evaluation = new PolicyEvaluation(policy.Expressions, await parts.VariablesAsync(context, form, o, cancellation), parameter);
                if (!evaluation.ConditionsHold(out var error))
                {
                    if (error is not null)
                        throw new PolicyConfigurationException(error);
                    continue;
                }
                foreach (var mutation in policy.Mutations)
                {
                    o = Mutate(mutation, evaluation, context, form, o);
                    // The next mutation sees what this one did.
                    evaluation = new PolicyEvaluation(policy.Expressions, await parts.VariablesAsync(context, form, o, cancellation), parameter);
                }
            }
        }
        catch (PolicyConfigurationException e)
        {
            if (!policy.IgnoresFailure)
                throw PolicyParts.Denied(context, o, $"MutatingAdmissionPolicy '{policy.Name}' with binding '{binding.Metadata.Name}' denied request: {e.Message}", e.Message, "");
            return before;
        }
        if (!o.Equals(before))
            context.Reinvocation.Changed();
        if (policy.IsReinvocable)
            context.Reinvocation.Seen(Id(policy, binding));
        return o;
    }

    private IKubernetesObject Mutate(CompiledMutation mutation, PolicyEvaluation evaluation, AdmissionContext context, ResourceDescriptor form, IKubernetesObject o)
    {
        var value = evaluation.Evaluate(mutation.Expression);
        if (value.IsError)
            throw new PolicyConfigurationException(PolicyEvaluation.Failure(mutation.Expression, value));
        var change = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(change, ObjectCodec.WriterOptions))
        {
            if (CelJson.Write(writer, value) is { } unwritable)
                throw new PolicyConfigurationException($"expression '{mutation.Expression.Text}' resulted in error: {unwritable}");
        }
        try
        {
            return AdmittedForm.Changed(o, context, form, parts.Forms, json => mutation.IsJsonPatch
                ? AdmittedForm.Patched(json, change.WrittenSpan)
                : Utf8Of(TypedMerge.Merge(form.Schema, JsonElement.Parse(json), JsonElement.Parse(change.WrittenSpan))));
        }
        catch (DecodeException e)
        {
            throw new PolicyConfigurationException($"error applying patch: {e.Message}");
        }
        catch (ApiException e)
        {
            throw new PolicyConfigurationException($"error applying patch: {e.Status.Message}");
        }
    }

    private static ReadOnlyMemory<byte> Utf8Of(JsonElement element)
    {
        var utf8 = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(utf8, ObjectCodec.WriterOptions))
            element.WriteTo(writer);
        return utf8.WrittenMemory;
    }
}
