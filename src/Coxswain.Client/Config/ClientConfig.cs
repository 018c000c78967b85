using System.Security.Cryptography.X509Certificates;

namespace Coxswain.Client;

/// <summary>How to reach an API server and who to be there.</summary>
public sealed record ClientConfig
{
    public required Uri Server { get; init; }

    /// <summary>PEM of the only authorities whose certificates are believed; empty: those of the system.</summary>
    public string AuthorityPem { get; init; } = "";

    /// <summary>The name that the server's certificate must have, where it is not the host of <see cref="Server"/>.</summary>
    public string TlsServerName { get; init; } = "";

    /// <summary>Believe any server. For tests and first contacts only.</summary>
    public bool InsecureSkipTlsVerify { get; init; }

    /// <summary>With its private key; the client does not dispose it.</summary>
    public X509Certificate2? Certificate { get; init; }
    public string Token { get; init; } = "";

    /// <summary>A file with a token that is renewed on disk; it wins over <see cref="Token"/>.</summary>
    public string TokenFile { get; init; } = "";
    public string Username { get; init; } = "";
    public string Password { get; init; } = "";

    /// <summary>The namespace of the context; empty: <c>default</c>.</summary>
    public string Namespace { get; init; } = "";

    public string ImpersonateUser { get; init; } = "";
    public IReadOnlyList<string> ImpersonateGroups { get; init; } = [];

    public string UserAgent { get; init; } = "coxswain";

    /// <summary>Send and ask for single objects as protobuf, where their kind has that form.</summary>
    public bool Protobuf { get; init; }

    /// <summary>The longest that a request other than a watch may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(32);

    /// <summary>What a pod is given: the service address, its token and the cluster's authorities.</summary>
    /// <exception cref="KubeConfigException">This is no pod.</exception>
    public static ClientConfig InCluster(string secretsFolder = "/var/run/secrets/kubernetes.io/serviceaccount")
    {
        var host = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST");
        var port = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT");
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port))
            throw new KubeConfigException("unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined");
        var literal = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        return new()
        {
            Server = new($"https://{literal}:{port}"),
            TokenFile = Path.Combine(secretsFolder, "token"),
            AuthorityPem = File.ReadAllText(Path.Combine(secretsFolder, "ca.crt")),
            Namespace = File.Exists(Path.Combine(secretsFolder, "namespace")) ? File.ReadAllText(Path.Combine(secretsFolder, "namespace")).Trim() : "",
        };
    }
}

/// <summary>A kubeconfig cannot be used; the message says which part and why.</summary>
public sealed class KubeConfigException(string message, Exception? inner = null) : Exception(message, inner);
