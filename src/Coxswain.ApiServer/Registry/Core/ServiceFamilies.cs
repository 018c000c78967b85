using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Decides which IP families a service has.</summary>
/// <param name="families">Those of the cluster, the default one first.</param>
internal sealed class ServiceFamilies(IReadOnlyList<string> families)
{
    public Service Fill(Service o, Service? old, FieldErrors errors)
    {
        if (o.Spec.Type is not ("ClusterIP" or "NodePort" or "LoadBalancer"))
            return o;
        var (spec, list, policy) = (o.Spec, o.Spec.IpFamilies, o.Spec.IpFamilyPolicy);
        if (old is not null && ServiceNeeds.ClusterIP(old))
        {
            if (policy is null)
                policy = old.Spec.IpFamilyPolicy;
            if (list.Count == 0)
                list = old.Spec.IpFamilies;
        }

        policy ??= ServiceNeeds.IsHeadless(o) && spec.Selector.Count == 0 ? "RequireDualStack" : "SingleStack";
        if (old is not null && policy == "SingleStack")
        {
            // Whoever asks for one family gives up the other one, if nothing else was changed.
            if (spec.ClusterIPs.Count > 1 && spec.ClusterIPs == old.Spec.ClusterIPs)
                spec = spec with { ClusterIPs = [spec.ClusterIPs[0]] };
            if (list.Count > 1 && list == old.Spec.IpFamilies)
                list = [list[0]];
        }

        Counts(spec, list, policy, old, errors);
        // What addresses were asked for says which families.
        for (var i = 0; i < spec.ClusterIPs.Count; i++)
        {
            if (spec.ClusterIPs[i] == "None" || list.Count > i)
                continue;
            var family = spec.ClusterIPs[i].Contains(':') ? "IPv6" : "IPv4";
            if (!CommonRules.Contains(families, family))
                errors.Invalid(Paths.Spec.Child("clusterIPs").Index(i), spec.ClusterIPs, $"{family} is not configured on this cluster");
            else
                list = list.Add(family);
        }

        if (errors.Count > 0)
            return o;
        if (ServiceNeeds.IsHeadless(o) && spec.Selector.Count == 0)
        {
            // Nobody but the owner knows what stands behind it: both families are possible.
            if (list.Count == 0)
                list = [families[0]];
            if (list.Count == 1 && policy != "SingleStack")
                list = list.Add(Other(list[0]));
            return o with { Spec = spec with { IpFamilies = list, IpFamilyPolicy = policy } };
        }

        if (policy == "RequireDualStack" && families.Count < 2)
            errors.Invalid(Paths.Spec.Child("ipFamilyPolicy"), policy, "this cluster is not configured for dual-stack services");
        for (var i = 0; i < list.Count; i++)
            if (!CommonRules.Contains(families, list[i]))
                errors.Invalid(Paths.Spec.Child("ipFamilies").Index(i), list[i], "not configured on this cluster");
        if (list.Count == 0)
            list = [families[0]];
        if (policy != "SingleStack" && list.Count == 1 && families.Count > 1)
            list = list.Add(Other(list[0]));
        return o with { Spec = spec with { IpFamilies = list, IpFamilyPolicy = policy } };
    }

    private static void Counts(ServiceSpec spec, ApiList<string> list, string policy, Service? old, FieldErrors errors)
    {
        var path = Paths.Spec.Child("ipFamilyPolicy");
        if (policy != "SingleStack")
        {
            if (old?.Spec.ClusterIPs.Count == 2 && spec.ClusterIPs.Count == 1)
                errors.Invalid(path, policy, "must be 'SingleStack' to release the secondary cluster IP");
            if (old?.Spec.IpFamilies.Count == 2 && list.Count == 1)
                errors.Invalid(path, policy, "must be 'SingleStack' to release the secondary IP family");
            return;
        }

        if (spec.ClusterIPs.Count == 2)
            errors.Invalid(path, policy, "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified");
        if (list.Count == 2)
            errors.Invalid(path, policy, "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified");
    }

    private static string Other(string family) => family == "IPv4" ? "IPv6" : "IPv4";
}
