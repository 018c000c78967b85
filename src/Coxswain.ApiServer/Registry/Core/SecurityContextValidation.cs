using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges security contexts of containers and pods.</summary>
internal static class SecurityContextValidation
{
    private const int MaxSysctlLength = 253;
    private const int MaxAppArmorProfileLength = 4095;
    private const int MaxGmsaSpecBytes = 64 * 1024;

    public static void Container(SecurityContext? context, bool hostUsers, FieldPath path, FieldErrors errors)
    {
        if (context is null)
            return;
        UserId(context.RunAsUser, path.Child("runAsUser"), errors);
        UserId(context.RunAsGroup, path.Child("runAsGroup"), errors);
        CommonRules.OptionalOneOf(context.ProcMount, path.Child("procMount"), errors, "Default", "Unmasked");
        if (hostUsers && context.ProcMount == "Unmasked")
            errors.Invalid(path.Child("procMount"), context.ProcMount, "`hostUsers` must be false to use `Unmasked`");
        Seccomp(context.SeccompProfile, path.Child("seccompProfile"), errors);
        if (context.AllowPrivilegeEscalation == false)
        {
            if (context.Privileged == true)
                errors.Invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
            if (context.Capabilities is not null && context.Capabilities.Add.AsSpan().Contains("CAP_SYS_ADMIN"))
                errors.Invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
        }

        Windows(context.WindowsOptions, path.Child("windowsOptions"), errors);
        AppArmor(context.AppArmorProfile, path.Child("appArmorProfile"), errors);
    }

    public static void Pod(PodSpec spec, FieldPath specPath, FieldPath path, FieldErrors errors)
    {
        if (spec.HostNetwork)
        {
            HostNetworkPorts(spec.Containers, specPath.Child("containers"), errors);
            HostNetworkPorts(spec.InitContainers, specPath.Child("initContainers"), errors);
        }

        if (spec.ShareProcessNamespace == true && spec.HostPID)
            errors.Invalid(path.Child("shareProcessNamespace"), true, "ShareProcessNamespace and HostPID cannot both be enabled");
        if (spec.SecurityContext is not { } context)
            return;

        UserId(context.FsGroup, path.Child("fsGroup"), errors);
        UserId(context.RunAsUser, path.Child("runAsUser"), errors);
        UserId(context.RunAsGroup, path.Child("runAsGroup"), errors);
        for (var i = 0; i < context.SupplementalGroups.Count; i++)
            UserId(context.SupplementalGroups[i], path.Child("supplementalGroups").Index(i), errors);
        Sysctls(context.Sysctls, spec, path.Child("sysctls"), errors);
        CommonRules.OptionalOneOf(context.FsGroupChangePolicy, path.Child("fsGroupChangePolicy"), errors, "Always", "OnRootMismatch");
        Seccomp(context.SeccompProfile, path.Child("seccompProfile"), errors);
        Windows(context.WindowsOptions, path.Child("windowsOptions"), errors);
        AppArmor(context.AppArmorProfile, path.Child("appArmorProfile"), errors);
        CommonRules.OptionalOneOf(context.SupplementalGroupsPolicy, path.Child("supplementalGroupsPolicy"), errors, "Merge", "Strict");
        CommonRules.OptionalOneOf(context.SeLinuxChangePolicy, path.Child("seLinuxChangePolicy"), errors, "MountOption", "Recursive");
    }

    private static void HostNetworkPorts(ApiList<Container> containers, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < containers.Count; i++)
            for (var j = 0; j < containers[i].Ports.Count; j++)
                if (containers[i].Ports[j] is var port && port.HostPort != port.ContainerPortValue)
                    errors.Invalid(path.Index(i).Child("ports").Index(j).Child("containerPort"), port.ContainerPortValue,
                        "must match `hostPort` when `hostNetwork` is true");
    }

    private static void UserId(long? id, FieldPath path, FieldErrors errors)
    {
        if (id is not null)
            errors.Invalid(path, id, ValidationRules.UserId(id.Value));
    }

    private static void Sysctls(ApiList<Sysctl> sysctls, PodSpec spec, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < sysctls.Count; i++)
        {
            var name = sysctls[i].Name;
            var at = path.Index(i).Child("name");
            if (name.Length == 0)
                errors.Required(at);
            else if (!IsSysctlName(name))
                errors.Invalid(at, name,
                    $"must have at most {MaxSysctlLength} characters and match regex ([a-z0-9]([-_a-z0-9]*[a-z0-9])?\\.)*[a-z0-9]([-_a-z0-9]*[a-z0-9])?");
            else if (Earlier(sysctls, i))
                errors.Duplicate(at, name);
            else if (spec.HostNetwork && name.Replace('/', '.').StartsWith("net.", StringComparison.Ordinal))
                errors.Invalid(at, name, "may not be specified when 'hostNetwork' is true");
            else if (spec.HostIPC && IsIpcSysctl(name.Replace('/', '.')))
                errors.Invalid(at, name, "may not be specified when 'hostIPC' is true");
        }

        static bool Earlier(ApiList<Sysctl> all, int index)
        {
            for (var j = 0; j < index; j++)
                if (all[j].Name.Replace('/', '.') == all[index].Name.Replace('/', '.'))
                    return true;
            return false;
        }

        static bool IsIpcSysctl(string name) => name is "kernel.sem" || name.StartsWith("kernel.shm", StringComparison.Ordinal)
            || name.StartsWith("kernel.msg", StringComparison.Ordinal) || name.StartsWith("fs.mqueue.", StringComparison.Ordinal);
    }

    private static bool IsSysctlName(string name)
    {
        if (name.Length > MaxSysctlLength)
            return false;
        foreach (var range in name.AsSpan().SplitAny('.', '/'))
        {
            var part = name.AsSpan(range);
            if (part.IsEmpty || !IsAlphanumeric(part[0]) || !IsAlphanumeric(part[^1]))
                return false;
            foreach (var c in part)
                if (!IsAlphanumeric(c) && c is not ('-' or '_'))
                    return false;
        }

        return true;

        static bool IsAlphanumeric(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);
    }

    private static void Seccomp(SeccompProfile? profile, FieldPath path, FieldErrors errors)
    {
        if (profile is null)
            return;
        if (profile.Type.Length == 0)
            errors.Required(path.Child("type"), "type is required when seccompProfile is set");
        else
            CommonRules.OneOf(profile.Type, path.Child("type"), errors, "Localhost", "RuntimeDefault", "Unconfined");
        if (profile.Type == "Localhost")
        {
            if (profile.LocalhostProfile is null)
                errors.Required(path.Child("localhostProfile"), "must be set when seccomp type is Localhost");
            else
                PathRules.LocalDescending(profile.LocalhostProfile, path.Child("localhostProfile"), errors);
        }
        else if (profile.LocalhostProfile is not null)
        {
            errors.Invalid(path.Child("localhostProfile"), profile, "can only be set when seccomp type is Localhost");
        }
    }

    private static void AppArmor(AppArmorProfile? profile, FieldPath path, FieldErrors errors)
    {
        if (profile is null)
            return;
        switch (profile.Type)
        {
            case "Localhost":
                if (string.IsNullOrWhiteSpace(profile.LocalhostProfile))
                    errors.Required(path.Child("localhostProfile"), "must be set when AppArmor type is Localhost");
                else if (profile.LocalhostProfile.Trim() != profile.LocalhostProfile)
                    errors.Invalid(path.Child("localhostProfile"), profile.LocalhostProfile, "must not be padded with whitespace");
                else if (profile.LocalhostProfile.Length > MaxAppArmorProfileLength)
                    errors.TooLong(path.Child("localhostProfile"), MaxAppArmorProfileLength);
                break;
            case "RuntimeDefault" or "Unconfined":
                if (profile.LocalhostProfile is not null)
                    errors.Invalid(path.Child("localhostProfile"), profile.LocalhostProfile, "can only be set when AppArmor type is Localhost");
                break;
            case "":
                errors.Required(path.Child("type"), "type is required when appArmorProfile is set");
                break;
            default:
                errors.NotSupported(path.Child("type"), profile.Type, "Localhost", "RuntimeDefault", "Unconfined");
                break;
        }
    }

    private static void Windows(WindowsSecurityContextOptions? options, FieldPath path, FieldErrors errors)
    {
        if (options is null)
            return;
        if (options.GmsaCredentialSpecName is not null)
            errors.Invalid(path.Child("gmsaCredentialSpecName"), options.GmsaCredentialSpecName,
                ValidationRules.Dns1123Subdomain(options.GmsaCredentialSpecName));
        if (options.GmsaCredentialSpec is { } spec)
        {
            if (spec.Length == 0)
                errors.Invalid(path.Child("gmsaCredentialSpec"), spec, "gmsaCredentialSpec cannot be an empty string");
            else if (spec.Length > MaxGmsaSpecBytes)
                errors.Invalid(path.Child("gmsaCredentialSpec"), spec, $"gmsaCredentialSpec size must be under {MaxGmsaSpecBytes / 1024} KiB");
        }

        if (options.RunAsUserName is { } user)
            WindowsUserName.Validate(user, path.Child("runAsUserName"), errors);
    }
}
