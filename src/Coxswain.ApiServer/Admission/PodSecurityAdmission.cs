using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission;

/// <summary>Holds pods to the security level that their namespace's labels ask for; warns of workloads whose pods would break it.</summary>
internal sealed class PodSecurityAdmission(IClusterView cluster) : IAdmissionPlugin
{
    private const string Prefix = "pod-security.kubernetes.io/";

    public string Name => "PodSecurity";

    public bool Handles(AdmissionContext context) => (context.IsCreate || context.IsUpdate)
        && ((context.IsOf("", "pods") && context.Subresource is "" or "ephemeralcontainers")
            || (context.Subresource.Length == 0 && context.Descriptor.Kind.Group is "apps" or "batch")
            || context.Is("", "replicationcontrollers") || context.Is("", "podtemplates"));

    public ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (PodTemplates.SpecOf(o) is not { } spec || cluster.Find<Namespace>(new NamespacedName("", context.Namespace)) is not { } home)
            return default;
        if (context.OldObject is Pod old && context.Subresource.Length == 0 && old.Spec == spec)
            return default;

        var labels = home.Metadata.Labels;
        if (o is Pod && Violations(labels, "enforce", spec) is { Length: > 0 } enforced)
            throw context.Forbidden(o, $"violates PodSecurity {enforced}");
        if (Violations(labels, "audit", spec) is { Length: > 0 } audited)
            context.AuditAnnotations[Prefix + "audit-violations"] = $"would violate PodSecurity {audited}";
        if (Violations(labels, "warn", spec) is { Length: > 0 } warned)
            context.Warnings.Add($"would violate PodSecurity {warned}");
        return default;
    }

    private static string Violations(ApiMap<string> labels, string mode, PodSpec spec)
    {
        if (!labels.TryGetValue(Prefix + mode, out var level) || level is not ("baseline" or "restricted"))
            return "";
        var problems = PodSecurityLevels.Check(spec, restricted: level == "restricted");
        if (problems.Count == 0)
            return "";
        var version = labels.GetValueOrDefault($"{Prefix}{mode}-version") ?? "latest";
        return $"{GoText.Quote($"{level}:{version}")}: {string.Join(", ", problems)}";
    }
}
