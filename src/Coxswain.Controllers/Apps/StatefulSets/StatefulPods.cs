using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>The identity of a StatefulSet's pods: name, host name, claims, all from the ordinal.</summary>
internal static class StatefulPods
{
    public const string NameLabel = "statefulset.kubernetes.io/pod-name";
    private const string IndexLabel = "apps.kubernetes.io/pod-index";

    public static string NameOf(StatefulSet set, int ordinal) => string.Create(CultureInfo.InvariantCulture, $"{set.Metadata.Name}-{ordinal}");

    public static string ClaimNameOf(StatefulSet set, PersistentVolumeClaim template, int ordinal) => $"{template.Metadata.Name}-{NameOf(set, ordinal)}";

    /// <summary>The ordinal in a pod's name; null if the name is not one of the set's.</summary>
    public static int? OrdinalOf(StatefulSet set, Pod pod)
    {
        var prefix = set.Metadata.Name + "-";
        return pod.Metadata.Name.StartsWith(prefix, StringComparison.Ordinal)
            && int.TryParse(pod.Metadata.Name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)
            && NameOf(set, ordinal) == pod.Metadata.Name
                ? ordinal
                : null;
    }

    public static string RevisionOf(Pod pod) => pod.Metadata.Labels.GetValueOrDefault(RevisionHistory.HashLabel) ?? "";

    public static Pod Render(StatefulSet set, PodTemplateSpec template, int ordinal, string revision)
    {
        var name = NameOf(set, ordinal);
        var pod = PodControl.FromTemplate(template, set);
        return pod with
        {
            Metadata = pod.Metadata with
            {
                Name = name,
                GenerateName = "",
                Labels = pod.Metadata.Labels.With(NameLabel, name).With(IndexLabel, ordinal.ToString(CultureInfo.InvariantCulture))
                    .With(RevisionHistory.HashLabel, revision),
            },
            Spec = pod.Spec with { Hostname = name, Subdomain = set.Spec.ServiceName, Volumes = Volumes(set, pod.Spec, ordinal) },
        };
    }

    /// <summary>The claims of an ordinal, as they are made.</summary>
    public static IEnumerable<PersistentVolumeClaim> Claims(StatefulSet set, int ordinal) => set.Spec.VolumeClaimTemplates.Select(template => template with
    {
        Metadata = template.Metadata with
        {
            Name = ClaimNameOf(set, template, ordinal),
            Namespace = set.Metadata.Namespace,
            Labels = template.Metadata.Labels.Concat(set.Spec.Selector?.MatchLabels ?? default).ToApiMap(),
            OwnerReferences = set.Spec.PersistentVolumeClaimRetentionPolicy?.WhenDeleted == PersistentVolumeClaimRetentionPolicyType.Delete
                ? [Owners.Controller(set)]
                : default,
        },
        Status = PersistentVolumeClaimStatus.Empty,
    });

    private static ApiList<Volume> Volumes(StatefulSet set, PodSpec spec, int ordinal)
    {
        if (set.Spec.VolumeClaimTemplates.Count == 0)
            return spec.Volumes;
        var claims = set.Spec.VolumeClaimTemplates.Select(t => new Volume
        {
            Name = t.Metadata.Name,
            PersistentVolumeClaim = new() { ClaimName = ClaimNameOf(set, t, ordinal) },
        }).ToList();
        return claims.Concat(spec.Volumes.Where(v => claims.All(c => c.Name != v.Name))).ToApiList();
    }
}
