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

        // What addresses were asked for says which families.
        for (var i = 0; i < spec.ClusterIPs.Count; i++)
            if (spec.ClusterIPs[i] != "None" && list.Count <= i)
                list = list.Add(spec.ClusterIPs[i].Contains(':') ? "IPv6" : "IPv4");

        var headless = ServiceNeeds.IsHeadless(o);
        if (headless && spec.Selector.Count == 0)
        {
            // Nobody but the owner knows what stands behind it: both families are possible.
            policy ??= list.Count == 1 ? "SingleStack" : "RequireDualStack";
            if (list.Count == 0)
                list = [families[0]];
            if (list.Count == 1 && policy != "SingleStack")
                list = list.Add(Other(list[0]));
            return o with { Spec = spec with { IpFamilies = list, IpFamilyPolicy = policy } };
        }

        if (policy is null && list.Count > 1)
            errors.Required(Paths.Spec.Child("ipFamilyPolicy"), "must be set to 'PreferDualStack' or 'RequireDualStack' when 'ipFamilies' has more than 1 value");
        policy ??= "SingleStack";
        if (policy == "SingleStack" && list.Count > 1)
            list = [list[0]];
        for (var i = 0; i < list.Count; i++)
            if (!CommonRules.Contains(families, list[i]))
                errors.Invalid(Paths.Spec.Child("ipFamilies").Index(i), list[i], "not configured on this cluster");
        if (policy == "RequireDualStack" && families.Count < 2)
            errors.Invalid(Paths.Spec.Child("ipFamilyPolicy"), policy, "this cluster is not configured for dual-stack services");
        if (list.Count == 0)
            list = [families[0]];
        if (policy != "SingleStack" && list.Count == 1 && families.Count > 1)
            list = list.Add(Other(list[0]));
        return o with { Spec = spec with { IpFamilies = list, IpFamilyPolicy = policy } };
    }

    private static string Other(string family) => family == "IPv4" ? "IPv6" : "IPv4";
}
