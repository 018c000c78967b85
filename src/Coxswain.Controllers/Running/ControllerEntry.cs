using Coxswain.Api;
using Coxswain.Api.Rbac.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>One controller: its name in <c>--controllers</c>, its identity, what it may do, what wakes it, and how it is made.</summary>
/// <param name="Name">Upstream's name of the controller.</param>
/// <param name="Identity">The service account in kube-system it acts as; its role is <c>system:controller:IDENTITY</c>.</param>
internal sealed record ControllerEntry(string Name, string Identity, ApiList<PolicyRule> Rules, IReadOnlyList<Wake> Wakes,
    Func<ControllerContext, IReconciler> Make)
{
    /// <summary>How many names it works on at once; upstream's defaults.</summary>
    public int Workers { get; init; } = 5;

    /// <summary>Rules in short: <c>Allow("apps", "deployments deployments/status", "get update")</c>.</summary>
    public static PolicyRule Allow(string groups, string resources, string verbs, string resourceNames = "") => new()
    {
        ApiGroups = groups.Split(' ').ToApiList(),
        Resources = resources.Split(' ').ToApiList(),
        Verbs = verbs.Split(' ').ToApiList(),
        ResourceNames = resourceNames.Length == 0 ? default : resourceNames.Split(' ').ToApiList(),
    };

    /// <summary>What every controller needs that records events.</summary>
    public static PolicyRule Events { get; } = Allow(" events.k8s.io", "events", "create patch update");
}

/// <summary>A reconciler that also does something on its own: a scan now and then, a feed of its own.</summary>
internal interface IBackgroundWork
{
    /// <summary>Runs until cancelled.</summary>
    Task RunAsync(CancellationToken cancellation);
}
