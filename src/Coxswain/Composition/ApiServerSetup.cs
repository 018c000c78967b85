using Coxswain.Scheduler.Configuration;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Coxswain.ApiServer;
using Coxswain.Controllers;
using Coxswain.Lifecycle;
using Coxswain.Security;

namespace Coxswain.Composition;

/// <summary>From the settings of an instance to what its API server takes.</summary>
internal static class ApiServerSetup
{
    public static ApiServerOptions OptionsOf(ClusterOptions cluster)
    {
        var settings = cluster.ApiServer;
        return new()
        {
            DataDir = cluster.DataDirectory,
            BindAddress = cluster.BindAddress.ToString(),
            SecurePort = cluster.SecurePort,
            AdvertiseAddress = (cluster.AdvertiseAddress ?? cluster.NodeAddress)?.ToString() ?? "",
            ServiceClusterIPRange = cluster.ServiceClusterIPRange,
            ServiceNodePortRange = cluster.ServiceNodePortRange,
            AuthorizationMode = settings.AuthorizationMode,
            EnableAdmissionPlugins = settings.EnableAdmissionPlugins,
            DisableAdmissionPlugins = settings.DisableAdmissionPlugins,
            TokenAuthFile = settings.TokenAuthFile,
            AnonymousAuth = settings.AnonymousAuth,
            EventTtl = settings.EventTtl,
            RequestTimeout = settings.RequestTimeout,
            MinRequestTimeout = settings.MinRequestTimeout,
            MaxRequestsInflight = settings.MaxRequestsInflight,
            MaxMutatingRequestsInflight = settings.MaxMutatingRequestsInflight,
            RuntimeConfig = settings.RuntimeConfig,
            ServiceAccountIssuer = settings.ServiceAccountIssuers is [var issuer, ..] ? issuer : "",
            FormerServiceAccountIssuers = [.. settings.ServiceAccountIssuers.Skip(1)],
            ServiceAccountLookup = settings.ServiceAccountLookup,
            ServiceAccountMaxTokenExpiration = settings.ServiceAccountMaxTokenExpiration,
            ServiceAccountExtendTokenExpiration = settings.ServiceAccountExtendTokenExpiration,
            ApiAudiences = settings.ApiAudiences,
            Profiling = settings.Profiling,
            RequestHeaderAllowedNames = settings.RequestHeaderAllowedNames,
            RequestHeaderUsernameHeaders = settings.RequestHeaderUsernameHeaders,
            RequestHeaderUidHeaders = settings.RequestHeaderUidHeaders,
            RequestHeaderGroupHeaders = settings.RequestHeaderGroupHeaders,
            RequestHeaderExtraHeadersPrefix = settings.RequestHeaderExtraHeadersPrefix,
            EncryptionProviderConfig = settings.EncryptionProviderConfig,
            EncryptionProviderConfigAutomaticReload = settings.EncryptionProviderConfigAutomaticReload,
        };
    }

    /// <summary>Looks whether the settings mean something, in every part that reads them.</summary>
    /// <exception cref="LifecycleException">They do not.</exception>
    public static void Check(ClusterOptions cluster)
    {
        IReadOnlyList<string> problems = [.. BackupProblems(cluster.Backup), .. ApiServerOptionsCheck.Problems(OptionsOf(cluster)), .. ControllerManager.Problems(cluster.Controllers)];
        if (problems.Count > 0)
            throw new LifecycleException(string.Join("; ", problems));
        foreach (var key in KeysOf(cluster.ApiServer, out var signing).Append(signing))
            key?.Dispose();
        SchedulerOf(cluster);
        foreach (var authority in RequestHeaderAuthoritiesOf(cluster.ApiServer))
            authority.Dispose();
        ProxyClientOf(cluster.ApiServer)?.Dispose();
    }

    /// <summary>The scheduler's configuration: what its file says, or upstream's defaults.</summary>
    /// <exception cref="LifecycleException">The file cannot be read, or says what cannot be.</exception>
    public static SchedulerConfiguration SchedulerOf(ClusterOptions options)
    {
        if (options.SchedulerConfig.Length == 0)
            return SchedulerConfiguration.Default;
        try
        {
            var configuration = ConfigurationReader.Read(File.ReadAllBytes(options.SchedulerConfig));
            foreach (var profile in configuration.Profiles)
                ProfileBuilder.Build(configuration, profile, new(null, TimeProvider.System));
            return configuration;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ConfigurationException)
        {
            throw new LifecycleException($"{options.SchedulerConfig}: {e.Message}", e);
        }
    }

    private static IEnumerable<string> BackupProblems(BackupSettings backup)
    {
        if (backup.Directory.Length == 0)
            yield break;
        if (backup.PassphraseFile.Length > 0 == backup.KeyFile.Length > 0)
            yield return "backup-dir needs a secret in one file: backup-passphrase-file or backup-key-file";
        if (backup.Interval < TimeSpan.FromMinutes(1))
            yield return "backup-interval must be at least 1m";
        if (backup.Keep < 1)
            yield return "backup-keep must be at least 1";
    }

    /// <summary>The names that a setting can take.</summary>
    public static IReadOnlyList<string> ValuesOf(string setting) => setting switch
    {
        "authorization-mode" => ApiServerOptionsCheck.AuthorizationModes,
        "enable-admission-plugins" or "disable-admission-plugins" => ApiServerOptionsCheck.AdmissionPlugins,
        "controllers" => ControllerManager.Names,
        _ => [],
    };

    /// <summary>The keys of service-account tokens that the settings name files for. The caller owns them.</summary>
    /// <param name="signing">Null: the instance's own key signs.</param>
    /// <returns>What tokens are checked with; none: with the key that signs.</returns>
    /// <exception cref="LifecycleException">A file cannot be read, or holds no key that fits.</exception>
    public static IReadOnlyList<ServiceAccountKey> KeysOf(ApiServerSettings settings, out ServiceAccountKey? signing)
    {
        signing = settings.ServiceAccountSigningKeyFile.Length == 0
            ? null
            : Load("service-account-signing-key-file", settings.ServiceAccountSigningKeyFile).Find(k => k.IsPrivate)
                ?? throw new LifecycleException($"service-account-signing-key-file: {settings.ServiceAccountSigningKeyFile} holds no private key");
        return [.. settings.ServiceAccountKeyFiles.SelectMany(f => Load("service-account-key-file", f))];
    }

    /// <summary>The authorities of proxies that the settings name a file for; none: the instance's own. The caller owns them.</summary>
    /// <exception cref="LifecycleException">The file cannot be read, or holds no certificate.</exception>
    public static IReadOnlyList<X509Certificate2> RequestHeaderAuthoritiesOf(ApiServerSettings settings)
    {
        if (settings.RequestHeaderClientCaFile.Length == 0)
            return [];
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(settings.RequestHeaderClientCaFile);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new LifecycleException($"requestheader-client-ca-file: cannot read {settings.RequestHeaderClientCaFile}: {e.Message}", e);
        }

        return authorities.Count > 0 ? [.. authorities] : throw new LifecycleException($"requestheader-client-ca-file: {settings.RequestHeaderClientCaFile} holds no certificate in PEM form");
    }

    /// <summary>The certificate for extension API servers that the settings name files for; null: the instance's own. The caller owns it.</summary>
    /// <exception cref="LifecycleException">The files cannot be read, or do not belong together.</exception>
    public static X509Certificate2? ProxyClientOf(ApiServerSettings settings)
    {
        if (settings.ProxyClientCertFile.Length == 0 && settings.ProxyClientKeyFile.Length == 0)
            return null;
        if (settings.ProxyClientCertFile.Length == 0 || settings.ProxyClientKeyFile.Length == 0)
            throw new LifecycleException("proxy-client-cert-file and proxy-client-key-file must be given together");
        try
        {
            return X509Certificate2.CreateFromPemFile(settings.ProxyClientCertFile, settings.ProxyClientKeyFile);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new LifecycleException($"proxy-client-cert-file: {settings.ProxyClientCertFile} and {settings.ProxyClientKeyFile} are no certificate and key that belong together: {e.Message}", e);
        }
    }

    private static List<ServiceAccountKey> Load(string setting, string path)
    {
        try
        {
            return ServiceAccountKey.LoadAll(File.ReadAllText(path)) is { Count: > 0 } keys
                ? keys
                : throw new LifecycleException($"{setting}: {path} holds no RSA or EC key in PEM form");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new LifecycleException($"{setting}: cannot read {path}: {e.Message}", e);
        }
    }
}
