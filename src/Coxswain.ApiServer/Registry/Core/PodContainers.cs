using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>All containers of a pod in the order in which they are looked at: those that run before, those that run, those added later.</summary>
internal static class PodContainers
{
    public static void Visit(PodSpec spec, FieldPath path, Action<string, SecurityContext?, FieldPath> visit)
    {
        VisitLasting(spec, path, (container, at) => visit(container.Name, container.SecurityContext, at));
        for (var i = 0; i < spec.EphemeralContainers.Count; i++)
            visit(spec.EphemeralContainers[i].Name, spec.EphemeralContainers[i].SecurityContext, path.Child("ephemeralContainers").Index(i));
    }

    /// <summary>Without the ephemeral ones.</summary>
    public static void VisitLasting(PodSpec spec, FieldPath path, Action<Container, FieldPath> visit)
    {
        for (var i = 0; i < spec.InitContainers.Count; i++)
            visit(spec.InitContainers[i], path.Child("initContainers").Index(i));
        for (var i = 0; i < spec.Containers.Count; i++)
            visit(spec.Containers[i], path.Child("containers").Index(i));
    }

    public static bool IsSidecar(Container initContainer) => initContainer.RestartPolicy == "Always";
}
