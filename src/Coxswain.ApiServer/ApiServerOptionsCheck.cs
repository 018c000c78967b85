using System.Net;
using System.Net.Sockets;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Authorization;
using Coxswain.ApiServer.Encryption;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer;

/// <summary>Says what is wrong with the options, before anything is started; in upstream's words where it has them.</summary>
public static class ApiServerOptionsCheck
{
    /// <summary>The smallest range of services that has room for the API server's address, the DNS server's, and some more.</summary>
    private const int LongestServicePrefix = 28;

    private static readonly TimeSpan ShortestTokenLimit = TimeSpan.FromHours(1);

    /// <summary>The names that --authorization-mode takes.</summary>
    public static IReadOnlyList<string> AuthorizationModes => AuthorizerTable.Modes;

    /// <summary>The names that --enable-admission-plugins and --disable-admission-plugins take.</summary>
    public static IReadOnlyList<string> AdmissionPlugins => AdmissionTable.Names;

    /// <summary>One sentence for each problem; none: the options are good.</summary>
    public static IReadOnlyList<string> Problems(ApiServerOptions options) =>
    [
        .. AuthorizerTable.Problems(options.AuthorizationMode),
        .. AdmissionTable.Problems(options.EnableAdmissionPlugins, options.DisableAdmissionPlugins),
        .. ServiceRange(options.ServiceClusterIPRange),
        .. NodePorts(options.ServiceNodePortRange),
        .. TokenFile(options.TokenAuthFile),
        .. Negative(options),
        .. Encrypting(options),
        .. new RuntimeConfig(options.RuntimeConfig).Problems(),
        .. Issuers([options.ServiceAccountIssuer, .. options.FormerServiceAccountIssuers]),
        .. TokenLimit(options.ServiceAccountMaxTokenExpiration),
    ];

    private static IEnumerable<string> ServiceRange(string text)
    {
        if (text.Contains(',', StringComparison.Ordinal))
            yield return $"service-cluster-ip-range {text}: services have addresses of one family here; give one range";
        else if (!IPNetwork.TryParse(text, out var range))
            yield return $"service-cluster-ip-range {text} is not a range of addresses such as 10.96.0.0/16";
        else if (range.BaseAddress.AddressFamily != AddressFamily.InterNetwork)
            yield return $"service-cluster-ip-range {text}: services have IPv4 addresses here";
        else if (range.PrefixLength > LongestServicePrefix)
            yield return $"specified --service-cluster-ip-range {text} is too small; the mask must be <= {LongestServicePrefix}";
    }

    private static IEnumerable<string> NodePorts(string text)
    {
        string? problem = null;
        try
        {
            PortRange.Parse(text);
        }
        catch (FormatException e)
        {
            problem = $"service-node-port-range: {e.Message}";
        }

        if (problem is not null)
            yield return problem;
    }

    private static IEnumerable<string> TokenFile(string path)
    {
        if (path.Length == 0)
            yield break;
        string? problem = null;
        try
        {
            StaticTokens.Load(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            problem = e is FileNotFoundException or DirectoryNotFoundException ? $"token-auth-file: there is no file {path}" : $"token-auth-file: {e.Message}";
        }

        if (problem is not null)
            yield return problem;
    }

    private static IEnumerable<string> Encrypting(ApiServerOptions options)
    {
        if (options.EncryptionProviderConfig.Length > 0)
        {
            if (EncryptionFile.Problem(options.EncryptionProviderConfig, TimeProvider.System) is { } problem)
                yield return $"encryption-provider-config: {problem}";
        }
        else if (options.EncryptionProviderConfigAutomaticReload)
        {
            yield return "--encryption-provider-config-automatic-reload must be set with --encryption-provider-config";
        }
    }

    private static IEnumerable<string> Negative(ApiServerOptions options)
    {
        if (options.MaxRequestsInflight < 0)
            yield return "--max-requests-inflight can not be negative value";
        if (options.MaxMutatingRequestsInflight < 0)
            yield return "--max-mutating-requests-inflight can not be negative value";
        if (options.RequestTimeout <= TimeSpan.Zero)
            yield return "--request-timeout can not be zero or negative value";
        if (options.MinRequestTimeout <= TimeSpan.Zero)
            yield return "--min-request-timeout can not be zero or negative value";
        if (options.EventTtl <= TimeSpan.Zero)
            yield return "--event-ttl can not be zero or negative value";
    }

    private static IEnumerable<string> Issuers(IEnumerable<string> issuers)
    {
        foreach (var issuer in issuers)
        {
            if (issuer.Length == 0)
                yield return "service-account-issuer requires a valid issuer";
            // RFC 7519, 4.1.1: whatever has a colon must be a URI.
            else if (issuer.Contains(':', StringComparison.Ordinal) && !Uri.TryCreate(issuer, UriKind.Absolute, out _))
                yield return $"service-account-issuer \"{issuer}\" contained a ':' but was not a valid URL";
        }
    }

    private static IEnumerable<string> TokenLimit(TimeSpan limit)
    {
        if (limit != TimeSpan.Zero && (limit < ShortestTokenLimit || limit.TotalSeconds > 1L << 32))
            yield return "the service-account-max-token-expiration must be between 1 hour and 2^32 seconds";
    }
}
