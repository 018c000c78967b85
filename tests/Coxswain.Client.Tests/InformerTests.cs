using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Testing;

namespace Coxswain.Client.Tests;

public sealed class InformerTests : IAsyncLifetime
{
    private readonly FakeClock _clock = new();
    private readonly FakeApi _api;
    private readonly InformerFactory _factory;
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _told = new();

    public InformerTests()
    {
        _api = new(_clock);
        _factory = new(_api, _clock);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => default;

    public ValueTask DisposeAsync() => _factory.DisposeAsync();

    private static ConfigMap Map(string name, string ns = "default", string app = "") => new()
    {
        Metadata = new() { Namespace = ns, Name = name, Labels = app.Length > 0 ? ApiMap.Of("app", app) : default },
    };

    private async Task<Informer<ConfigMap>> StartAsync()
    {
        var informer = _factory.Informer<ConfigMap>();
        informer.AddHandler(new()
        {
            Added = o => _told.Enqueue("+" + o.Metadata.Name),
            Updated = (_, o) => _told.Enqueue("~" + o.Metadata.Name),
            Deleted = o => _told.Enqueue("-" + o.Metadata.Name),
        });
        _factory.Start();
        await _factory.WaitForSyncAsync(Cancellation);
        await QuietAsync();
        return informer;
    }

    private Task QuietAsync() => Eventually.TrueAsync(() => _api.IsQuiet(_factory.Count), cancellation: Cancellation);

    [Fact]
    public async Task What_was_there_and_what_comes_is_listed_and_told_in_order()
    {
        await _api.CreateAsync(Map("a"), Cancellation);
        var informer = await StartAsync();
        await _api.CreateAsync(Map("b"), Cancellation);
        _api.Change<ConfigMap>(new("default", "a"), m => m with { Data = ApiMap.Of("k", "v") });
        await _api.DeleteAsync<ConfigMap>(new("default", "b"), null, Cancellation);
        await QuietAsync();

        Assert.Equal(["+a", "+b", "~a", "-b"], _told);
        Assert.Equal("v", informer.Lister.Find(new("default", "a"))!.Data["k"]);
        Assert.Null(informer.Lister.Find(new("default", "b")));
    }

    [Fact]
    public async Task The_lister_finds_by_namespace_label_and_index_and_follows_changes_of_them()
    {
        var informer = await StartAsync();
        informer.AddIndex("app", m => m.Metadata.Labels.TryGetValue("app", out var app) ? [app] : []);
        await _api.CreateAsync(Map("a", app: "x"), Cancellation);
        await _api.CreateAsync(Map("b", app: "y"), Cancellation);
        await _api.CreateAsync(Map("c", ns: "other", app: "x"), Cancellation);
        await QuietAsync();

        Assert.Equal(["a", "b"], informer.Lister.List("default").Select(m => m.Metadata.Name).Order());
        Assert.Equal(["a"], informer.Lister.List("default", Api.Selectors.Selector.Parse("app=x")).Select(m => m.Metadata.Name));
        Assert.Equal(["a", "c"], informer.Lister.ByIndex("app", "x").Select(m => m.Metadata.Name).Order());
        _api.Change<ConfigMap>(new("default", "a"), m => m with { Metadata = m.Metadata with { Labels = ApiMap.Of("app", "y") } });
        await QuietAsync();
        Assert.Equal(["c"], informer.Lister.ByIndex("app", "x").Select(m => m.Metadata.Name));
        Assert.Equal(["a", "b"], informer.Lister.ByIndex("app", "y").Select(m => m.Metadata.Name).Order());
        Assert.Throws<ArgumentException>(() => informer.Lister.ByIndex("none", "x"));
    }

    [Fact]
    public async Task When_the_watch_expires_the_difference_is_told_after_a_new_list()
    {
        await _api.CreateAsync(Map("stays"), Cancellation);
        await _api.CreateAsync(Map("goes"), Cancellation);
        var informer = await StartAsync();
        _api.HoldWatches();
        await _api.CreateAsync(Map("comes"), Cancellation);
        await _api.DeleteAsync<ConfigMap>(new("default", "goes"), null, Cancellation);
        _api.Compact();
        _api.ReleaseWatches();
        await Eventually.TrueAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return _told.Count == 4;
        }, cancellation: Cancellation);

        Assert.Equal(["+goes", "+stays", "+comes", "-goes"], _told);
    }

    [Fact]
    public async Task An_object_made_anew_under_its_name_is_told_as_deleted_and_added()
    {
        await _api.CreateAsync(Map("a"), Cancellation);
        var informer = await StartAsync();
        var uid = informer.Lister.Find(new("default", "a"))!.Metadata.Uid;
        _api.HoldWatches();
        await _api.DeleteAsync<ConfigMap>(new("default", "a"), null, Cancellation);
        await _api.CreateAsync(Map("a"), Cancellation);
        _api.Compact();
        _api.ReleaseWatches();
        await Eventually.TrueAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return _told.Count == 3 && informer.Lister.Find(new("default", "a"))!.Metadata.Uid != uid;
        }, cancellation: Cancellation);

        Assert.Equal(["+a", "-a", "+a"], _told);
    }

    [Fact]
    public async Task A_handler_that_throws_costs_the_others_nothing()
    {
        var informer = _factory.Informer<ConfigMap>();
        informer.AddHandler(InformerHandler<ConfigMap>.ForAny(_ => throw new InvalidOperationException("a bug")));
        await StartAsync();
        await _api.CreateAsync(Map("a"), Cancellation);
        await QuietAsync();

        Assert.Equal(["+a"], _told);
    }

    [Fact]
    public async Task A_handler_added_late_is_told_of_what_is_there()
    {
        await _api.CreateAsync(Map("a"), Cancellation);
        var informer = await StartAsync();
        var late = new List<string>();
        informer.AddHandler(InformerHandler<ConfigMap>.ForAny(m => late.Add(m.Metadata.Name)));

        Assert.Equal(["a"], late);
    }

    [Fact]
    public void All_users_of_a_kind_share_one_informer_and_each_selector_has_its_own()
    {
        Assert.Same(_factory.Informer<ConfigMap>(), _factory.Informer<ConfigMap>());
        Assert.NotSame(_factory.Informer<ConfigMap>(), _factory.Informer<ConfigMap>(fieldSelector: "metadata.name=a"));
        Assert.Equal(2, _factory.Count);
    }

    [Fact]
    public async Task A_field_selector_limits_what_is_seen()
    {
        var only = _factory.Informer<ConfigMap>(fieldSelector: "metadata.name=a");
        await StartAsync();
        await _api.CreateAsync(Map("a"), Cancellation);
        await _api.CreateAsync(Map("b"), Cancellation);
        await QuietAsync();

        Assert.Equal(["a"], only.Lister.All().Select(m => m.Metadata.Name));
    }
}
