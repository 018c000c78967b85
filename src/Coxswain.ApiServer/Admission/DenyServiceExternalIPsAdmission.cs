using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Admission;

/// <summary>Refuses new external addresses of services: whoever may set them can draw the traffic of others to himself.</summary>
internal sealed class DenyServiceExternalIPsAdmission : IAdmissionPlugin
{
    public string Name => "DenyServiceExternalIPs";

    public bool Handles(AdmissionContext context) => (context.IsCreate || context.IsUpdate) && context.Is("", "services");

    public ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not Service service)
            return default;
        var known = context.OldObject is Service old ? old.Spec.ExternalIPs : default;
        foreach (var address in service.Spec.ExternalIPs)
            if (!known.Contains(address))
                throw context.Forbidden(o, "Use of external IPs is denied by admission control");
        return default;
    }
}
