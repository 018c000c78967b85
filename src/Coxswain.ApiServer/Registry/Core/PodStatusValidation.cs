using System.Net.Sockets;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges what is told of a pod.</summary>
internal static class PodStatusValidation
{
    public static void Validate(Pod updated, Pod old, FieldErrors errors)
    {
        var (status, path) = (updated.Status, Paths.Status);
        Conditions(status.Conditions, errors);
        if (status.NominatedNodeName.Length > 0 && status.NominatedNodeName != old.Status.NominatedNodeName)
            errors.Invalid(path.Child("nominatedNodeName"), status.NominatedNodeName, ValidationRules.Dns1123Subdomain(status.NominatedNodeName));
        CommonRules.Unchanged(status.QosClass, old.Status.QosClass, path.Child("qosClass"), errors);
        var spec = old.Spec;
        Transitions(status.ContainerStatuses, old.Status.ContainerStatuses, spec.RestartPolicy, _ => false, path.Child("containerStatuses"), errors);
        Transitions(status.InitContainerStatuses, old.Status.InitContainerStatuses, spec.RestartPolicy,
            name => spec.InitContainers.Any(container => container.Name == name && PodContainers.IsSidecar(container)),
            path.Child("initContainerStatuses"), errors);
        // Ephemeral containers never start again.
        Transitions(status.EphemeralContainerStatuses, old.Status.EphemeralContainerStatuses, "Never", _ => false,
            path.Child("ephemeralContainerStatuses"), errors);
        Claims(status.ResourceClaimStatuses, updated.Spec.ResourceClaims, path.Child("resourceClaimStatuses"), errors);
        Addresses([.. status.PodIPs.Select(ip => ip.Ip)], status.PodIPs, path.Child("podIPs"), errors);
        if (status.HostIPs.Count > 0 && status.HostIPs[0].Ip != status.HostIP)
            errors.Invalid(path.Child("hostIPs").Index(0).Child("ip"), status.HostIPs[0].Ip, "must be equal to `hostIP`");
        Addresses([.. status.HostIPs.Select(ip => ip.Ip)], status.HostIPs, path.Child("hostIPs"), errors);
        Users(status.ContainerStatuses, path.Child("containerStatuses"), spec.Os, errors);
        Users(status.InitContainerStatuses, path.Child("initContainerStatuses"), spec.Os, errors);
        Users(status.EphemeralContainerStatuses, path.Child("ephemeralContainerStatuses"), spec.Os, errors);
        Allocated(status.ContainerStatuses, spec.Containers, path.Child("containerStatuses"), errors);
        Allocated(status.InitContainerStatuses, spec.InitContainers, path.Child("initContainerStatuses"), errors);
        for (var i = 0; i < status.EphemeralContainerStatuses.Count; i++)
            if (status.EphemeralContainerStatuses[i].AllocatedResourcesStatus.Count > 0)
                errors.Forbidden(path.Child("ephemeralContainerStatuses").Index(i).Child("allocatedResourcesStatus"),
                    "must not be specified in container status");
    }

    // Upstream names them as if they stood in metadata.
    private static void Conditions(ApiList<PodCondition> conditions, FieldErrors errors)
    {
        for (var i = 0; i < conditions.Count; i++)
            if (conditions[i].Type is not ("PodScheduled" or "Ready" or "Initialized"))
                errors.Invalid(Paths.Metadata.Child("conditions").Index(i).Child("Type"), conditions[i].Type,
                    ValidationRules.QualifiedName(conditions[i].Type));
    }

    private static void Transitions(
        ApiList<ContainerStatus> updated, ApiList<ContainerStatus> old, string restartPolicy, Func<string, bool> mayRestart, FieldPath path, FieldErrors errors)
    {
        if (restartPolicy == "Always")
            return;
        for (var i = 0; i < old.Count; i++)
        {
            if (old[i].State.Terminated is not { } ended || (ended.ExitCode != 0 && restartPolicy == "OnFailure") || mayRestart(old[i].Name))
                continue;
            foreach (var now in updated)
                if (now.Name == old[i].Name && now.State.Terminated is null)
                    errors.Forbidden(path.Index(i).Child("state"), "may not be transitioned to non-terminated state");
        }
    }

    private static void Claims(ApiList<PodResourceClaimStatus> statuses, ApiList<PodResourceClaim> claims, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < statuses.Count; i++)
        {
            var (status, at) = (statuses[i], path.Index(i).Child("name"));
            if (!claims.Any(claim => claim.Name == status.Name))
                errors.Invalid(at, status.Name, "must match the name of an entry in `spec.resourceClaims`");
            if (statuses.Take(i).Any(before => before.Name == status.Name))
                errors.Duplicate(at, status.Name);
            if (status.ResourceClaimName is { } name)
                errors.Invalid(at, name, ValidationRules.Dns1123Subdomain(name));
        }
    }

    /// <summary>One address of each family at the most.</summary>
    private static void Addresses<T>(ApiList<string> addresses, ApiList<T> items, FieldPath path, FieldErrors errors)
    {
        var families = new HashSet<AddressFamily>();
        for (var i = 0; i < addresses.Count; i++)
        {
            PodSpecValidation.IPAddress(addresses[i], path.Index(i), errors);
            if (ValidationRules.TryParseIPAddress(addresses[i], out var address))
                families.Add(address.AddressFamily);
        }

        if (addresses.Count < 2)
            return;
        if (families.Count != 2 || addresses.Count > 2)
            errors.Invalid(path, items, "may specify no more than one IP for each IP family");
        for (var i = 1; i < addresses.Count; i++)
            if (addresses.AsSpan()[..i].Contains(addresses[i]))
                errors.Duplicate(path.Index(i), items[i]);
    }

    private static void Users(ApiList<ContainerStatus> statuses, FieldPath path, PodOS? os, FieldErrors errors)
    {
        for (var i = 0; i < statuses.Count; i++)
        {
            if (statuses[i].User?.Linux is not { } user)
                continue;
            var at = path.Index(i).Child("linux");
            if (os?.Name == "windows")
            {
                errors.Forbidden(at, "cannot be set for a windows pod");
                continue;
            }

            errors.Invalid(at.Child("uid"), user.Uid, ValidationRules.UserId(user.Uid));
            errors.Invalid(at.Child("gid"), user.Gid, ValidationRules.GroupId(user.Gid));
            for (var j = 0; j < user.SupplementalGroups.Count; j++)
                errors.Invalid(at.Child("supplementalGroups").Index(j), user.SupplementalGroups[j], ValidationRules.GroupId(user.SupplementalGroups[j]));
        }
    }

    private static void Allocated(ApiList<ContainerStatus> statuses, ApiList<Container> containers, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < statuses.Count; i++)
        {
            var container = containers.FirstOrDefault(candidate => candidate.Name == statuses[i].Name);
            var resources = statuses[i].AllocatedResourcesStatus;
            for (var j = 0; j < resources.Count; j++)
            {
                var at = path.Index(i).Child("allocatedResourcesStatus").Index(j);
                if (container is not null)
                    Known(resources[j].Name, container, at.Child("name"), errors);
                Health(resources[j].Resources, at.Child("resources"), errors);
            }
        }
    }

    private static void Known(string name, Container container, FieldPath path, FieldErrors errors)
    {
        if (name.StartsWith("claim:", StringComparison.Ordinal))
        {
            if (!container.Resources.Claims.Any(claim => name == (claim.Request.Length > 0 ? $"claim:{claim.Name}/{claim.Request}" : $"claim:{claim.Name}")))
                errors.Invalid(path, name,
                    "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty");
        }
        else if (!container.Resources.Requests.ContainsKey(name))
        {
            errors.Invalid(path, name, "must match one of the container's resource requests");
        }
    }

    private static void Health(ApiList<ResourceHealth> resources, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < resources.Count; i++)
        {
            if (resources[i].Health is not ("Healthy" or "Unhealthy" or "Unknown"))
                errors.NotSupported(path.Index(i).Child("health"), resources[i].Health, "Healthy", "Unhealthy", "Unknown");
            if (resources.Take(i).Any(before => before.ResourceID == resources[i].ResourceID))
                errors.Duplicate(path.Index(i).Child("resourceID"), resources[i].ResourceID);
        }
    }
}
