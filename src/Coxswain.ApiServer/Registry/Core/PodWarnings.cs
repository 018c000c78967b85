using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>What is legal in a pod or in a template of pods, but surely not meant, or soon to go.</summary>
internal static class PodWarnings
{
    private static readonly (string Annotation, string Message)[] Annotations =
    [
        ("scheduler.alpha.kubernetes.io/critical-pod", "non-functional in v1.16+; use the \"priorityClassName\" field instead"),
        ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
        ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ];

    public static void Template(PodTemplateSpec template, FieldPath path, ICollection<string> warnings) =>
        Add(template.Spec, template.Metadata.Annotations, path, warnings);

    /// <param name="template">Where the template stands; null for a pod.</param>
    public static void Add(PodSpec spec, ApiMap<string> annotations, FieldPath? template, ICollection<string> warnings)
    {
        var path = template?.Child("spec") ?? Paths.Spec;
        var annotationPath = template?.Child("metadata").Child("annotations") ?? Paths.Metadata.Child("annotations");
        Nodes(spec, path, warnings);
        foreach (var (annotation, message) in Annotations)
            if (annotations.ContainsKey(annotation))
                warnings.Add($"{annotationPath.Key(annotation)}: {message}");
        for (var i = 0; i < spec.Volumes.Count; i++)
            VolumeWarnings.Add(spec.Volumes[i], path.Child("volumes").Index(i), warnings);
        References(spec, path, warnings);
        foreach (var name in FractionalBytes)
            Fraction(spec.Overhead, name, path.Child("overhead"), warnings);
        if (spec.SecurityContext?.SeccompProfile is null && annotations.ContainsKey(PodAnnotationValidation.SeccompPod))
            warnings.Add($"{annotationPath.Key(PodAnnotationValidation.SeccompPod)}: non-functional in v1.27+; use the \"seccompProfile\" field instead");
        PodContainers.Visit(spec, path, (name, context, _) =>
        {
            var (seccomp, appArmor) = (PodAnnotationValidation.SeccompContainer + name, PodAnnotationValidation.AppArmorContainer + name);
            if (context?.SeccompProfile is null && annotations.ContainsKey(seccomp))
                warnings.Add($"{annotationPath.Key(seccomp)}: non-functional in v1.27+; use the \"seccompProfile\" field instead");
            if (context?.AppArmorProfile is null && spec.SecurityContext?.AppArmorProfile is null && annotations.ContainsKey(appArmor))
                warnings.Add($"{annotationPath.Key(appArmor)}: deprecated since v1.30; use the \"appArmorProfile\" field instead");
        });
        PodContainers.VisitLasting(spec, path, (container, at) => Container(container, at, warnings));
        PodPortWarnings.Add(spec, path, warnings);
        if (spec.TerminationGracePeriodSeconds < 0)
            warnings.Add($"{path.Child("terminationGracePeriodSeconds")}: must be >= 0; negative values are invalid and will be treated as 1");
        if (spec.Affinity?.PodAffinity is { } pod)
            Terms(pod.RequiredDuringSchedulingIgnoredDuringExecution, pod.PreferredDuringSchedulingIgnoredDuringExecution,
                path.Child("affinity").Child("podAffinity"), warnings);
        if (spec.Affinity?.PodAntiAffinity is { } anti)
            Terms(anti.RequiredDuringSchedulingIgnoredDuringExecution, anti.PreferredDuringSchedulingIgnoredDuringExecution,
                path.Child("affinity").Child("podAntiAffinity"), warnings);
        for (var i = 0; i < (spec.DnsConfig?.Nameservers.Count ?? 0); i++)
            AddressWarnings.Address(path.Child("dnsConfig").Child("nameservers").Index(i), spec.DnsConfig!.Nameservers[i], warnings);
        for (var i = 0; i < spec.HostAliases.Count; i++)
            AddressWarnings.Address(path.Child("hostAliases").Index(i).Child("ip"), spec.HostAliases[i].Ip, warnings);
    }

    private static void Nodes(PodSpec spec, FieldPath path, ICollection<string> warnings)
    {
        foreach (var (label, _) in CommonRules.Sorted(spec.NodeSelector))
            if (NodeLabelWarnings.Deprecation(label) is { } message)
                warnings.Add($"{path.Child("nodeSelector").Key(label)}: {message}");
        if (spec.Affinity?.NodeAffinity is { } affinity)
        {
            var below = path.Child("affinity").Child("nodeAffinity");
            var terms = affinity.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms ?? default;
            for (var i = 0; i < terms.Count; i++)
                NodeLabelWarnings.Term(terms[i], checkValues: false,
                    below.Child("requiredDuringSchedulingIgnoredDuringExecution").Child("nodeSelectorTerms").Index(i), warnings);
            var preferred = affinity.PreferredDuringSchedulingIgnoredDuringExecution;
            for (var i = 0; i < preferred.Count; i++)
                NodeLabelWarnings.Term(preferred[i].Preference, checkValues: true,
                    below.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i).Child("preference"), warnings);
        }

        for (var i = 0; i < spec.TopologySpreadConstraints.Count; i++)
        {
            var (constraint, at) = (spec.TopologySpreadConstraints[i], path.Child("topologySpreadConstraints").Index(i));
            if (NodeLabelWarnings.Deprecation(constraint.TopologyKey) is { } message)
                warnings.Add($"{at.Child("topologyKey")}: {constraint.TopologyKey} is {message}");
            if (constraint.LabelSelector is null)
                warnings.Add($"{at.Child("labelSelector")}: a null labelSelector results in matching no pod");
        }
    }

    private static void References(PodSpec spec, FieldPath path, ICollection<string> warnings)
    {
        for (var i = 1; i < spec.HostAliases.Count; i++)
            if (spec.HostAliases.Take(i).Any(before => before.Ip == spec.HostAliases[i].Ip))
                warnings.Add($"{path.Child("hostAliases").Index(i).Child("ip")}: duplicate ip {GoText.Quote(spec.HostAliases[i].Ip)}");
        var secrets = spec.ImagePullSecrets;
        for (var i = 1; i < secrets.Count; i++)
            if (secrets.Take(i).Any(before => before.Name == secrets[i].Name))
                warnings.Add($"{path.Child("imagePullSecrets").Index(i).Child("name")}: duplicate name {GoText.Quote(secrets[i].Name)}");
        for (var i = 0; i < secrets.Count; i++)
            if (secrets[i].Name.Length == 0)
                warnings.Add($"{path.Child("imagePullSecrets").Index(i).Child("name")}: invalid empty name {GoText.Quote("")}");
    }

    private static void Container(Container container, FieldPath path, ICollection<string> warnings)
    {
        foreach (var name in FractionalBytes)
        {
            Fraction(container.Resources.Limits, name, path.Child("resources").Child("limits"), warnings);
            Fraction(container.Resources.Requests, name, path.Child("resources").Child("requests"), warnings);
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < container.Env.Count; i++)
        {
            var variable = container.Env[i];
            // A value that is made of the former one hides nothing.
            var former = $"$({variable.Name})";
            if (!seen.Add(variable.Name)
                && (variable.ValueFrom is not null || variable.Value == former || !variable.Value.Contains(former, StringComparison.Ordinal)))
                warnings.Add($"{path.Child("env").Index(i)}: hides previous definition of {GoText.Quote(variable.Name)}, which may be dropped when using apply");
        }
    }

    public static void Fraction(ApiMap<Quantity> amounts, string name, FieldPath path, ICollection<string> warnings)
    {
        if (amounts.TryGetValue(name, out var amount) && !amount.IsWhole)
            warnings.Add($"{path.Key(name)}: fractional byte value {GoText.Quote(amount.ToString())} is invalid, must be an integer");
    }

    private static void Terms(
        ApiList<PodAffinityTerm> required, ApiList<WeightedPodAffinityTerm> preferred, FieldPath path, ICollection<string> warnings)
    {
        for (var i = 0; i < required.Count; i++)
            Term(required[i], path.Child("requiredDuringSchedulingIgnoredDuringExecution").Index(i));
        for (var i = 0; i < preferred.Count; i++)
            Term(preferred[i].PodAffinityTerm, path.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i).Child("podAffinityTerm"));

        void Term(PodAffinityTerm term, FieldPath at)
        {
            if (term.LabelSelector is null)
                warnings.Add($"{at.Child("labelSelector")}: a null labelSelector results in matching no pod");
        }
    }

    private static readonly string[] FractionalBytes = ["memory", "ephemeral-storage"];
}
