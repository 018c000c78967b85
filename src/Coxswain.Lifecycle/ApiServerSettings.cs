namespace Coxswain.Lifecycle;

/// <summary>Settings of the API server, as upstream's kube-apiserver names them. Their meaning is checked by the API server itself.</summary>
public sealed record ApiServerSettings
{
    /// <summary>Authorizers, asked in order.</summary>
    public IReadOnlyList<string> AuthorizationMode { get; init; } = ["Node", "RBAC"];

    /// <summary>Admission plug-ins to run besides those that run by default.</summary>
    public IReadOnlyList<string> EnableAdmissionPlugins { get; init; } = [];

    /// <summary>Admission plug-ins not to run.</summary>
    public IReadOnlyList<string> DisableAdmissionPlugins { get; init; } = [];

    /// <summary>A CSV file of static bearer tokens. Empty: none.</summary>
    public string TokenAuthFile { get; init; } = "";

    public bool AnonymousAuth { get; init; } = true;

    public TimeSpan EventTtl { get; init; } = TimeSpan.FromHours(1);

    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A watch without a timeout of its own lasts between this and twice this long.</summary>
    public TimeSpan MinRequestTimeout { get; init; } = TimeSpan.FromMinutes(30);

    public int MaxRequestsInflight { get; init; } = 400;

    public int MaxMutatingRequestsInflight { get; init; } = 200;

    /// <summary>Groups and versions that are served or not: <c>batch/v1</c> to <c>false</c>.</summary>
    public IReadOnlyDictionary<string, string> RuntimeConfig { get; init; } = new Dictionary<string, string>();

    /// <summary>The issuer of service-account tokens; further ones are accepted, too.</summary>
    public IReadOnlyList<string> ServiceAccountIssuers { get; init; } = ["https://kubernetes.default.svc.cluster.local"];

    /// <summary>Files of the keys that tokens are checked with. None: those of the instance.</summary>
    public IReadOnlyList<string> ServiceAccountKeyFiles { get; init; } = [];

    /// <summary>The file of the key that signs tokens. Empty: the instance's own.</summary>
    public string ServiceAccountSigningKeyFile { get; init; } = "";

    /// <summary>Whether the service account and what a token is bound to must still exist.</summary>
    public bool ServiceAccountLookup { get; init; } = true;

    /// <summary>The longest life of a token that anybody can ask for. Zero: no limit.</summary>
    public TimeSpan ServiceAccountMaxTokenExpiration { get; init; }

    /// <summary>Whether the tokens that kubelets ask for live a year, so that old clients which never reload them go on working.</summary>
    public bool ServiceAccountExtendTokenExpiration { get; init; } = true;

    /// <summary>Audiences of this server. None: the issuer.</summary>
    public IReadOnlyList<string> ApiAudiences { get; init; } = [];

    public bool Profiling { get; init; } = true;

    /// <summary>PEM file of the authorities of proxies that may name users in headers. Empty: the instance's own.</summary>
    public string RequestHeaderClientCaFile { get; init; } = "";

    /// <summary>Common names that such a proxy's certificate may have. None: any.</summary>
    public IReadOnlyList<string> RequestHeaderAllowedNames { get; init; } = ["front-proxy-client"];

    public IReadOnlyList<string> RequestHeaderUsernameHeaders { get; init; } = ["X-Remote-User"];

    public IReadOnlyList<string> RequestHeaderUidHeaders { get; init; } = ["X-Remote-Uid"];

    public IReadOnlyList<string> RequestHeaderGroupHeaders { get; init; } = ["X-Remote-Group"];

    public IReadOnlyList<string> RequestHeaderExtraHeadersPrefix { get; init; } = ["X-Remote-Extra-"];

    /// <summary>PEM files of the certificate and key with which the server identifies itself to aggregated API servers. Empty: the instance's own.</summary>
    public string ProxyClientCertFile { get; init; } = "";

    public string ProxyClientKeyFile { get; init; } = "";

    /// <summary>The file that says what is encrypted in the store and with which keys. Empty: nothing is. A backup must hold it.</summary>
    public string EncryptionProviderConfig { get; init; } = "";

    /// <summary>Whether that file is read again when it changes.</summary>
    public bool EncryptionProviderConfigAutomaticReload { get; init; }
}
