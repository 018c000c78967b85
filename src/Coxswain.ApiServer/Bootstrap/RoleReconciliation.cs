using Coxswain.Api;
using Coxswain.Api.Rbac.V1;
using Coxswain.ApiServer.Authorization;

namespace Coxswain.ApiServer.Bootstrap;

/// <summary>Brings existing default roles and bindings up to date: what is missing is added, what somebody added stays. Pure.</summary>
internal static class RoleReconciliation
{
    /// <summary>Null: nothing to change.</summary>
    public static ClusterRole? Update(ClusterRole existing, ClusterRole wanted)
    {
        if (IsProtected(existing))
            return null;
        var updated = WithMetadata(existing, wanted);
        if (wanted.AggregationRule is null)
            updated = updated with { Rules = Add(existing.Rules, wanted.Rules) };
        else if (existing.AggregationRule is null)
            updated = updated with { AggregationRule = wanted.AggregationRule };
        return updated.Equals(existing) ? null : updated;
    }

    public static Role? Update(Role existing, Role wanted)
    {
        if (IsProtected(existing))
            return null;
        var updated = WithMetadata(existing, wanted) with { Rules = Add(existing.Rules, wanted.Rules) };
        return updated.Equals(existing) ? null : updated;
    }

    public static ClusterRoleBinding? Update(ClusterRoleBinding existing, ClusterRoleBinding wanted)
    {
        if (IsProtected(existing))
            return null;
        var updated = WithMetadata(existing, wanted) with { Subjects = Add(existing.Subjects, wanted.Subjects) };
        return updated.Equals(existing) ? null : updated;
    }

    public static RoleBinding? Update(RoleBinding existing, RoleBinding wanted)
    {
        if (IsProtected(existing))
            return null;
        var updated = WithMetadata(existing, wanted) with { Subjects = Add(existing.Subjects, wanted.Subjects) };
        return updated.Equals(existing) ? null : updated;
    }

    private static bool IsProtected(IMetadataObject existing) =>
        existing.Metadata.Annotations.TryGetValue(DefaultRoles.AutoUpdate, out var value) && value == "false";

    private static T WithMetadata<T>(T existing, T wanted)
        where T : class, IResource<T>
    {
        var (labels, annotations) = (existing.Metadata.Labels, existing.Metadata.Annotations);
        foreach (var (key, value) in wanted.Metadata.Labels)
            if (!labels.ContainsKey(key))
                labels = labels.With(key, value);
        foreach (var (key, value) in wanted.Metadata.Annotations)
            if (!annotations.ContainsKey(key))
                annotations = annotations.With(key, value);
        return (T)existing.WithMetadata(existing.Metadata with { Labels = labels, Annotations = annotations });
    }

    private static ApiList<PolicyRule> Add(ApiList<PolicyRule> existing, ApiList<PolicyRule> wanted)
    {
        var missing = RuleMatcher.Uncovered([.. existing], wanted);
        return missing.Count == 0 ? existing : existing.AddRange(missing);
    }

    private static ApiList<Subject> Add(ApiList<Subject> existing, ApiList<Subject> wanted)
    {
        foreach (var subject in wanted)
            if (!existing.Contains(subject))
                existing = existing.Add(subject);
        return existing;
    }
}
