using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges what a pod says of the operating system that it is made for.</summary>
internal static class PodOsValidation
{
    private const string NotOnWindows = "cannot be set for a windows pod";
    private const string NotOnLinux = "windows options cannot be set for a linux pod";

    /// <summary>A Windows host process shares the host with all containers of its pod.</summary>
    public static void HostProcess(PodSpec spec, FieldPath path, FieldErrors errors)
    {
        var whole = spec.SecurityContext?.WindowsOptions?.HostProcess;
        var (containers, hostProcesses) = (0, 0);
        PodContainers.Visit(spec, path, (_, context, at) =>
        {
            containers++;
            var own = context?.WindowsOptions?.HostProcess;
            if (whole is not null && own is not null && whole != own)
                errors.Invalid(at.Child("securityContext").Child("windowsOptions").Child("hostProcess"), own,
                    $"pod hostProcess value must be identical if both are specified, was {(whole.Value ? "true" : "false")}");
            if (own ?? whole ?? false)
                hostProcesses++;
        });
        if (hostProcesses == 0)
            return;
        if (hostProcesses != containers)
            errors.Invalid(path, "", "If pod contains any hostProcess containers then all containers must be HostProcess containers");
        if (!spec.HostNetwork)
            errors.Invalid(path.Child("hostNetwork"), false, "hostNetwork must be true if pod contains any hostProcess containers");
    }

    public static void Validate(PodSpec spec, PodOS os, FieldPath path, FieldErrors errors)
    {
        if (os.Name.Length == 0)
            errors.Required(path.Child("os").Child("name"), "cannot be empty");
        else if (os.Name is not ("linux" or "windows"))
            errors.NotSupported(path.Child("os"), os.Name, "linux", "windows");
        else if (os.Name == "linux")
            Linux(spec, path, errors);
        else
            Windows(spec, path, errors);
    }

    private static void Linux(PodSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.SecurityContext?.WindowsOptions is not null)
            errors.Forbidden(path.Child("securityContext").Child("windowsOptions"), NotOnLinux);
        PodContainers.Visit(spec, path, (_, context, at) =>
        {
            if (context?.WindowsOptions is not null)
                errors.Forbidden(at.Child("securityContext").Child("windowsOptions"), NotOnLinux);
        });
    }

    private static void Windows(PodSpec spec, FieldPath path, FieldErrors errors)
    {
        var context = spec.SecurityContext ?? PodSecurityContext.Empty;
        var below = path.Child("securityContext");
        Absent(context.AppArmorProfile is not null, below, "appArmorProfile");
        Absent(context.SeLinuxOptions is not null, below, "seLinuxOptions");
        Absent(spec.HostUsers is not null, path, "hostUsers");
        Absent(spec.HostPID, path, "hostPID");
        Absent(spec.HostIPC, path, "hostIPC");
        Absent(context.SeccompProfile is not null, below, "seccompProfile");
        Absent(context.FsGroup is not null, below, "fsGroup");
        Absent(context.FsGroupChangePolicy is not null, below, "fsGroupChangePolicy");
        Absent(context.Sysctls.Count > 0, below, "sysctls");
        Absent(spec.ShareProcessNamespace is not null, path, "shareProcessNamespace");
        Absent(context.RunAsUser is not null, below, "runAsUser");
        Absent(context.RunAsGroup is not null, below, "runAsGroup");
        Absent(context.SupplementalGroups.Count > 0, below, "supplementalGroups");
        Absent(context.SupplementalGroupsPolicy is not null, below, "supplementalGroupsPolicy");
        Absent(context.SeLinuxChangePolicy is not null, below, "seLinuxChangePolicy");
        PodContainers.Visit(spec, path, (_, own, at) =>
        {
            if (own is not null)
                WindowsContainer(own, at.Child("securityContext"));
        });

        void WindowsContainer(SecurityContext own, FieldPath at)
        {
            Absent(own.AppArmorProfile is not null, at, "appArmorProfile");
            Absent(own.SeLinuxOptions is not null, at, "seLinuxOptions");
            Absent(own.SeccompProfile is not null, at, "seccompProfile");
            Absent(own.Capabilities is not null, at, "capabilities");
            Absent(own.ReadOnlyRootFilesystem is not null, at, "readOnlyRootFilesystem");
            Absent(own.Privileged is not null, at, "privileged");
            Absent(own.AllowPrivilegeEscalation is not null, at, "allowPrivilegeEscalation");
            Absent(own.ProcMount is not null, at, "procMount");
            Absent(own.RunAsUser is not null, at, "runAsUser");
            Absent(own.RunAsGroup is not null, at, "runAsGroup");
        }

        void Absent(bool present, FieldPath at, string field)
        {
            if (present)
                errors.Forbidden(at.Child(field), NotOnWindows);
        }
    }
}
