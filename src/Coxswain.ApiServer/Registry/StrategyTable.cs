using Coxswain.Api;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry;

/// <summary>Which rules hold for which kind: one line per kind with rules of its own; the rest gets <see cref="GenericStrategy"/>.</summary>
/// <remarks>Immutable and safe for concurrent use.</remarks>
public sealed class StrategyTable
{
    private readonly Dictionary<GroupResource, Strategy> strategies = new()
    {
        [new("", "pods")] = new PodStrategy(),
    };

    /// <summary>The rules for a resource. Never null.</summary>
    public Strategy For(ResourceDescriptor descriptor) =>
        strategies.GetValueOrDefault(new GroupResource(descriptor.Kind.Group, descriptor.Plural), GenericStrategy.Instance);
}
