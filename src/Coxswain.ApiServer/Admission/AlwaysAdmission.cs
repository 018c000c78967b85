using Coxswain.Api;
using Coxswain.ApiServer.Authentication;

namespace Coxswain.ApiServer.Admission;

/// <summary>Lets everything pass; upstream keeps the name for old configurations, and so does this.</summary>
internal sealed class AlwaysAdmitAdmission : IAdmissionPlugin
{
    public string Name => "AlwaysAdmit";

    public bool Handles(AdmissionContext context) => false;
}

/// <summary>Refuses everything, for trying out how clients take it. The server's own objects pass, or it would not start.</summary>
internal sealed class AlwaysDenyAdmission : IAdmissionPlugin
{
    public string Name => "AlwaysDeny";

    public bool Handles(AdmissionContext context) => context.User.Username != Users.ApiServer.Username;

    public ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation) =>
        throw context.Forbidden(o, "admission control is denying all modifications");
}
