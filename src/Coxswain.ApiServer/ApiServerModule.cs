using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Admission.Policies;
using Coxswain.ApiServer.Aggregation;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Authorization;
using Coxswain.ApiServer.Bootstrap;
using Coxswain.ApiServer.CustomResources;
using Coxswain.ApiServer.Datastore;
using Coxswain.ApiServer.Discovery;
using Coxswain.ApiServer.Encryption;
using Coxswain.ApiServer.Health;
using Coxswain.ApiServer.Http;
using Coxswain.ApiServer.Metrics;
using Coxswain.ApiServer.OpenApi;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Subresources;
using Coxswain.ApiServer.Verbs;
using Coxswain.ApiServer.Webhooks;
using Coxswain.Client;
using Coxswain.Security;
using Coxswain.Storage;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer;

/// <summary>Puts the server together: the chain that a request takes reads from top to bottom here.</summary>
internal sealed class ApiServerModule : IAsyncDisposable
{
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StoreRetry = TimeSpan.FromMilliseconds(250);

    private readonly ApiDispatcher _dispatcher;
    private readonly TimeProvider _clock;
    private readonly StreamProxy _proxy;
    private readonly WebhookTransport _webhooks;
    private readonly StrategyTable _strategies;
    private readonly Bootstrapper _bootstrapper;
    private readonly AvailabilityController _availability;
    private readonly AggregationTransport _aggregation;
    private readonly ForwardedClients _others;
    private readonly PolicyStatus _policyStatus;
    private readonly DefinitionController _definitions;
    private readonly HealthChecks _health;
    private readonly ApiServerOptions _options;
    private readonly ILogger _log;
    private readonly Func<CancellationToken, Task> _encryption = static _ => Task.CompletedTask;
    private readonly GuardedStore _guard;
    private readonly StoreSizes _sizes;
    private Task? _loaded;
    private string _address = "";

    private ApiServerModule(ApiServerOptions options, IStore store, ApiServerPki pki, TimeProvider clock, ILoggerFactory logs, ApiServerAdditions additions)
    {
        (_options, _clock, _log) = (options, clock, logs.CreateLogger<ApiServerModule>());

        // What is served, and where it is kept.
        _guard = new(store, clock, logs.CreateLogger<GuardedStore>());
        store = _guard;
        if (options.EncryptionProviderConfig.Length > 0)
        {
            var file = new EncryptionFile(options.EncryptionProviderConfig, clock, logs.CreateLogger<EncryptionFile>());
            var transformations = new TransformationMetrics(clock);
            var encrypted = new EncryptedStore(store, file.Load(transformations), transformations);
            store = encrypted;
            if (options.EncryptionProviderConfigAutomaticReload)
                _encryption = cancellation => file.FollowAsync(encrypted, cancellation);
        }

        Registries = new(ResourceTable.All, store, clock, logs, options.EventTtl) { Config = new(options.RuntimeConfig), Guard = _guard };
        _strategies = new(new()
        {
            Cluster = Registries,
            Api = ClientFor(Users.ApiServer, "coxswain"),
            Store = Registries.Store,
            ServiceClusterIPRange = options.ServiceClusterIPRange,
            ServiceNodePortRange = options.ServiceNodePortRange,
        });
        Registries.UseStrategies(_strategies);

        // Who is it?
        var tokens = new ServiceAccountTokens(
            pki.ServiceAccountKey, options.ServiceAccountIssuer, clock, options.FormerServiceAccountIssuers, pki.ServiceAccountCheckingKeys);
        var authenticator = new RequestAuthenticator(
            new ClientCertificates([pki.ClientAuthority], clock),
            options.TokenAuthFile.Length > 0 ? StaticTokens.Load(options.TokenAuthFile) : StaticTokens.Empty,
            new ServiceAccountAuthenticator(tokens, options.ServiceAccountLookup ? Registries : null, clock),
            new([.. pki.EffectiveRequestHeaderAuthorities], options, clock),
            options.EffectiveAudiences,
            // Upstream's rule: who may do everything must have said who he is.
            options.AnonymousAuth && !options.AuthorizationMode.Contains("AlwaysAllow"),
            clock);

        // May he?
        var rbac = new RbacAuthorizer(Registries);
        var authorizer = AuthorizerTable.Create(options.AuthorizationMode, rbac, Registries);
        var escalation = new RoleEscalationCheck(authorizer, rbac, Registries);

        // Is it right?
        _webhooks = new(new(Registries));
        Registries.Custom.Webhooks = _webhooks;
        var forms = new ResourceForms(Registries);
        var policies = new PolicyParts(Registries, forms, new ObjectsByKind(Registries), authorizer);
        var admission = AdmissionTable.Create(
            new()
            {
                Cluster = Registries,
                Policies = policies,
                Webhooks = new(Registries, forms, policies, _webhooks, logs),
                Clock = clock,
                Api = ClientFor(Users.ApiServer, "coxswain"),
                MayAct = async (user, verb, resource, name, cancellation) => (await authorizer.AuthorizeAsync(
                    new()
                    {
                        User = user,
                        Verb = verb,
                        IsResourceRequest = true,
                        ApiGroup = resource.Group,
                        ApiVersion = "*",
                        Resource = resource.Resource,
                        Name = name,
                    },
                    cancellation)).Decision == AuthorizationDecision.Allow,
            },
            options.EnableAdmissionPlugins.ToList(), options.DisableAdmissionPlugins.ToList());

        // Who does it?
        var creator = new ObjectCreator(admission, escalation);
        var updater = new ObjectUpdater(admission, escalation, creator);
        var deleter = new ObjectDeleter(admission);
        var verbs = new VerbTable
        {
            Get = new GetHandler(),
            List = new ListHandler(),
            Watch = new WatchHandler(options.MinRequestTimeout),
            Create = new CreateHandler(creator),
            Update = new UpdateHandler(updater),
            Patch = new PatchHandler(updater),
            Delete = new DeleteHandler(deleter),
            DeleteCollection = new DeleteCollectionHandler(deleter),
            Special = SpecialVerbs.Create(new(Registries, admission, creator, updater, deleter, authorizer, authenticator, tokens, options)),
        };
        _dispatcher = new(authorizer, new(Registries), verbs);

        // Doors.
        var limit = new InflightLimit(options.MaxRequestsInflight, options.MaxMutatingRequestsInflight);
        var metrics = new RequestMetrics();
        _sizes = new(additions, clock, logs.CreateLogger<StoreSizes>());
        var transformer = new ObjectTransformer(clock);
        var writer = new ResponseWriter(transformer);
        var nodes = new NodeAddresses(Registries, options.KubeletPreferredAddressTypes, pki.KubeletClient, [pki.ClientAuthority]);
        _proxy = new();
        _health = new();
        _health.AddReady(new("informer-sync", _ => new(_loaded is { IsCompletedSuccessfully: true } ? null : "caches are loading")));
        var aggregated = new AggregatedApi(Registries);
        _aggregation = new(new(Registries), pki.ProxyClient, clock);
        _others = new(aggregated, _aggregation);
        OpenApi = new([.. Registries.Visible.Select(r => new OpenApiResource(r.Descriptor))], ServerVersion.GitVersion);
        var paths = new NonResourceRouter(
            Registries, new(Registries, aggregated, () => _address), _health, new(metrics, limit, Registries, _sizes), new(tokens, () => _address),
            [new AdminPages(additions.Paths), .. options.Profiling ? [new ProfilingPages(clock)] : Array.Empty<IPathHandler>(), new OpenApiPaths(new(Registries, OpenApi), aggregated, clock)]);
        Door = new(
            authenticator,
            new(authorizer),
            limit,
            _dispatcher,
            paths,
            new(new(Registries, nodes, admission, _proxy), new(Registries, nodes, new(Registries), admission, _proxy)),
            new(aggregated, _aggregation, _proxy, logs.CreateLogger<AggregationProxy>()),
            writer,
            new(transformer, clock),
            metrics,
            options,
            clock,
            logs.CreateLogger<HttpDoor>());
        _definitions = new(Registries, ClientFor(Users.ApiServer, "kube-apiserver"), clock, logs.CreateLogger<DefinitionController>());
        _bootstrapper = new(Registries, this, options, pki, _strategies.RepairServicesAsync, clock, logs.CreateLogger<Bootstrapper>());
        _availability = new(Registries, aggregated, _aggregation, ClientFor(Users.ApiServer, "kube-apiserver"), clock, logs.CreateLogger<AvailabilityController>());
        _policyStatus = new(Registries, new(() => Registries.Served.Descriptors), this, clock, logs.CreateLogger<PolicyStatus>());
    }

    public RegistryTable Registries { get; }

    /// <summary>The documents of what is served. Who adds resources at run time publishes them here.</summary>
    public OpenApiDocuments OpenApi { get; }

    public HttpDoor Door { get; }

    public static ApiServerModule Create(ApiServerOptions options, IStore store, ApiServerPki pki, TimeProvider clock, ILoggerFactory logs, ApiServerAdditions additions) =>
        new(options, store, pki, clock, logs, additions);

    public IApiClient ClientFor(UserInfo user, string userAgent) => new LoopbackClient(() => _dispatcher, Registries, () => _others, user, userAgent, _clock);

    /// <summary>Gets ready: loads the caches, then puts in place what every cluster has.</summary>
    public async Task BringUpAsync(Uri address, CancellationToken cancellation)
    {
        _address = $"{(_options.AdvertiseAddress.Length > 0 ? _options.AdvertiseAddress : address.Host)}:{address.Port}";

        // The checks first, and the loading elsewhere: the server listens already, and must not call itself ready meanwhile.
        var loaded = _loaded = Task.Run(() => LoadAsync(cancellation), cancellation);
        _health.AddLive(new("etcd", StoreAnswersAsync, IsVital: false));
        _health.AddReady(new("etcd-readiness", StoreAnswersAsync));
        var ready = _bootstrapper.RunAsync(address.Port, loaded, cancellation);
        foreach (var hook in _bootstrapper.Hooks)
            _health.AddLive(new("poststarthook/" + hook.Name, _ => new(hook.IsDone ? null : "not finished"), IsVital: false));
        _health.AddReady(new("shutdown", _ => new(cancellation.IsCancellationRequested ? "process is shutting down" : null)));
        await loaded;
        await ready;
    }

    /// <summary>Loads the caches, as soon as the store answers.</summary>
    private async Task LoadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await Registries.LoadAsync(cancellation);
                return;
            }
            catch (StoreUnavailableException)
            {
                // Told by the log and by /readyz; requests that need the store are refused meanwhile.
                await Task.Delay(StoreRetry, _clock, cancellation);
            }
        }
    }

    private async ValueTask<string?> StoreAnswersAsync(CancellationToken cancellation)
    {
        try
        {
            await Registries.Store.GetRevisionsAsync(cancellation);
            return null;
        }
        catch (StoreException lost)
        {
            return lost.Message;
        }
    }

    /// <summary>What goes on as long as the server runs.</summary>
    public async Task RunAsync(Task ready, CancellationToken cancellation)
    {
        try
        {
            await _loaded!;
            var definitions = _definitions.RunAsync(cancellation);
            await ready;
            await Task.WhenAll(definitions, _sizes.RunAsync(cancellation), _encryption(cancellation), _bootstrapper.KeepAsync(cancellation), _availability.RunAsync(cancellation), _policyStatus.RunAsync(cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    /// <summary>Tells the other servers of the cluster that this one goes; its loops have ended.</summary>
    public async Task LeaveAsync()
    {
        using var limit = new CancellationTokenSource(LeavePatience, _clock);
        await _bootstrapper.LeaveAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await Registries.DisposeAsync();
        await _guard.DisposeAsync();
        _proxy.Dispose();
        _webhooks.Dispose();
        _aggregation.Dispose();
        _strategies.Dispose();
    }
}
