using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges the containers of a pod: those that run, those that run before, and those added for a look inside.</summary>
internal sealed class ContainerValidation(PodSpec spec, Dictionary<string, Volume>? volumes, FieldErrors errors)
{
    private const string NotForEphemeral = "cannot be set for an Ephemeral Container";
    private const string OnlyForSidecars = "may not be set for init containers without restartPolicy=Always";

    private readonly bool hostUsers = spec.HostUsers ?? true;

    public void Containers(FieldPath path)
    {
        if (spec.Containers.Count == 0)
        {
            errors.Required(path);
            return;
        }

        for (var i = 0; i < spec.Containers.Count; i++)
        {
            var container = spec.Containers[i];
            var at = path.Index(i);
            Common(container, at);
            if (Named(spec.Containers, i, container.Name))
                errors.Duplicate(at.Child("name"), container.Name);
            Hooks(container, at);
            RestartRules(container, at, null);
        }

        HostPortConflicts(spec.Containers, path);
    }

    public void InitContainers(FieldPath path)
    {
        for (var i = 0; i < spec.InitContainers.Count; i++)
        {
            var container = spec.InitContainers[i];
            var at = path.Index(i);
            Common(container, at);
            if (container.RestartPolicy is not null || container.RestartPolicyRules.Count > 0)
                RestartRules(container, at, "Always");
            if (Named(spec.Containers, spec.Containers.Count, container.Name) || (container.Name.Length > 0 && Named(spec.InitContainers, i, container.Name)))
                errors.Duplicate(at.Child("name"), container.Name);
            HostPortConflicts([container], path);
            if (container.RestartPolicy == "Always")
            {
                Hooks(container, at);
                continue;
            }

            if (container.Lifecycle is not null)
                errors.Forbidden(at.Child("lifecycle"), OnlyForSidecars);
            if (container.LivenessProbe is not null)
                errors.Forbidden(at.Child("livenessProbe"), OnlyForSidecars);
            if (container.ReadinessProbe is not null)
                errors.Forbidden(at.Child("readinessProbe"), OnlyForSidecars);
            if (container.StartupProbe is not null)
                errors.Forbidden(at.Child("startupProbe"), OnlyForSidecars);
        }
    }

    public void EphemeralContainers(FieldPath path)
    {
        for (var i = 0; i < spec.EphemeralContainers.Count; i++)
        {
            var container = spec.EphemeralContainers[i];
            var at = path.Index(i);
            Common(AsContainer(container), at);
            ImageHasNoSpace(container.Image, at.Child("image"), errors);
            var known = Named(spec.Containers, spec.Containers.Count, container.Name)
                || Named(spec.InitContainers, spec.InitContainers.Count, container.Name);
            for (var j = 0; j < i; j++)
                known |= spec.EphemeralContainers[j].Name == container.Name;
            if (known)
                errors.Duplicate(at.Child("name"), container.Name);
            if (container.TargetContainerName.Length > 0
                && !Named(spec.Containers, spec.Containers.Count, container.TargetContainerName)
                && !Named(spec.InitContainers, spec.InitContainers.Count, container.TargetContainerName))
                errors.NotFound(at.Child("targetContainerName"), container.TargetContainerName);
            OnlyWhatIsLeftToEphemeral(container, at);
        }
    }

    public static void ImageHasNoSpace(string image, FieldPath path, FieldErrors errors)
    {
        if (image.Length > 0 && (char.IsWhiteSpace(image[0]) || char.IsWhiteSpace(image[^1])))
            errors.Invalid(path, image, "must not have leading or trailing whitespace");
    }

    private static bool Named(ApiList<Container> containers, int count, string name)
    {
        for (var i = 0; i < count; i++)
            if (containers[i].Name == name)
                return true;
        return false;
    }

    private void Common(Container container, FieldPath at)
    {
        if (container.Name.Length == 0)
            errors.Required(at.Child("name"));
        else
            errors.Invalid(at.Child("name"), container.Name, ValidationRules.Dns1123Label(container.Name));
        if (container.Image.Length == 0)
            errors.Required(at.Child("image"));
        if (container.TerminationMessagePolicy.Length == 0)
            errors.Required(at.Child("terminationMessagePolicy"), "must be 'File' or 'FallbackToLogsOnError'");
        else if (container.TerminationMessagePolicy is not ("File" or "FallbackToLogsOnError"))
            errors.Invalid(at.Child("terminationMessagePolicy"), container.TerminationMessagePolicy, "must be 'File' or 'FallbackToLogsOnError'");
        Ports(container.Ports, at.Child("ports"));
        EnvValidation.Env(container.Env, at.Child("env"), errors);
        EnvValidation.EnvFrom(container.EnvFrom, at.Child("envFrom"), errors);
        Mounts(container, at.Child("volumeMounts"));
        Devices(container, at.Child("volumeDevices"));
        CommonRules.OneOf(container.ImagePullPolicy, at.Child("imagePullPolicy"), errors, PullPolicies);
        ResourceRequirementsValidation.Validate(container.Resources, spec.ResourceClaims, at.Child("resources"), errors);
        ResizePolicy(container.ResizePolicy, at.Child("resizePolicy"));
        SecurityContextValidation.Container(container.SecurityContext, hostUsers, at.Child("securityContext"), errors);
    }

    private static readonly string[] PullPolicies = ["Always", "IfNotPresent", "Never"];

    private void Hooks(Container container, FieldPath at)
    {
        if (container.Lifecycle is not null)
            HandlerValidation.Lifecycle(container.Lifecycle, spec.TerminationGracePeriodSeconds, spec.Os, at.Child("lifecycle"), errors);
        HandlerValidation.LivenessProbe(container.LivenessProbe, at.Child("livenessProbe"), errors);
        HandlerValidation.ReadinessProbe(container.ReadinessProbe, at.Child("readinessProbe"), errors);
        HandlerValidation.LivenessProbe(container.StartupProbe, at.Child("startupProbe"), errors);
    }

    /// <param name="only">Without rules by exit code, the one policy that is possible; null: any.</param>
    private void RestartRules(Container container, FieldPath at, string? only)
    {
        if (container.RestartPolicy is null)
        {
            if (container.RestartPolicyRules.Count > 0)
                errors.Required(at.Child("restartPolicy"), "must specify restartPolicy when restart rules are used");
        }
        else if (only is not null && container.RestartPolicyRules.Count == 0 && container.RestartPolicy is not ("Always" or "Never" or "OnFailure"))
        {
            errors.NotSupported(at.Child("restartPolicy"), container.RestartPolicy, only);
        }
        else
        {
            CommonRules.OptionalOneOf(container.RestartPolicy, at.Child("restartPolicy"), errors, "Always", "Never", "OnFailure");
        }

        var rules = container.RestartPolicyRules;
        if (rules.Count > 20)
            errors.TooMany(at.Child("restartPolicyRules"), rules.Count, 20);
        for (var i = 0; i < rules.Count; i++)
        {
            var rule = at.Child("restartPolicyRules").Index(i);
            CommonRules.OneOf(rules[i].Action, rule.Child("action"), errors, "Restart", "RestartAllContainers");
            if (rules[i].ExitCodes is not { } codes)
            {
                errors.Required(rule.Child("exitCodes"), "must be specified");
                continue;
            }

            CommonRules.OneOf(codes.Operator, rule.Child("exitCodes").Child("operator"), errors, "In", "NotIn");
            if (codes.Values.Count == 0)
                errors.Required(rule.Child("exitCodes").Child("values"), "must be specified");
            else if (codes.Values.Count > 255)
                errors.TooMany(rule.Child("exitCodes").Child("values"), codes.Values.Count, 255);
        }
    }

    private void Ports(ApiList<ContainerPort> ports, FieldPath path)
    {
        for (var i = 0; i < ports.Count; i++)
        {
            var port = ports[i];
            var at = path.Index(i);
            if (port.Name.Length > 0)
            {
                var messages = ValidationRules.PortName(port.Name);
                errors.Invalid(at.Child("name"), port.Name, messages);
                for (var j = 0; messages.Count == 0 && j < i; j++)
                    if (ports[j].Name == port.Name)
                    {
                        errors.Duplicate(at.Child("name"), port.Name);
                        break;
                    }
            }

            if (port.ContainerPortValue == 0)
                errors.Required(at.Child("containerPort"));
            else
                errors.Invalid(at.Child("containerPort"), port.ContainerPortValue, ValidationRules.PortNumber(port.ContainerPortValue));
            if (port.HostPort != 0)
                errors.Invalid(at.Child("hostPort"), port.HostPort, ValidationRules.PortNumber(port.HostPort));
            if (port.Protocol is not ("TCP" or "UDP"))
                CommonRules.OneOf(port.Protocol, at.Child("protocol"), errors, "SCTP", "TCP", "UDP");
        }
    }

    private void HostPortConflicts(ApiList<Container> containers, FieldPath path)
    {
        HashSet<(string Protocol, string IP, int Port)>? taken = null;
        for (var i = 0; i < containers.Count; i++)
            for (var j = 0; j < containers[i].Ports.Count; j++)
                if (containers[i].Ports[j] is { HostPort: not 0 } port && !(taken ??= []).Add((port.Protocol, port.HostIP, port.HostPort)))
                    errors.Duplicate(path.Index(i).Child("ports").Index(j).Child("hostPort"), $"{port.Protocol}/{port.HostIP}/{port.HostPort}");
    }

    private void Mounts(Container container, FieldPath path)
    {
        var mounts = container.VolumeMounts;
        for (var i = 0; i < mounts.Count; i++)
        {
            var mount = mounts[i];
            var at = path.Index(i);
            if (mount.Name.Length == 0)
                errors.Required(at.Child("name"));
            if (volumes is null || !volumes.TryGetValue(mount.Name, out var volume))
            {
                errors.NotFound(at.Child("name"), mount.Name);
                volume = null;
            }

            if (mount.MountPath.Length == 0)
                errors.Required(at.Child("mountPath"));
            for (var j = 0; j < i; j++)
                if (mounts[j].MountPath == mount.MountPath)
                {
                    errors.Invalid(at.Child("mountPath"), mount.MountPath, "must be unique");
                    break;
                }

            foreach (var device in container.VolumeDevices)
            {
                if (device.Name == mount.Name)
                    errors.Invalid(at.Child("name"), mount.Name, "must not already exist in volumeDevices");
                if (device.DevicePath == mount.MountPath)
                    errors.Invalid(at.Child("mountPath"), mount.MountPath, "must not already exist as a path in volumeDevices");
            }

            SubPaths(mount, volume, path, at);
            Propagation(mount, container, path);
        }
    }

    private void SubPaths(VolumeMount mount, Volume? volume, FieldPath path, FieldPath at)
    {
        if (volume?.Image is not null && mount.SubPathExpr.Length > 0)
            errors.Invalid(at.Child("subPathExpr"), mount.SubPathExpr, "not allowed in image volume sources");
        if (mount.SubPath.Length > 0)
            PathRules.LocalDescending(mount.SubPath, path.Child("subPath"), errors);
        if (mount.SubPathExpr.Length == 0)
            return;
        if (mount.SubPath.Length > 0)
            errors.Invalid(at.Child("subPathExpr"), mount.SubPathExpr, "subPathExpr and subPath are mutually exclusive");
        PathRules.LocalDescending(mount.SubPathExpr, path.Child("subPathExpr"), errors);
    }

    private void Propagation(VolumeMount mount, Container container, FieldPath path)
    {
        if (mount.MountPropagation is { } propagation)
        {
            CommonRules.OptionalOneOf(propagation, path.Child("mountPropagation"), errors, "Bidirectional", "HostToContainer", "None");
            if (propagation == "Bidirectional" && container.SecurityContext?.Privileged != true)
                errors.Forbidden(path.Child("mountPropagation"), "Bidirectional mount propagation is available only to privileged containers");
        }

        if (mount.RecursiveReadOnly is null or "Disabled")
            return;
        if (mount.RecursiveReadOnly is not ("Enabled" or "IfPossible"))
        {
            errors.NotSupported(path.Child("recursiveReadOnly"), mount.RecursiveReadOnly, "Disabled", "Enabled", "IfPossible");
            return;
        }

        if (!mount.ReadOnly)
            errors.Forbidden(path.Child("recursiveReadOnly"), "may only be specified when readOnly is true");
        if (mount.MountPropagation is not null and not "None")
            errors.Forbidden(path.Child("recursiveReadOnly"), "may only be specified when mountPropagation is None or not specified");
    }

    private void Devices(Container container, FieldPath path)
    {
        var devices = container.VolumeDevices;
        for (var i = 0; i < devices.Count; i++)
        {
            var (name, target) = (devices[i].Name, devices[i].DevicePath);
            var at = path.Index(i);
            var (nameTaken, pathTaken) = (false, false);
            for (var j = 0; j < i; j++)
            {
                nameTaken |= devices[j].Name == name;
                pathTaken |= devices[j].DevicePath == target;
            }

            Volume? volume = null;
            var found = volumes is not null && volumes.TryGetValue(name, out volume);
            if (name.Length == 0)
                errors.Required(at.Child("name"));
            if (nameTaken)
                errors.Invalid(at.Child("name"), name, "must be unique");
            if (found && volume is { PersistentVolumeClaim: null, Ephemeral: null })
                errors.Invalid(at.Child("name"), name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
            if (!found)
                errors.NotFound(at.Child("name"), name);
            if (target.Length == 0)
                errors.Required(at.Child("devicePath"));
            if (pathTaken)
                errors.Invalid(at.Child("devicePath"), target, "must be unique");
            if (PathRules.HasBackstep(target))
                errors.Invalid(at.Child("devicePath"), target, "can not contain backsteps ('..')");
            foreach (var mount in container.VolumeMounts)
            {
                if (mount.Name == name)
                    errors.Invalid(at.Child("name"), name, "must not already exist in volumeMounts");
                if (mount.MountPath == target)
                    errors.Invalid(at.Child("devicePath"), target, "must not already exist as a path in volumeMounts");
            }
        }
    }

    private void ResizePolicy(ApiList<ContainerResizePolicy> policies, FieldPath path)
    {
        for (var i = 0; i < policies.Count; i++)
        {
            var policy = policies[i];
            for (var j = 0; j < i; j++)
                if (policies[j].ResourceName == policy.ResourceName)
                {
                    errors.Duplicate(path.Index(i), policy.ResourceName);
                    break;
                }

            CommonRules.OneOf(policy.ResourceName, path, errors, "cpu", "memory");
            CommonRules.OneOf(policy.RestartPolicy, path, errors, "NotRequired", "RestartContainer");
            if (spec.RestartPolicy == "Never" && policy.RestartPolicy != "NotRequired")
                errors.Invalid(path, policy.RestartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'");
        }
    }

    private void OnlyWhatIsLeftToEphemeral(EphemeralContainer container, FieldPath at)
    {
        if (container.Ports.Count > 0)
            errors.Forbidden(at.Child("ports"), NotForEphemeral);
        if (container.Resources != ResourceRequirements.Empty)
            errors.Forbidden(at.Child("resources"), NotForEphemeral);
        if (container.ResizePolicy.Count > 0)
            errors.Forbidden(at.Child("resizePolicy"), NotForEphemeral);
        if (container.RestartPolicy is not null)
            errors.Forbidden(at.Child("restartPolicy"), NotForEphemeral);
        if (container.RestartPolicyRules.Count > 0)
            errors.Forbidden(at.Child("restartPolicyRules"), NotForEphemeral);
        if (container.LivenessProbe is not null)
            errors.Forbidden(at.Child("livenessProbe"), NotForEphemeral);
        if (container.ReadinessProbe is not null)
            errors.Forbidden(at.Child("readinessProbe"), NotForEphemeral);
        if (container.StartupProbe is not null)
            errors.Forbidden(at.Child("startupProbe"), NotForEphemeral);
        if (container.Lifecycle is not null)
            errors.Forbidden(at.Child("lifecycle"), NotForEphemeral);
        for (var i = 0; i < container.VolumeMounts.Count; i++)
        {
            var mount = at.Child("volumeMounts").Index(i);
            if (container.VolumeMounts[i].SubPath.Length > 0)
                errors.Forbidden(mount.Child("subPath"), NotForEphemeral);
            if (container.VolumeMounts[i].SubPathExpr.Length > 0)
                errors.Forbidden(mount.Child("subPathExpr"), NotForEphemeral);
        }
    }

    private static Container AsContainer(EphemeralContainer c) => new()
    {
        Name = c.Name,
        Image = c.Image,
        Ports = c.Ports,
        EnvFrom = c.EnvFrom,
        Env = c.Env,
        Resources = c.Resources,
        ResizePolicy = c.ResizePolicy,
        VolumeMounts = c.VolumeMounts,
        VolumeDevices = c.VolumeDevices,
        TerminationMessagePolicy = c.TerminationMessagePolicy,
        ImagePullPolicy = c.ImagePullPolicy,
        SecurityContext = c.SecurityContext,
    };
}
