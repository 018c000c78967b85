using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Resource.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>Devices that are in use already may be looked at only from namespaces made for that.</summary>
internal static class AdminAccess
{
    private const string NamespaceLabel = "resource.kubernetes.io/admin-access";

    public static void Check(DeviceClaim claim, string @namespace, IClusterView cluster, FieldErrors errors)
    {
        for (var i = 0; i < claim.Requests.Count; i++)
        {
            if (claim.Requests[i].Exactly?.AdminAccess != true)
                continue;
            var labels = cluster.Find<Namespace>(new NamespacedName("", @namespace))?.Metadata.Labels ?? default;
            if (labels.GetValueOrDefault(NamespaceLabel) != "true")
                errors.Forbidden(Paths.Spec.Child("devices").Child("requests").Index(i).Child("adminAccess"),
                    $"admin access to devices requires the `{NamespaceLabel}: true` label on the containing namespace");
            return;
        }
    }
}
