using Coxswain.Api;

namespace Coxswain.ApiServer.Admission;

/// <summary>The plug-ins that are switched on, in order.</summary>
public sealed class AdmissionChain(IReadOnlyList<IAdmissionPlugin> plugins)
{
    private readonly IAdmissionPlugin[] plugins = [.. plugins];

    /// <summary>Lets every plug-in change the object.</summary>
    /// <exception cref="ApiException">A plug-in refuses the request.</exception>
    public async ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        o = await RoundAsync(context, o, cancellation);
        if (!context.Reinvocation.IsNeeded || context.Reinvocation.IsReinvoke)
            return o;
        // Somebody changed the object after others had looked at it: they look once more, and only once.
        context.Reinvocation.BeginSecondRound();
        return await RoundAsync(context, o, cancellation);
    }

    private async ValueTask<IKubernetesObject?> RoundAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        foreach (var plugin in plugins)
            if (plugin.Handles(context))
                o = await plugin.MutateAsync(context, o, cancellation);
        return o;
    }

    /// <summary>Lets every plug-in judge the object as it will be stored.</summary>
    /// <exception cref="ApiException">A plug-in refuses the request.</exception>
    public async ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        foreach (var plugin in plugins)
            if (plugin.Handles(context))
                await plugin.ValidateAsync(context, o, cancellation);
    }
}
