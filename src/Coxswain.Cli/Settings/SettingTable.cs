using Coxswain.Lifecycle;
using static Coxswain.Cli.Settings.SettingKinds;

namespace Coxswain.Cli.Settings;

/// <summary>Everything that can be set. Flags, help, the configuration file and the reference page come from this table.</summary>
public static class SettingTable
{
    private const string Place = "Where it listens and keeps its state";
    private const string State = "Datastore";
    private const string Backups = "Backups";
    private const string Requests = "API server";
    private const string Who = "Who may do what";
    private const string Accounts = "Service-account tokens";
    private const string Proxies = "Extension API servers and authenticating proxies";
    private const string Net = "Addresses";
    private const string Loops = "Controllers and scheduler";
    private const string Simulated = "Simulated nodes";
    private const string NodeSection = "This machine as a node";

    /// <summary>The key of the data folder, whose flag every command has.</summary>
    public const string DataDirectory = "data-dir";

    private static readonly ClusterOptions Defaults = new() { DataDirectory = "", NodeName = "" };

    public static IReadOnlyList<Setting> All { get; } =
    [
        Of(DataDirectory, Place, FilePath, o => o.DataDirectory, (o, v) => o with { DataDirectory = v },
            "The folder that holds everything of this instance. Several instances need several folders.")
            with { ValueName = "DIR", Default = "/var/lib/coxswain as root, else ~/.local/state/coxswain" },
        Of("secure-port", Place, Port, o => o.SecurePort, (o, v) => o with { SecurePort = v },
            "The TLS port of the API server. 0 takes any free one.") with { IsUpstreams = true },
        Of("bind-address", Place, Address, o => o.BindAddress, (o, v) => o with { BindAddress = v },
            "The address that the API server listens on. 0.0.0.0 is every IPv4 address of the machine.") with { IsUpstreams = true },
        Of("advertise-address", Place, OptionalAddress, o => o.AdvertiseAddress, (o, v) => o with { AdvertiseAddress = v },
            "The address by which pods and other machines reach this API server. Without it, the bind address, or the machine's first one.") with { IsUpstreams = true },
        Of("foreground", Place, Bool, o => o.Foreground, (o, v) => o with { Foreground = v },
            "Stay in the foreground and log to standard error, for a supervisor such as systemd.") with { Roles = SettingRoles.Up },
        Of("in-memory", Place, Bool, o => o.InMemory, (o, v) => o with { InMemory = v },
            "Keep the cluster's state in memory: nothing survives the process. For tests."),

        Data("etcd-servers", State, Endpoints, s => s.EtcdServers, (s, v) => s with { EtcdServers = v },
            "The members of an etcd cluster (3.4 or later) that keeps the cluster's state, for several servers together. One is used at a time, the others when it "
            + "fails. Without it, the state is kept in a file of the data folder."),
        Data("etcd-cafile", State, FilePath, s => s.EtcdCaFile, (s, v) => s with { EtcdCaFile = v },
            "PEM file of the authorities that sign the certificates of etcd's members. Without it, the machine's own."),
        Data("etcd-certfile", State, FilePath, s => s.EtcdCertFile, (s, v) => s with { EtcdCertFile = v },
            "PEM file of the certificate by which etcd knows this server."),
        Data("etcd-keyfile", State, FilePath, s => s.EtcdKeyFile, (s, v) => s with { EtcdKeyFile = v },
            "PEM file of that certificate's key."),
        Data("etcd-compaction-interval", State, Duration, s => s.CompactionInterval, (s, v) => s with { CompactionInterval = v },
            "How long past states are kept at least, for watches and long lists that go on from them; after twice this time they are gone. "
            + "Of every datastore, not only of etcd. 0s: this server forgets nothing, somebody else must."),
        Data("etcd-db-metric-poll-interval", State, Duration, s => s.MetricPollInterval, (s, v) => s with { MetricPollInterval = v },
            "How often the datastore is asked for its size, which /metrics shows. 0s: never."),

        Of("backup-dir", Backups, FilePath, o => o.Backup.Directory, (o, v) => o with { Backup = o.Backup with { Directory = v } },
            "Make verified backups into this folder, again and again. It should be on another disk. Restore with coxswain backup restore.") with { ValueName = "DIR" },
        Of("backup-interval", Backups, Duration, o => o.Backup.Interval, (o, v) => o with { Backup = o.Backup with { Interval = v } },
            "From one backup to the next, at least 1m. One that was missed while nothing ran is made after the start."),
        Of("backup-keep", Backups, Number, o => o.Backup.Keep, (o, v) => o with { Backup = o.Backup with { Keep = v } },
            "How many backups of this cluster are kept in the folder, at least 1. The newest verified one is never removed."),
        Of("backup-passphrase-file", Backups, FilePath, o => o.Backup.PassphraseFile, (o, v) => o with { Backup = o.Backup with { PassphraseFile = v } },
            "A file whose first line is the passphrase of the backups. Keep another copy of it where the machine is not: without it a backup is worth nothing."),
        Of("backup-key-file", Backups, FilePath, o => o.Backup.KeyFile, (o, v) => o with { Backup = o.Backup with { KeyFile = v } },
            "A file of at least 32 random bytes in place of the passphrase."),

        Api("request-timeout", Requests, Duration, a => a.RequestTimeout, (a, v) => a with { RequestTimeout = v },
            "How long a request may take that is not a watch or a stream. After that its client gets 504. A request may ask for less with ?timeout=."),
        Api("min-request-timeout", Requests, Seconds, a => a.MinRequestTimeout, (a, v) => a with { MinRequestTimeout = v },
            "A watch that names no timeout of its own is ended after this time at the earliest, after twice this time at the latest."),
        Api("max-requests-inflight", Requests, Number, a => a.MaxRequestsInflight, (a, v) => a with { MaxRequestsInflight = v },
            "How many reading requests are served at the same time. What goes beyond gets 429 and Retry-After. 0 is no limit. Members of system:masters are let in always."),
        Api("max-mutating-requests-inflight", Requests, Number, a => a.MaxMutatingRequestsInflight, (a, v) => a with { MaxMutatingRequestsInflight = v },
            "The same for requests that change something."),
        Api("event-ttl", Requests, Duration, a => a.EventTtl, (a, v) => a with { EventTtl = v },
            "How long events are kept after their last change."),
        Api("runtime-config", Requests, Map, a => a.RuntimeConfig, (a, v) => a with { RuntimeConfig = v },
            "Which API versions are served: GROUP/VERSION=true|false (api/v1 is the core group), api/all, api/ga, api/beta, api/alpha. The more exact key wins. "
            + "A version that is off is in no discovery document, and its paths are 404; what is stored stays."),
        Api("encryption-provider-config", Requests, FilePath, a => a.EncryptionProviderConfig, (a, v) => a with { EncryptionProviderConfig = v },
            "A file (EncryptionConfiguration of apiserver.config.k8s.io/v1) that says which resources are encrypted in the store, and with which keys."),
        Api("encryption-provider-config-automatic-reload", Requests, Bool, a => a.EncryptionProviderConfigAutomaticReload, (a, v) => a with { EncryptionProviderConfigAutomaticReload = v },
            "Read that file again when it changes; looked for once a minute. One that cannot be used is logged, and the former one stays in force."),
        Api("profiling", Requests, Bool, a => a.Profiling, (a, v) => a with { Profiling = v },
            "Serve /debug/pprof/ to those who may: index, cmdline, heap, goroutine and threadcreate as text."),
        Api("enable-admission-plugins", Requests, List, a => a.EnableAdmissionPlugins, (a, v) => a with { EnableAdmissionPlugins = v },
            "Admission plug-ins to run besides those that run by default. Their order does not matter."),
        Api("disable-admission-plugins", Requests, List, a => a.DisableAdmissionPlugins, (a, v) => a with { DisableAdmissionPlugins = v },
            "Admission plug-ins not to run, though they would by default."),

        Api("authorization-mode", Who, List, a => a.AuthorizationMode, (a, v) => a with { AuthorizationMode = v },
            "Authorizers, asked in this order; the first with an opinion decides. With AlwaysAllow, anonymous requests are refused whatever anonymous-auth says.")
            with { ValueName = "MODE,..." },
        Api("anonymous-auth", Who, Bool, a => a.AnonymousAuth, (a, v) => a with { AnonymousAuth = v },
            "Whether requests without credentials are let in as system:anonymous. If not, they get 401."),
        Api("token-auth-file", Who, FilePath, a => a.TokenAuthFile, (a, v) => a with { TokenAuthFile = v },
            "A CSV file of bearer tokens that never expire: token,user,uid,\"group1,group2\". Read at the start."),

        Api("service-account-issuer", Accounts, List, a => a.ServiceAccountIssuers, (a, v) => a with { ServiceAccountIssuers = v },
            "The issuer that tokens name. Given several times: the first one issues, tokens of the others are accepted too, so that it can be changed in a running cluster.")
            with { ValueName = "ISSUER" },
        Api("service-account-signing-key-file", Accounts, FilePath, a => a.ServiceAccountSigningKeyFile, (a, v) => a with { ServiceAccountSigningKeyFile = v },
            "PEM file of the private key (RSA or EC) that signs tokens. Without it, the instance's own."),
        Api("service-account-key-file", Accounts, Files, a => a.ServiceAccountKeyFiles, (a, v) => a with { ServiceAccountKeyFiles = v },
            "PEM files of keys (private or public, RSA or EC) that tokens are checked with. Without it, the signing key.") with { ValueName = "FILE" },
        Api("service-account-lookup", Accounts, Bool, a => a.ServiceAccountLookup, (a, v) => a with { ServiceAccountLookup = v },
            "Refuse tokens whose service account, pod, secret or node is gone."),
        Api("service-account-max-token-expiration", Accounts, Duration, a => a.ServiceAccountMaxTokenExpiration, (a, v) => a with { ServiceAccountMaxTokenExpiration = v },
            "The longest life of a token; whoever asks for more gets this. At least 1h; 0s is no limit."),
        Api("service-account-extend-token-expiration", Accounts, Bool, a => a.ServiceAccountExtendTokenExpiration, (a, v) => a with { ServiceAccountExtendTokenExpiration = v },
            "Let the tokens that kubelets put into pods live a year, so that programs which never read them again go on working."),
        Api("api-audiences", Accounts, List, a => a.ApiAudiences, (a, v) => a with { ApiAudiences = v },
            "The audiences of this API server. A token must name one of them. Without it, the issuers.") with { ValueName = "AUDIENCE,..." },

        Api("requestheader-client-ca-file", Proxies, FilePath, a => a.RequestHeaderClientCaFile, (a, v) => a with { RequestHeaderClientCaFile = v },
            "PEM file of the authorities of proxies that may name the user in headers. Without it, the instance's own front-proxy-ca. Extension API servers are told of it."),
        Api("requestheader-allowed-names", Proxies, List, a => a.RequestHeaderAllowedNames, (a, v) => a with { RequestHeaderAllowedNames = v },
            "Common names that such a proxy's certificate may have. An empty list is any.") with { ValueName = "NAME,..." },
        Api("requestheader-username-headers", Proxies, List, a => a.RequestHeaderUsernameHeaders, (a, v) => a with { RequestHeaderUsernameHeaders = v },
            "Headers in which such a proxy names the user; the first that is there counts.") with { ValueName = "HEADER,..." },
        Api("requestheader-uid-headers", Proxies, List, a => a.RequestHeaderUidHeaders, (a, v) => a with { RequestHeaderUidHeaders = v },
            "Headers in which it names the user's uid.") with { ValueName = "HEADER,..." },
        Api("requestheader-group-headers", Proxies, List, a => a.RequestHeaderGroupHeaders, (a, v) => a with { RequestHeaderGroupHeaders = v },
            "Headers in which it names the user's groups.") with { ValueName = "HEADER,..." },
        Api("requestheader-extra-headers-prefix", Proxies, List, a => a.RequestHeaderExtraHeadersPrefix, (a, v) => a with { RequestHeaderExtraHeadersPrefix = v },
            "What the headers begin with in which it says more of the user.") with { ValueName = "PREFIX,..." },
        Api("proxy-client-cert-file", Proxies, FilePath, a => a.ProxyClientCertFile, (a, v) => a with { ProxyClientCertFile = v },
            "PEM file of the certificate with which this server identifies itself to extension API servers. Without it, the instance's own."),
        Api("proxy-client-key-file", Proxies, FilePath, a => a.ProxyClientKeyFile, (a, v) => a with { ProxyClientKeyFile = v },
            "PEM file of that certificate's private key."),

        Of("service-cluster-ip-range", Net, Network, o => o.ServiceClusterIPRange, (o, v) => o with { ServiceClusterIPRange = v },
            "The addresses of services. The first is the API server's, the tenth the DNS server's. Must not overlap with those of pods or machines.") with { IsUpstreams = true },
        Of("service-node-port-range", Net, Text, o => o.ServiceNodePortRange, (o, v) => o with { ServiceNodePortRange = v },
            "The ports of services of type NodePort, both ends included. FIRST+COUNT is another way to write it.") with { IsUpstreams = true, ValueName = "FIRST-LAST" },
        Of("cluster-domain", Net, Text, o => o.ClusterDomain, (o, v) => o with { ClusterDomain = v },
            "The DNS domain of the cluster.") with { ValueName = "DOMAIN" },
        Of("cluster-cidr", Net, OptionalNetwork, o => o.ClusterCidr, (o, v) => o with { ClusterCidr = v },
            "The addresses of pods.") with { Roles = SettingRoles.Up, IsUpstreams = true, Default = "10.244.0.0/24, or another range for another data-dir" },

        Of("controllers", Loops, List, o => o.Controllers, (o, v) => o with { Controllers = v },
            "Which controllers run: '*' for all, a name for one, '-name' for all but one, '-*' for none. What is named first of one controller counts.") with { IsUpstreams = true },
        Of("leader-elect", Loops, Bool, o => o.LeaderElect, (o, v) => o with { LeaderElect = v },
            "Run controllers and scheduler only while this server holds their Leases in kube-system: of several servers on one datastore, one does. "
            + "When it ends, another takes over within two seconds; when it dies, after fifteen.") with { IsUpstreams = true },
        Of("no-scheduler", Loops, Not, o => o.RunScheduler, (o, v) => o with { RunScheduler = v },
            "Leave pods unscheduled, for another scheduler or for none. With --controllers='-*', the API server runs alone."),
        Of("scheduler-config", Loops, FilePath, o => o.SchedulerConfig, (o, v) => o with { SchedulerConfig = v },
            "The scheduler's configuration, a KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1: profiles, plug-ins, their arguments, extenders. Read at the start."),

        Of("simulated-nodes", Simulated, Number, o => o.SimulatedNodes, (o, v) => o with { SimulatedNodes = v },
            "How many nodes to simulate inside the process: 32 CPUs, 256Gi and 110 pods each, in three zones, without any container. With --no-node, for benchmarks and tries. "
            + "A later start with fewer removes the surplus; with 0, those that there were become NotReady.") with { Roles = SettingRoles.Up },
        Of("simulated-pod-delay", Simulated, Duration, o => o.SimulatedPodDelay, (o, v) => o with { SimulatedPodDelay = v },
            "How long after its binding a pod on a simulated node becomes Ready.") with { Roles = SettingRoles.Up },

        Of("no-node", NodeSection, Not, o => o.RunNode, (o, v) => o with { RunNode = v },
            "Control plane only: needs neither root nor containerd.") with { Roles = SettingRoles.Up },
        Of("node-name", NodeSection, Text, o => o.NodeName, (o, v) => o with { NodeName = v },
            "The name of the node.") with { Roles = SettingRoles.Up, Default = "the host's name", ValueName = "NAME" },
        Of("node-ip", NodeSection, OptionalAddress, o => o.NodeAddress, (o, v) => o with { NodeAddress = v },
            "The address under which pods and other machines reach this one.") with { Roles = SettingRoles.Up, Default = "the machine's first" },
        Of("kubelet-port", NodeSection, Port, o => o.KubeletPort, (o, v) => o with { KubeletPort = v },
            "The TLS port of the node's kubelet API. 0 takes any free one, as does a port in use.") with { Roles = SettingRoles.Up },
    ];

    public static Setting? Find(string name) => All.FirstOrDefault(s => s.Name == name);

    private static Setting Of<T>(string name, string section, SettingKind<T> kind, Func<ClusterOptions, T> get, Func<ClusterOptions, T, ClusterOptions> set, string help) => new()
    {
        Name = name,
        Section = section,
        Roles = SettingRoles.Both,
        IsSwitch = kind is SettingKind<bool>,
        Form = kind switch
        {
            SettingKind<IReadOnlyList<string>> or SettingKind<IReadOnlyList<Uri>> => SettingForm.List,
            SettingKind<IReadOnlyDictionary<string, string>> => SettingForm.Map,
            _ => SettingForm.One,
        },
        ValueName = kind.ValueName,
        Default = kind.Write(get(Defaults)),
        Help = help,
        Apply = (options, values) => set(options, kind.Read(values)),
        Show = options => kind.Write(get(options)),
    };

    private static Setting Api<T>(
        string name, string section, SettingKind<T> kind, Func<ApiServerSettings, T> get, Func<ApiServerSettings, T, ApiServerSettings> set, string help) =>
        Of(name, section, kind, o => get(o.ApiServer), (o, v) => o with { ApiServer = set(o.ApiServer, v) }, help) with { IsUpstreams = true };

    private static Setting Data<T>(
        string name, string section, SettingKind<T> kind, Func<StoreSettings, T> get, Func<StoreSettings, T, StoreSettings> set, string help) =>
        Of(name, section, kind, o => get(o.Store), (o, v) => o with { Store = set(o.Store, v) }, help) with { IsUpstreams = true };
}
