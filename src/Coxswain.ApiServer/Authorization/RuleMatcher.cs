using Coxswain.Api;
using Coxswain.Api.Rbac.V1;

namespace Coxswain.ApiServer.Authorization;

/// <summary>Whether a policy rule covers a request, or another rule. Pure.</summary>
internal static class RuleMatcher
{
    public static bool Allows(PolicyRule rule, AuthorizationAttributes a)
    {
        if (!a.IsResourceRequest)
            return HasOrAll(rule.Verbs, a.Verb) && MatchesPath(rule.NonResourceURLs, a.Path);
        return HasOrAll(rule.Verbs, a.Verb)
            && HasOrAll(rule.ApiGroups, a.ApiGroup)
            && MatchesResource(rule.Resources, a.Resource, a.Subresource)
            && (rule.ResourceNames.Count == 0 || Has(rule.ResourceNames, a.Name));
    }

    private static bool MatchesResource(ApiList<string> resources, string resource, string subresource)
    {
        foreach (var candidate in resources)
        {
            if (candidate == "*")
                return true;
            if (subresource.Length == 0)
            {
                if (candidate == resource)
                    return true;
                continue;
            }

            // "pods/exec", or "*/scale" for the subresource of any resource.
            var slash = candidate.IndexOf('/', StringComparison.Ordinal);
            if (slash > 0 && candidate.AsSpan(slash + 1).SequenceEqual(subresource)
                && (candidate.AsSpan(0, slash).SequenceEqual(resource) || candidate.AsSpan(0, slash) is "*"))
                return true;
        }

        return false;
    }

    private static bool MatchesPath(ApiList<string> urls, string path)
    {
        foreach (var url in urls)
        {
            if (url == "*" || url == path)
                return true;
            if (url.EndsWith('*') && path.AsSpan().StartsWith(url.AsSpan(0, url.Length - 1).TrimEnd('*'), StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private static bool HasOrAll(ApiList<string> list, string value)
    {
        foreach (var item in list)
            if (item == "*" || item == value)
                return true;
        return false;
    }

    private static bool Has(ApiList<string> list, string value) => list.AsSpan().Contains(value);

    /// <summary>The parts of the wanted rules that the owner's rules do not cover, each as a rule with one verb and one resource.</summary>
    public static List<PolicyRule> Uncovered(IReadOnlyList<PolicyRule> owned, IEnumerable<PolicyRule> wanted)
    {
        var missing = new List<PolicyRule>();
        foreach (var rule in wanted)
            foreach (var part in Parts(rule))
                if (!owned.Any(o => Covers(o, part)))
                    missing.Add(part);
        return missing;
    }

    private static IEnumerable<PolicyRule> Parts(PolicyRule rule)
    {
        foreach (var group in rule.ApiGroups)
            foreach (var resource in rule.Resources)
                foreach (var verb in rule.Verbs)
                {
                    if (rule.ResourceNames.Count == 0)
                        yield return new() { ApiGroups = [group], Resources = [resource], Verbs = [verb] };
                    foreach (var name in rule.ResourceNames)
                        yield return new() { ApiGroups = [group], Resources = [resource], ResourceNames = [name], Verbs = [verb] };
                }

        foreach (var url in rule.NonResourceURLs)
            foreach (var verb in rule.Verbs)
                yield return new() { NonResourceURLs = [url], Verbs = [verb] };
    }

    private static bool Covers(PolicyRule owner, PolicyRule part)
    {
        if (!HasOrAll(owner.Verbs, part.Verbs[0]))
            return false;
        if (part.NonResourceURLs.Count > 0)
            return CoversPath(owner.NonResourceURLs, part.NonResourceURLs[0]);
        if (!HasOrAll(owner.ApiGroups, part.ApiGroups[0]) || !CoversResource(owner.Resources, part.Resources[0]))
            return false;
        return owner.ResourceNames.Count == 0 || (part.ResourceNames.Count > 0 && Has(owner.ResourceNames, part.ResourceNames[0]));
    }

    private static bool CoversResource(ApiList<string> owned, string resource)
    {
        if (HasOrAll(owned, resource))
            return true;
        var slash = resource.IndexOf('/', StringComparison.Ordinal);
        return slash >= 0 && Has(owned, "*" + resource[slash..]);
    }

    private static bool CoversPath(ApiList<string> owned, string path)
    {
        foreach (var url in owned)
        {
            if (url == path || url == "*")
                return true;
            if (url.EndsWith('*') && path.AsSpan().StartsWith(url.AsSpan(0, url.Length - 1), StringComparison.Ordinal))
                return true;
        }

        return false;
    }
}
