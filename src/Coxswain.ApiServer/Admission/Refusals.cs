using Coxswain.Api;

namespace Coxswain.ApiServer.Admission;

/// <summary>How plug-ins say no.</summary>
internal static class Refusals
{
    /// <summary>403 in the name of the object: that of the request, else its own, else the prefix of the name to come.</summary>
    public static ApiException Forbidden(this AdmissionContext context, IKubernetesObject? o, string because) =>
        new(Statuses.Forbidden(context.Resource.GroupResource, NameOf(context, o), because));

    private static string NameOf(AdmissionContext context, IKubernetesObject? o)
    {
        if (context.Name.Length > 0)
            return context.Name;
        return o is not IMetadataObject named ? "" : named.Metadata.Name.Length > 0 ? named.Metadata.Name : named.Metadata.GenerateName;
    }
}
