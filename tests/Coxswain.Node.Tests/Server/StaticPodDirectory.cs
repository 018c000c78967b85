using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;

namespace Coxswain.Node.Tests.Server;

/// <summary>The pods of a node that never change.</summary>
internal sealed class StaticPodDirectory(params PodEntry[] pods) : IPodDirectory
{
    public PodEntry? Find(string podNamespace, string name, string? uid) => pods.FirstOrDefault(p =>
        p.Pod.Metadata.Namespace == podNamespace && p.Pod.Metadata.Name == name && (uid is null || p.Pod.Metadata.Uid == uid));

    public IReadOnlyList<PodEntry> List() => pods;

    /// <summary>Pod "web" of namespace "shop" with the container "main".</summary>
    public static PodEntry Web(params PodEntryContainer[] containers) => new()
    {
        Pod = new Pod
        {
            Metadata = new() { Name = "web", Namespace = "shop", Uid = "uid-1" },
            Spec = new() { Containers = [new Container { Name = "main", Image = "nginx" }] },
        },
        SandboxId = "sandbox-1",
        Containers = containers,
    };
}
