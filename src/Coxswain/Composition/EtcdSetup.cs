using System.Security.Cryptography;
using Coxswain.Lifecycle;
using Coxswain.Storage;
using Coxswain.Storage.Etcd;

namespace Coxswain.Composition;

/// <summary>Opens an etcd cluster as the store.</summary>
internal static class EtcdSetup
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    /// <summary>Waits for the cluster as long as it takes: the machines of a cluster start in any order.</summary>
    /// <param name="waits">Told from time to time what is being waited for.</param>
    /// <exception cref="LifecycleException">The certificates cannot be read, or etcd refuses this client: waiting would not help.</exception>
    public static async Task<EtcdStore> OpenAsync(StoreSettings settings, Action<string> waits, TimeProvider clock, CancellationToken cancellation)
    {
        var told = long.MinValue;
        while (true)
        {
            try
            {
                return await EtcdStore.OpenAsync(OptionsOf(settings), clock, cancellation).ConfigureAwait(false);
            }
            catch (StoreUnavailableException e)
            {
                if (told == long.MinValue || clock.GetElapsedTime(told) >= Silence)
                {
                    told = clock.GetTimestamp();
                    waits($"no answer from etcd at {Names(settings)} ({e.Message.TrimEnd('.')}); this server becomes ready when there is one (see --etcd-servers)");
                }
            }
            catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
            {
                throw new LifecycleException($"the certificates for etcd cannot be read: {e.Message}; see --etcd-cafile, --etcd-certfile and --etcd-keyfile", e);
            }

            await Task.Delay(Pause, clock, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The members, for people.</summary>
    public static string Names(StoreSettings settings) => string.Join(", ", settings.EtcdServers.Select(uri => uri.GetLeftPart(UriPartial.Authority)));

    public static EtcdStoreOptions OptionsOf(StoreSettings settings) => new()
    {
        Endpoints = settings.EtcdServers,
        CaFile = settings.EtcdCaFile,
        CertificateFile = settings.EtcdCertFile,
        KeyFile = settings.EtcdKeyFile,
    };
}
