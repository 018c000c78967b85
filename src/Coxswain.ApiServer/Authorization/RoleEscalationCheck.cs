using System.Text;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Rbac.V1;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Verbs;

namespace Coxswain.ApiServer.Authorization;

/// <summary>Nobody grants what he has not: roles may hold only rules that their author has (or he may "escalate"), and bindings
/// may name only roles that their author has in full (or he may "bind").</summary>
internal sealed class RoleEscalationCheck(IAuthorizer authorizer, RbacAuthorizer rbac, Registry.RegistryTable registries)
{
    private const string Group = "rbac.authorization.k8s.io";

    /// <exception cref="ApiException">403.</exception>
    public ValueTask CheckCreateAsync(ResourceScope scope, ApiRequest request, IMetadataObject value, CancellationToken cancellation) =>
        Concerns(scope, request) ? CheckAsync(scope, request, value, cancellation) : default;

    /// <exception cref="ApiException">403.</exception>
    public ValueTask CheckUpdateAsync(ResourceScope scope, ApiRequest request, IMetadataObject value, IMetadataObject old, CancellationToken cancellation)
    {
        if (!Concerns(scope, request))
            return default;
        var unchanged = (value, old) switch
        {
            (Role updated, Role before) => updated.Rules == before.Rules,
            (ClusterRole updated, ClusterRole before) => updated.Rules == before.Rules && updated.AggregationRule == before.AggregationRule,
            (RoleBinding updated, RoleBinding before) => updated.RoleRef == before.RoleRef && updated.Subjects == before.Subjects,
            (ClusterRoleBinding updated, ClusterRoleBinding before) => updated.RoleRef == before.RoleRef && updated.Subjects == before.Subjects,
            _ => true,
        };
        return unchanged ? default : CheckAsync(scope, request, value, cancellation);
    }

    private static bool Concerns(ResourceScope scope, ApiRequest request) =>
        scope.Descriptor.Kind.Group == Group && !request.User.IsIn(Users.MastersGroup);

    private async ValueTask CheckAsync(ResourceScope scope, ApiRequest request, IMetadataObject value, CancellationToken cancellation)
    {
        IEnumerable<PolicyRule> wanted;
        switch (value)
        {
            case Role role:
                if (await MayAsync(request, "escalate", "roles", role.Metadata.Name, request.Namespace, cancellation))
                    return;
                wanted = role.Rules;
                break;
            case ClusterRole role:
                if (await MayAsync(request, "escalate", "clusterroles", role.Metadata.Name, "", cancellation))
                    return;
                // What an aggregated role will hold is not known, so only who has everything may make one.
                wanted = role.AggregationRule is { ClusterRoleSelectors.Count: > 0 }
                    ? [new() { ApiGroups = ["*"], Resources = ["*"], Verbs = ["*"] }, new() { NonResourceURLs = ["*"], Verbs = ["*"] }]
                    : role.Rules;
                break;
            case RoleBinding binding:
                if (await MayBindAsync(request, binding.RoleRef, request.Namespace, cancellation))
                    return;
                wanted = await RulesOfAsync(binding.RoleRef, request.Namespace, cancellation);
                break;
            case ClusterRoleBinding binding:
                if (await MayBindAsync(request, binding.RoleRef, "", cancellation))
                    return;
                wanted = await RulesOfAsync(binding.RoleRef, "", cancellation);
                break;
            default:
                return;
        }

        var (owned, errors) = await rbac.PolicyRulesAsync(request.User, request.Namespace, cancellation);
        var missing = RuleMatcher.Uncovered(owned, wanted);
        if (missing.Count == 0)
            return;
        throw new ApiException(Statuses.Forbidden(scope.Registry.GroupResource, value.Metadata.Name, Words(request.User, missing, errors)));
    }

    private ValueTask<bool> MayBindAsync(ApiRequest request, RoleRef role, string @namespace, CancellationToken cancellation) =>
        MayAsync(request, "bind", role.Kind == "Role" ? "roles" : "clusterroles", role.Name, @namespace, cancellation);

    private async ValueTask<bool> MayAsync(
        ApiRequest request, string verb, string resource, string name, string @namespace, CancellationToken cancellation) =>
        (await authorizer.AuthorizeAsync(new()
        {
            User = request.User,
            Verb = verb,
            IsResourceRequest = true,
            ApiGroup = Group,
            ApiVersion = "*",
            Resource = resource,
            Name = name,
            Namespace = @namespace,
        }, cancellation)).Decision == AuthorizationDecision.Allow;

    private async ValueTask<IEnumerable<PolicyRule>> RulesOfAsync(RoleRef role, string @namespace, CancellationToken cancellation)
    {
        if (role.Kind == "Role")
        {
            var found = await registries.For<Role>().GetAsync(@namespace, role.Name, cancellation);
            return ((Role)found.Object).Rules;
        }

        return ((ClusterRole)(await registries.For<ClusterRole>().GetAsync("", role.Name, cancellation)).Object).Rules;
    }

    private static string Words(UserInfo user, List<PolicyRule> missing, IReadOnlyList<string> errors)
    {
        var text = new StringBuilder();
        text.Append("user ").Append(GoText.Quote(user.Username)).Append(" (groups=[");
        text.AppendJoin(' ', user.Groups.Select(GoText.Quote)).Append("]) is attempting to grant RBAC permissions not currently held:\n");
        text.AppendJoin('\n', Compact(missing));
        if (errors.Count > 0)
            text.Append("; resolution errors: [").AppendJoin(", ", errors).Append(']');
        return text.ToString();
    }

    /// <summary>Parts that differ only in their verb are told as one.</summary>
    private static IEnumerable<string> Compact(List<PolicyRule> parts) => parts
        .GroupBy(p => (Join(p.ApiGroups), Join(p.Resources), Join(p.ResourceNames), Join(p.NonResourceURLs)))
        .Select(same => Describe(same.First(), same.SelectMany(p => p.Verbs)))
        .Order(StringComparer.Ordinal);

    private static string Describe(PolicyRule rule, IEnumerable<string> verbs)
    {
        var parts = new List<string>();
        Add("APIGroups", rule.ApiGroups);
        Add("Resources", rule.Resources);
        Add("ResourceNames", rule.ResourceNames);
        Add("NonResourceURLs", rule.NonResourceURLs);
        parts.Add($"Verbs:[{string.Join(", ", verbs.Select(GoText.Quote))}]");
        return $"{{{string.Join(", ", parts)}}}";

        void Add(string name, ApiList<string> values)
        {
            if (values.Count > 0)
                parts.Add($"{name}:[{string.Join(", ", values.Select(GoText.Quote))}]");
        }
    }

    private static string Join(ApiList<string> list) => string.Join('\n', list);
}
