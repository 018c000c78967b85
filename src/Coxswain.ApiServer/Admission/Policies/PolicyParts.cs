using System.Runtime.CompilerServices;
using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Authorization;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission.Policies;

/// <summary>What both kinds of policies are evaluated with. Safe for concurrent use.</summary>
internal sealed class PolicyParts(IClusterView cluster, IResourceForms forms, IObjectsByKind objects, IAuthorizer authorizer)
{
    private readonly ConditionalWeakTable<IMetadataObject, MatchCriteria> criteria = [];

    public IClusterView Cluster => cluster;

    public IResourceForms Forms => forms;

    public RequestMatcher Matcher { get; } = new(cluster, forms);

    public ParameterSource Parameters { get; } = new(objects);

    /// <summary>The criteria of a binding, read once for each version of it.</summary>
    public MatchCriteria CriteriaOf(IMetadataObject binding, MatchResources match) => criteria.GetValue(binding, _ => MatchCriteria.Of(match));

    public async ValueTask<RequestVariables> VariablesAsync(AdmissionContext context, ResourceDescriptor form, IKubernetesObject? o, CancellationToken cancellation)
    {
        // The namespace of a namespace is itself: cluster-wide objects have none.
        var name = new NamespacedName("", context.Namespace);
        var @namespace = context.Namespace.Length == 0 || context.IsOf("", "namespaces")
            ? null
            : cluster.Find<Namespace>(name) ?? await cluster.GetAsync<Namespace>(name, cancellation);
        return new(context, form, o, @namespace, forms, authorizer);
    }

    /// <summary>A policy's refusal, as a client sees it.</summary>
    /// <param name="reason">As the policy says; empty: Invalid.</param>
    public static ApiException Denied(AdmissionContext context, IKubernetesObject? o, string message, string cause, string reason)
    {
        var status = context.Forbidden(o, message).Status;
        reason = reason.Length > 0 ? reason : StatusReason.Invalid;
        return new(status with
        {
            Reason = reason,
            Code = reason switch
            {
                StatusReason.Forbidden => 403,
                StatusReason.Unauthorized => 401,
                StatusReason.RequestEntityTooLarge => 413,
                _ => 422,
            },
            Details = (status.Details ?? StatusDetails.Empty) with { Causes = [new StatusCause { Message = cause }] },
        });
    }
}
