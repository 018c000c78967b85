using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Coxswain.Storage.Etcd.Connections;

/// <summary>Trust and certificate for the connections to etcd, read again from their files when those change.</summary>
/// <remarks>Looked at with every handshake, so that a certificate that was renewed is used by the next connection. While new files
/// cannot be read, or do not fit together, the last ones that did are used. Thread-safe.</remarks>
internal sealed class EtcdTls(EtcdStoreOptions options)
{
    private readonly Lock _gate = new();
    private (DateTime Certificate, DateTime Key) _clientTimes;
    private DateTime _authorityTime;
    private X509Certificate2? _client;
    private X509Certificate2Collection? _authorities;

    /// <summary>The options of one channel. Null: the address is not https.</summary>
    public SslClientAuthenticationOptions? For(Uri address)
    {
        if (address.Scheme != Uri.UriSchemeHttps)
            return null;
        var tls = new SslClientAuthenticationOptions();
        if (options.CaFile.Length > 0)
            tls.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => Trusts(certificate, chain, errors);
        if (options.CertificateFile.Length > 0)
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => Client()!;
        return tls;
    }

    /// <summary>Reads all files once, so that a wrong path is told at once and not as a failed handshake.</summary>
    /// <exception cref="StoreException">A file is missing or is no certificate or key.</exception>
    public void Check()
    {
        try
        {
            if (options.CaFile.Length > 0 && Authorities().Count == 0)
                throw new StoreException($"The file {options.CaFile} holds no certificate.");
            if (options.CertificateFile.Length > 0)
                Client();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StoreException($"The certificates for etcd cannot be read: {error.Message}", error);
        }
    }

    private bool Trusts(X509Certificate? certificate, X509Chain? given, SslPolicyErrors errors)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(Authorities());
        if (given is not null)
            chain.ChainPolicy.ExtraStore.AddRange(given.ChainPolicy.ExtraStore);
        using var leaf = new X509Certificate2(certificate);
        return chain.Build(leaf);
    }

    private X509Certificate2Collection Authorities()
    {
        lock (_gate)
        {
            try
            {
                var time = File.GetLastWriteTimeUtc(options.CaFile);
                if (_authorities is null || time != _authorityTime)
                {
                    var read = new X509Certificate2Collection();
                    read.ImportFromPemFile(options.CaFile);
                    (_authorities, _authorityTime) = (read, time);
                }
            }
            catch (Exception error) when (_authorities is not null && error is IOException or UnauthorizedAccessException or CryptographicException)
            {
                // Being replaced just now: the old ones go on, and the next handshake looks again.
            }

            return _authorities!;
        }
    }

    private X509Certificate2? Client()
    {
        lock (_gate)
        {
            try
            {
                var times = (File.GetLastWriteTimeUtc(options.CertificateFile), File.GetLastWriteTimeUtc(options.KeyFile));
                if (_client is null || times != _clientTimes)
                {
                    _client = X509Certificate2.CreateFromPemFile(options.CertificateFile, options.KeyFile);
                    _clientTimes = times;
                }
            }
            catch (Exception error) when (_client is not null && error is IOException or UnauthorizedAccessException or CryptographicException)
            {
                // As above; certificate and key may not fit together for a moment.
            }

            return _client;
        }
    }
}
