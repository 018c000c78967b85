using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.ApiRegistration.V1;

namespace Coxswain.ApiServer.Tables.Admission;

/// <summary>What extends the API server: webhooks, policies, other servers.</summary>
internal static class AdmissionColumns
{
    public static TableColumns MutatingWebhooks { get; } = TableColumns.For<MutatingWebhookConfiguration>()
        .Name()
        .Integer("Webhooks", o => o.Webhooks.Count)
        .Age()
        .Build();

    public static TableColumns ValidatingWebhooks { get; } = TableColumns.For<ValidatingWebhookConfiguration>()
        .Name()
        .Integer("Webhooks", o => o.Webhooks.Count)
        .Age()
        .Build();

    public static TableColumns ValidatingPolicies { get; } = TableColumns.For<ValidatingAdmissionPolicy>()
        .Name()
        .Integer("Validations", o => o.Spec.Validations.Count)
        .Add("ParamKind", o => Kind(o.Spec.ParamKind))
        .Age()
        .Build();

    public static TableColumns MutatingPolicies { get; } = TableColumns.For<MutatingAdmissionPolicy>()
        .Name()
        .Integer("Mutations", o => o.Spec.Mutations.Count)
        .Add("ParamKind", o => Kind(o.Spec.ParamKind))
        .Age()
        .Build();

    public static TableColumns ValidatingPolicyBindings { get; } = TableColumns.For<ValidatingAdmissionPolicyBinding>()
        .Name()
        .Add("PolicyName", o => o.Spec.PolicyName)
        .Add("ParamRef", o => Reference(o.Spec.ParamRef))
        .Age()
        .Build();

    public static TableColumns MutatingPolicyBindings { get; } = TableColumns.For<MutatingAdmissionPolicyBinding>()
        .Name()
        .Add("PolicyName", o => o.Spec.PolicyName)
        .Add("ParamRef", o => Reference(o.Spec.ParamRef))
        .Age()
        .Build();

    public static TableColumns ApiServices { get; } = TableColumns.For<APIService>()
        .Name()
        .Add("Service", o => o.Spec.Service is { } service ? $"{service.Namespace}/{service.Name}" : "Local")
        .Add("Available", Available)
        .Age()
        .Build();

    private static Cell Kind(ParamKind? kind) => kind is null ? TableText.Unset : TableText.ParamKind(kind.ApiVersion, kind.Kind);

    private static Cell Reference(ParamRef? reference) =>
        reference is null ? TableText.Unset
        : reference.Name.Length > 0 ? $"{reference.Namespace}/{reference.Name}"
        : TableText.Selector(reference.Selector);

    private static Cell Available(APIService o)
    {
        if (o.Status.Conditions.FirstOrDefault(condition => condition.Type == "Available") is not { } condition)
            return "Unknown";
        return condition.Status != "True" && condition.Reason.Length > 0 ? $"{condition.Status} ({condition.Reason})" : condition.Status;
    }
}
