using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Gives services their cluster IPs and node ports, each to one service at a time. Safe for concurrent use.</summary>
internal interface IServiceAllocator
{
    /// <summary>The IP families that addresses can be given of.</summary>
    ServiceFamilies Families { get; }

    /// <summary>Gives a new or changed service what it needs. On a dry run, values that no one will keep.</summary>
    /// <exception cref="Api.ApiException">422: what was asked for is taken or out of range; 500: nothing is left.</exception>
    ValueTask<Allocation> AllocateAsync(Service service, Service? old, bool dryRun, CancellationToken cancellation);

    /// <summary>Takes back all that a deleted service held.</summary>
    ValueTask ReleaseAsync(Service service, CancellationToken cancellation);
}
