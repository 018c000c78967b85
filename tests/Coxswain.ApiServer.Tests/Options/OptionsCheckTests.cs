namespace Coxswain.ApiServer.Tests.Options;

/// <summary>Options that mean nothing are named before anything starts, in upstream's words where it has them.</summary>
public sealed class OptionsCheckTests
{
    private static string Problem(ApiServerOptions options) => Assert.Single(ApiServerOptionsCheck.Problems(options));

    [Fact]
    public void The_defaults_are_good() => Assert.Empty(ApiServerOptionsCheck.Problems(new()));

    [Theory]
    [InlineData("authorization-mode \"Rbac\" is not a valid mode; known modes are Node, RBAC, AlwaysAllow, AlwaysDeny", "Rbac")]
    [InlineData("authorization-mode \"Webhook\" is not part of Coxswain; known modes are Node, RBAC, AlwaysAllow, AlwaysDeny", "RBAC", "Webhook")]
    [InlineData("authorization-mode [\"RBAC\" \"Node\" \"RBAC\"] has mode specified more than once", "RBAC", "Node", "RBAC")]
    [InlineData("at least one authorization-mode must be passed")]
    public void Modes(string problem, params string[] modes) => Assert.Equal(problem, Problem(new() { AuthorizationMode = modes }));

    [Theory]
    [InlineData("", "NamespaceLifecycle,LimitRanger,ServiceAccount,TaintNodesByCondition,PodSecurity,Priority,DefaultTolerationSeconds,DefaultStorageClass,StorageObjectInUseProtection,"
        + "PersistentVolumeClaimResize,RuntimeClass,CertificateApproval,CertificateSigning,ClusterTrustBundleAttest,CertificateSubjectRestriction,DefaultIngressClass,PodTopologyLabels,"
        + "MutatingAdmissionPolicy,MutatingAdmissionWebhook,ValidatingAdmissionPolicy,ValidatingAdmissionWebhook,ResourceQuota")]
    [InlineData("NodeRestriction,AlwaysPullImages,DenyServiceExternalIPs,MutatingAdmissionWebhook", "EventRateLimit")]
    public void Upstreams_default_plug_ins_are_known(string enabled, string disabled) =>
        Assert.Empty(ApiServerOptionsCheck.Problems(new()
        {
            EnableAdmissionPlugins = enabled.Split(',', StringSplitOptions.RemoveEmptyEntries),
            DisableAdmissionPlugins = disabled.Split(',', StringSplitOptions.RemoveEmptyEntries),
        }));

    [Theory]
    [InlineData("enable-admission-plugins plugin \"Nonsense\" is unknown; known plug-ins are AlwaysAdmit, NamespaceAutoProvision,", "Nonsense", "")]
    [InlineData("enable-admission-plugins plugin \"PodNodeSelector\" is not part of Coxswain; known plug-ins are ", "PodNodeSelector", "")]
    [InlineData("disable-admission-plugins plugin \"Nonsense\" is unknown; known plug-ins are ", "", "Nonsense")]
    [InlineData("[LimitRanger Priority] in enable-admission-plugins and disable-admission-plugins overlapped", "Priority,LimitRanger", "LimitRanger,Priority")]
    public void Plug_ins(string problem, string enabled, string disabled) => Assert.StartsWith(problem, Problem(new()
    {
        EnableAdmissionPlugins = enabled.Split(',', StringSplitOptions.RemoveEmptyEntries),
        DisableAdmissionPlugins = disabled.Split(',', StringSplitOptions.RemoveEmptyEntries),
    }), StringComparison.Ordinal);

    [Theory]
    [InlineData("invalid key with only api/all=false", "api/all=false")]
    [InlineData("invalid value api/beta=maybe", "api/beta=maybe")]
    [InlineData("invalid value of runtime-config apps/v1: maybe is neither true nor false", "apps/v1=maybe")]
    [InlineData("unknown api groups foo,bar", "foo/v1=true,bar/v1=false")]
    [InlineData("runtime-config: group version batch/v2 has not been registered; of this group there is v1", "batch/v2=true")]
    [InlineData("runtime-config: invalid key apps: expected GROUP/VERSION, api/v1, api/all, api/ga, api/beta, api/alpha", "apps=true")]
    public void Runtime_config(string problem, string config) => Assert.Equal(problem, Problem(new()
    {
        RuntimeConfig = config.Split(',').Select(e => e.Split('=')).ToDictionary(e => e[0], e => e[1]),
    }));

    [Theory]
    [InlineData("service-cluster-ip-range 10.0.0.0 is not a range of addresses such as 10.96.0.0/16", "10.0.0.0")]
    [InlineData("specified --service-cluster-ip-range 10.0.0.0/30 is too small; the mask must be <= 28", "10.0.0.0/30")]
    [InlineData("service-cluster-ip-range fd00::/108: services have IPv4 addresses here", "fd00::/108")]
    [InlineData("service-cluster-ip-range 10.0.0.0/16,fd00::/108: services have addresses of one family here; give one range", "10.0.0.0/16,fd00::/108")]
    public void Service_addresses(string problem, string range) => Assert.Equal(problem, Problem(new() { ServiceClusterIPRange = range }));

    [Theory]
    [InlineData("30000")]
    [InlineData("32767-30000")]
    [InlineData("0-10")]
    [InlineData("30000-70000")]
    public void Node_ports(string range) => Assert.StartsWith("service-node-port-range: unable to parse port range: " + range, Problem(new() { ServiceNodePortRange = range }), StringComparison.Ordinal);

    [Fact]
    public void Node_ports_may_be_counted() => Assert.Empty(ApiServerOptionsCheck.Problems(new() { ServiceNodePortRange = "30000+2767" }));

    [Fact]
    public void Numbers_and_times_are_not_negative()
    {
        Assert.Equal("--max-requests-inflight can not be negative value", Problem(new() { MaxRequestsInflight = -1 }));
        Assert.Equal("--max-mutating-requests-inflight can not be negative value", Problem(new() { MaxMutatingRequestsInflight = -1 }));
        Assert.Contains("--request-timeout", Problem(new() { RequestTimeout = TimeSpan.Zero }), StringComparison.Ordinal);
        Assert.Contains("--min-request-timeout", Problem(new() { MinRequestTimeout = TimeSpan.FromSeconds(-1) }), StringComparison.Ordinal);
        Assert.Contains("--event-ttl", Problem(new() { EventTtl = TimeSpan.FromSeconds(-1) }), StringComparison.Ordinal);
        Assert.Equal("the service-account-max-token-expiration must be between 1 hour and 2^32 seconds", Problem(new() { ServiceAccountMaxTokenExpiration = TimeSpan.FromMinutes(1) }));
    }

    [Fact]
    public void Issuers_are_names_or_whole_urls()
    {
        Assert.Empty(ApiServerOptionsCheck.Problems(new() { ServiceAccountIssuer = "kubernetes/serviceaccount" }));
        Assert.Equal("service-account-issuer \"http://[broken\" contained a ':' but was not a valid URL", Problem(new() { ServiceAccountIssuer = "http://[broken" }));
        Assert.Equal("service-account-issuer requires a valid issuer", Problem(new() { ServiceAccountIssuer = "" }));
    }

    [Fact]
    public void A_token_file_is_there_and_can_be_read()
    {
        Assert.Equal("token-auth-file: there is no file /nowhere/tokens.csv", Problem(new() { TokenAuthFile = "/nowhere/tokens.csv" }));
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "token,user\n");
            Assert.Contains("line 1", Problem(new() { TokenAuthFile = file }), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
