namespace Coxswain.ApiServer;

/// <summary>What operators set. Names and meanings are those of kube-apiserver's flags.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Where state that is not in the store lives. Empty: nothing is written.</summary>
    public string DataDir { get; init; } = "";

    public string BindAddress { get; init; } = "0.0.0.0";

    /// <summary>0: any free port.</summary>
    public int SecurePort { get; init; } = 6443;

    /// <summary>The address that the kubernetes Service's endpoints name. Empty: the bind address, or the host's first address.</summary>
    public string AdvertiseAddress { get; init; } = "";

    public string ServiceClusterIPRange { get; init; } = "10.96.0.0/16";

    public string ServiceNodePortRange { get; init; } = "30000-32767";

    /// <summary>A CSV file of token, user, uid and optional groups. Empty: none.</summary>
    public string TokenAuthFile { get; init; } = "";

    public bool AnonymousAuth { get; init; } = true;

    public string ServiceAccountIssuer { get; init; } = "https://kubernetes.default.svc.cluster.local";

    /// <summary>Issuers whose tokens are accepted, too: those from before the issuer was changed.</summary>
    public IReadOnlyList<string> FormerServiceAccountIssuers { get; init; } = [];

    /// <summary>Whether tokens are refused whose service account, pod, secret or node is gone.</summary>
    public bool ServiceAccountLookup { get; init; } = true;

    /// <summary>The longest life of a token; whoever asks for more gets this. Zero: no limit.</summary>
    public TimeSpan ServiceAccountMaxTokenExpiration { get; init; }

    /// <summary>Whether tokens that kubelets ask for live a year.</summary>
    public bool ServiceAccountExtendTokenExpiration { get; init; } = true;

    /// <summary>Audiences of tokens that are meant for this server. Empty: the issuers.</summary>
    public IReadOnlyList<string> ApiAudiences { get; init; } = [];

    /// <summary>Asked in order; the first that has an opinion decides.</summary>
    public IReadOnlyList<string> AuthorizationMode { get; init; } = ["Node", "RBAC"];

    public IReadOnlyList<string> EnableAdmissionPlugins { get; init; } = [];

    public IReadOnlyList<string> DisableAdmissionPlugins { get; init; } = [];

    public TimeSpan EventTtl { get; init; } = TimeSpan.FromHours(1);

    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan MinRequestTimeout { get; init; } = TimeSpan.FromMinutes(30);

    public int MaxRequestsInflight { get; init; } = 400;

    public int MaxMutatingRequestsInflight { get; init; } = 200;

    /// <summary>Connections beyond these are closed at once, so that a flood cannot take all memory or descriptors.</summary>
    public int MaxConnections { get; init; } = 8000;

    public bool Profiling { get; init; } = true;

    public bool AllowPrivileged { get; init; } = true;

    /// <summary>Group/versions switched off or on ("batch/v1=false"), as --runtime-config.</summary>
    public IReadOnlyDictionary<string, string> RuntimeConfig { get; init; } = new Dictionary<string, string>();

    /// <summary>Common names of the certificates of proxies that may name users in headers. None: any that their authority signed.</summary>
    public IReadOnlyList<string> RequestHeaderAllowedNames { get; init; } = ["front-proxy-client"];

    public IReadOnlyList<string> RequestHeaderUsernameHeaders { get; init; } = ["X-Remote-User"];

    public IReadOnlyList<string> RequestHeaderUidHeaders { get; init; } = ["X-Remote-Uid"];

    public IReadOnlyList<string> RequestHeaderGroupHeaders { get; init; } = ["X-Remote-Group"];

    public IReadOnlyList<string> RequestHeaderExtraHeadersPrefix { get; init; } = ["X-Remote-Extra-"];

    /// <summary>The file that says which resources are encrypted in the store, and with which keys. Empty: none are. A backup must hold it.</summary>
    public string EncryptionProviderConfig { get; init; } = "";

    /// <summary>Whether that file is read again when it changes.</summary>
    public bool EncryptionProviderConfigAutomaticReload { get; init; }

    /// <summary>Preference of node address types when the server calls a kubelet.</summary>
    public IReadOnlyList<string> KubeletPreferredAddressTypes { get; init; } = ["InternalIP", "ExternalIP", "Hostname", "InternalDNS", "ExternalDNS"];

    public IReadOnlyList<string> EffectiveAudiences => ApiAudiences.Count > 0 ? ApiAudiences : [ServiceAccountIssuer, .. FormerServiceAccountIssuers];
}
