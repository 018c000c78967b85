using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Selectors;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission;

/// <summary>Whether webhooks and policies have to do with a request, and in which version they want to see its object.</summary>
internal sealed class RequestMatcher(IClusterView cluster, IResourceForms forms)
{
    /// <summary>Configurations of webhooks and policies cannot be kept from being mended by them.</summary>
    public static bool IsExempt(AdmissionContext context) => context.Descriptor.Kind.Group == "admissionregistration.k8s.io"
        && context.Descriptor.Plural is "validatingwebhookconfigurations" or "mutatingwebhookconfigurations"
            or "validatingadmissionpolicies" or "validatingadmissionpolicybindings" or "mutatingadmissionpolicies" or "mutatingadmissionpolicybindings";

    /// <returns>The resource as which the object is seen, or null: the criteria do not hold for the request.</returns>
    /// <exception cref="ApiException">404: the namespace whose labels decide is not there.</exception>
    public async ValueTask<ResourceDescriptor?> MatchAsync(MatchCriteria criteria, AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (!MatchesObject(criteria.ObjectSelector, o, context.OldObject))
            return null;
        if (FindForm(criteria, context) is not { } form)
            return null;
        return await MatchesNamespaceAsync(criteria.NamespaceSelector, context, o, cancellation) ? form : null;
    }

    private ResourceDescriptor? FindForm(MatchCriteria criteria, AdmissionContext context)
    {
        if (criteria.ExcludeRules.Count > 0 && FindForm(criteria.ExcludeRules, criteria.MatchesEquivalents, context) is not null)
            return null;
        return criteria.Rules is null ? context.Descriptor : FindForm(criteria.Rules, criteria.MatchesEquivalents, context);
    }

    private ResourceDescriptor? FindForm(IReadOnlyList<MatchRule> rules, bool equivalentsToo, AdmissionContext context)
    {
        foreach (var rule in rules)
            if (Matches(rule, context, context.Descriptor.Resource))
                return context.Descriptor;
        if (!equivalentsToo)
            return null;
        var equivalents = forms.EquivalentsOf(context.Descriptor);
        if (equivalents.Count == 0)
            return null;
        foreach (var rule in rules)
            foreach (var form in equivalents)
                if (Matches(rule, context, form.Resource))
                    return form;
        return null;
    }

    internal static bool Matches(MatchRule rule, AdmissionContext context, GroupVersionResource resource) =>
        (rule.Names.Count == 0 || rule.Names.Contains(context.Name))
        && MatchesScope(rule.Scope, context)
        && Contains(rule.Operations, Word(context.Operation))
        && Contains(rule.ApiGroups, resource.Group)
        && Contains(rule.ApiVersions, resource.Version)
        && MatchesResource(rule.Resources, resource.Resource, context.Subresource);

    public static string Word(AdmissionOperation operation) => operation switch
    {
        AdmissionOperation.Create => "CREATE",
        AdmissionOperation.Update => "UPDATE",
        AdmissionOperation.Delete => "DELETE",
        _ => "CONNECT",
    };

    private static bool MatchesScope(string? scope, AdmissionContext context) => scope switch
    {
        "Namespaced" => !IsNamespace(context) && context.Namespace.Length > 0,
        "Cluster" => IsNamespace(context) || context.Namespace.Length == 0,
        _ => true,
    };

    private static bool MatchesResource(ApiList<string> wanted, string resource, string subresource)
    {
        foreach (var one in wanted)
        {
            var slash = one.IndexOf('/', StringComparison.Ordinal);
            var (name, below) = slash < 0 ? (one, "") : (one[..slash], one[(slash + 1)..]);
            if ((name == "*" || name == resource) && (below == "*" || below == subresource))
                return true;
        }

        return false;
    }

    private static bool Contains(ApiList<string> wanted, string value)
    {
        foreach (var one in wanted)
            if (one == "*" || one == value)
                return true;
        return false;
    }

    private static bool MatchesObject(LabelSelector selector, IKubernetesObject? o, IMetadataObject? old)
    {
        if (IsEmpty(selector))
            return true;
        var labels = Selector.From(selector);
        return (o is IMetadataObject now && labels.Matches(now.Metadata.Labels)) || (old is not null && labels.Matches(old.Metadata.Labels));
    }

    private async ValueTask<bool> MatchesNamespaceAsync(LabelSelector selector, AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (IsEmpty(selector) || (context.Namespace.Length == 0 && !IsNamespace(context)))
            return true;
        ApiMap<string> labels;
        if (IsNamespace(context) && context.Operation is AdmissionOperation.Create or AdmissionOperation.Update && o is IMetadataObject itself)
        {
            labels = itself.Metadata.Labels;
        }
        else
        {
            var name = new NamespacedName("", context.Namespace);
            var found = cluster.Find<Namespace>(name) ?? await cluster.GetAsync<Namespace>(name, cancellation)
                ?? throw new ApiException(Statuses.NotFound(new GroupResource("", "namespaces"), context.Namespace));
            labels = found.Metadata.Labels;
        }

        return Selector.From(selector).Matches(labels);
    }

    private static bool IsNamespace(AdmissionContext context) => context.IsOf("", "namespaces");

    private static bool IsEmpty(LabelSelector selector) => selector.MatchLabels.Count == 0 && selector.MatchExpressions.Count == 0;
}
