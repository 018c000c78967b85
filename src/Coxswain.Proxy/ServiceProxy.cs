using System.Threading.Channels;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.Client;
using Microsoft.Extensions.Logging;

namespace Coxswain.Proxy;

/// <summary>What a service proxy needs to know of its node and cluster.</summary>
/// <param name="Table">The nftables table that is this instance's own; nothing outside it is touched.</param>
/// <param name="ClusterCidr">Addresses of pods: traffic from elsewhere to a cluster IP is masqueraded.</param>
/// <param name="ServiceCidr">Addresses of services: what has no rule there is refused.</param>
public sealed record ServiceProxyOptions(string NodeName, string Table, string ClusterCidr, string ServiceCidr);

/// <summary>Keeps this node's packet path in step with the cluster's services and endpoints.</summary>
/// <remarks>
/// Level-triggered: each round renders what the listers hold and gives the kernel the difference to the last round as one atomic
/// transaction. Changes that come during a round are taken up together by the next. After a refusal by the kernel the table is made anew
/// from nothing, so that whatever was changed behind our back is mended. Stopping leaves the rules: traffic goes on while the process is
/// replaced.
/// </remarks>
public sealed partial class ServiceProxy(
    ServiceProxyOptions options, InformerFactory informers, INftablesApplier applier, TimeProvider clock, ILogger<ServiceProxy> logger)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    private readonly NftablesRenderer _renderer = new(options.Table, options.ClusterCidr, options.ServiceCidr);
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    // One place: that something has changed is all there is to know.
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private NftablesRuleset? _applied;

    /// <summary>Completes when the rules of all services known at start are in the kernel.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellation) => _synced.Task.WaitAsync(cancellation);

    /// <summary>Runs until cancelled. The caller starts the informers.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var services = informers.Informer<Service>();
        var slices = informers.Informer<EndpointSlice>();
        services.AddHandler(new() { Added = _ => Changed(), Updated = (_, _) => Changed(), Deleted = _ => Changed() });
        slices.AddHandler(new() { Added = _ => Changed(), Updated = (_, _) => Changed(), Deleted = _ => Changed() });
        // With half of the picture, services would lose their endpoints for a moment.
        await services.WaitForSyncAsync(cancellation).ConfigureAwait(false);
        await slices.WaitForSyncAsync(cancellation).ConfigureAwait(false);
        Changed();

        var retry = FirstRetry;
        while (await _changed.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false))
        {
            _changed.Reader.TryRead(out _);
            try
            {
                await SyncAsync(services.Lister.All(), slices.Lister.All(), cancellation).ConfigureAwait(false);
                _synced.TrySetResult();
                retry = FirstRetry;
            }
            catch (NftablesException e)
            {
                LogRefused(e, retry);
                _applied = null;
                await Task.Delay(retry, clock, cancellation).ConfigureAwait(false);
                retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
                Changed();
            }
        }
    }

    /// <summary>The transaction that removes everything of an instance, whether or not it is there.</summary>
    public static string RemovalTransaction(string table) => $"add table ip {table}\ndelete table ip {table}\n";

    private void Changed() => _changed.Writer.TryWrite(true);

    private async Task SyncAsync(IReadOnlyList<Service> services, IReadOnlyList<EndpointSlice> slices, CancellationToken cancellation)
    {
        var wanted = _renderer.Render(ServiceMap.Build(services, slices, options.NodeName));
        var transaction = _applied is { } applied
            ? NftablesTransaction.Between(applied, wanted)
            : _renderer.Prelude() + NftablesTransaction.Between(new(options.Table), wanted);
        if (transaction.Length > 0)
            await applier.ApplyAsync(transaction, cancellation).ConfigureAwait(false);
        _applied = wanted;
    }

    [LoggerMessage(1, LogLevel.Error, "service proxy: the rules were not taken; all of them are made anew in {Retry}")]
    private partial void LogRefused(Exception error, TimeSpan retry);
}
