using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Http;
using Coxswain.ApiServer.Registry;
using Coxswain.Client;
using Coxswain.Storage;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer;

/// <summary>A running API server.</summary>
/// <remarks>Safe for concurrent use. Disposing it closes the listener and the caches; store and certificates stay the caller's.</remarks>
public sealed class ApiServer : IAsyncDisposable
{
    private readonly ApiServerModule _module;
    private readonly KestrelHost _host;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _background;

    private ApiServer(ApiServerModule module, KestrelHost host)
    {
        _module = module;
        _host = host;
        Ready = module.BringUpAsync(host.Address, _stop.Token);
        _background = module.RunAsync(Ready, _stop.Token);
    }

    /// <summary>Where it listens.</summary>
    public Uri Address => _host.Address;

    public int Port => _host.Address.Port;

    /// <summary>Completes when the server is ready: caches loaded and the objects that every cluster has in place.
    /// Faults if that cannot be done.</summary>
    public Task Ready { get; }

    /// <summary>Listens and begins to get ready; requests are answered from the first moment, if need be after their cache is loaded.</summary>
    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task<ApiServer> StartAsync(
        ApiServerOptions options, IStore store, ApiServerPki pki, TimeProvider clock, ILoggerFactory logs, CancellationToken cancellation,
        ApiServerAdditions? additions = null)
    {
        var module = ApiServerModule.Create(options, store, pki, clock, logs, additions ?? new());
        try
        {
            var host = await KestrelHost.StartAsync(options, pki.Serving, module.Door, logs, cancellation);
            return new(module, host);
        }
        catch
        {
            await module.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client in this process that acts as a user. It takes the same path as HTTP requests from authorization on.</summary>
    /// <param name="userAgent">Names the owner of the fields that it writes.</param>
    public IApiClient ClientFor(UserInfo user, string userAgent) => _module.ClientFor(user, userAgent);

    internal RegistryTable Registries => _module.Registries;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        // What went wrong in there is told by Ready.
        await _background.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _module.LeaveAsync();
        await _host.DisposeAsync();
        await _module.DisposeAsync();
        _stop.Dispose();
    }
}
