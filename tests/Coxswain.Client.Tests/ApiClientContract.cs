using System.Text;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Testing.Cluster;

namespace Coxswain.Client.Tests;

/// <summary>What every <see cref="IApiClient"/> does, over a whole API server.</summary>
public abstract class ApiClientContract : IAsyncLifetime
{
    private static readonly NamespacedName Name = new("default", "m");

    protected TestCluster Cluster { get; private set; } = null!;
    protected IApiClient Api { get; private set; } = null!;
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected abstract IApiClient Open();

    public async ValueTask InitializeAsync()
    {
        Cluster = await TestCluster.StartAsync(Cancellation);
        Api = Open();
    }

    public async ValueTask DisposeAsync()
    {
        (Api as IDisposable)?.Dispose();
        await Cluster.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private Task<ConfigMap> CreateAsync(string name = "m", string app = "x") => Api.CreateAsync(new ConfigMap
    {
        Metadata = new() { Namespace = "default", Name = name, Labels = ApiMap.Of("app", app) },
        Data = ApiMap.Of("k", "1"),
    }, Cancellation);

    [Fact]
    public async Task An_object_is_created_read_changed_and_deleted()
    {
        var made = await CreateAsync();
        Assert.NotEmpty(made.Metadata.Uid);
        Assert.Equal(made, await Api.GetAsync<ConfigMap>(Name, Cancellation));
        var changed = await Api.UpdateAsync(made with { Data = ApiMap.Of("k", "2") }, Cancellation);
        Assert.NotEqual(made.Metadata.ResourceVersion, changed.Metadata.ResourceVersion);
        Assert.Equal(409, (await Assert.ThrowsAsync<ApiException>(() => Api.UpdateAsync(made with { Data = ApiMap.Of("k", "3") }, Cancellation))).Code);
        await Api.DeleteAsync<ConfigMap>(Name, new() { Preconditions = new() { Uid = made.Metadata.Uid } }, Cancellation);
        Assert.Null(await Api.FindAsync<ConfigMap>(Name, Cancellation));
        Assert.Equal("NotFound", (await Assert.ThrowsAsync<ApiException>(() => Api.GetAsync<ConfigMap>(Name, Cancellation))).Reason);
        Assert.Equal(404, (await Assert.ThrowsAsync<ApiException>(() => Api.DeleteAsync<ConfigMap>(Name, null, Cancellation))).Code);
    }

    [Fact]
    public async Task Refusals_say_what_is_wrong_and_where()
    {
        await CreateAsync();
        Assert.Equal("AlreadyExists", (await Assert.ThrowsAsync<ApiException>(() => CreateAsync())).Reason);
        var invalid = await Assert.ThrowsAsync<ApiException>(() => CreateAsync("Not A Name"));
        Assert.Equal((422, "Invalid"), (invalid.Code, invalid.Reason));
        Assert.Contains(invalid.Status.Details!.Causes, c => c.Field == "metadata.name");
        var precondition = await Assert.ThrowsAsync<ApiException>(() =>
            Api.DeleteAsync<ConfigMap>(Name, new() { Preconditions = new() { Uid = "another" } }, Cancellation));
        Assert.Equal(409, precondition.Code);
    }

    [Fact]
    public async Task Lists_select_and_come_in_pages()
    {
        foreach (var name in (string[])["a", "b", "c"])
            await CreateAsync(name, name == "c" ? "y" : "x");
        var selected = await Api.ListAsync<ConfigMap>(new() { Namespace = "default", LabelSelector = "app=x" }, Cancellation);
        Assert.Equal(["a", "b"], selected.Items.Select(m => m.Metadata.Name));
        var byField = await Api.ListAsync<ConfigMap>(new() { Namespace = "default", FieldSelector = "metadata.name=b" }, Cancellation);
        Assert.Equal(["b"], byField.Items.Select(m => m.Metadata.Name));
        var first = await Api.ListAsync<ConfigMap>(new() { Namespace = "default", LabelSelector = "app", Limit = 2 }, Cancellation);
        var second = await Api.ListAsync<ConfigMap>(new() { Namespace = "default", LabelSelector = "app", Limit = 2, Continue = first.Continue }, Cancellation);
        Assert.Equal(["a", "b", "c"], first.Items.Concat(second.Items).Select(m => m.Metadata.Name));
        Assert.Equal((first.ResourceVersion, ""), (second.ResourceVersion, second.Continue));
    }

    [Fact]
    public async Task A_watch_tells_of_every_change_after_its_version_in_order()
    {
        var before = (await Api.ListAsync<ConfigMap>(new() { Namespace = "default" }, Cancellation)).ResourceVersion;
        var made = await CreateAsync();
        await Api.UpdateAsync(made with { Data = ApiMap.Of("k", "2") }, Cancellation);
        await Api.DeleteAsync<ConfigMap>(Name, null, Cancellation);
        var seen = new List<(WatchEventType, string)>();
        await foreach (var change in Api.WatchAsync<ConfigMap>(new() { Namespace = "default", ResourceVersion = before }, Cancellation))
        {
            if (change.Type != WatchEventType.Bookmark)
                seen.Add((change.Type, change.Object.Data["k"]));
            if (seen.Count == 3)
                break;
        }
        Assert.Equal([(WatchEventType.Added, "1"), (WatchEventType.Modified, "2"), (WatchEventType.Deleted, "2")], seen);
    }

    [Fact]
    public async Task A_watch_waits_for_what_comes_and_ends_when_it_is_cancelled()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var since = (await Api.ListAsync<ConfigMap>(new() { Namespace = "default" }, Cancellation)).ResourceVersion;
        await using var watch = Api.WatchAsync<ConfigMap>(new() { Namespace = "default", ResourceVersion = since, AllowBookmarks = false }, stop.Token).GetAsyncEnumerator(stop.Token);
        var next = watch.MoveNextAsync();
        await CreateAsync();
        Assert.True(await next);
        Assert.Equal("m", watch.Current.Object.Metadata.Name);
        var never = watch.MoveNextAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await never);
    }

    [Fact]
    public async Task Patches_of_every_kind_change_what_they_name()
    {
        await CreateAsync();
        Assert.Equal("2", (await Api.PatchAsync<ConfigMap>(Name, Patch.Merge("""{"data":{"k":"2"}}"""), Cancellation)).Data["k"]);
        Assert.Equal("3", (await Api.PatchAsync<ConfigMap>(Name, Patch.StrategicMerge("""{"data":{"k":"3"}}"""), Cancellation)).Data["k"]);
        var json = Encoding.UTF8.GetBytes("""[{"op":"replace","path":"/data/k","value":"4"}]""");
        Assert.Equal("4", (await Api.PatchAsync<ConfigMap>(Name, Patch.Json(json), Cancellation)).Data["k"]);
        var apply = Encoding.UTF8.GetBytes("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m","namespace":"default"},"data":{"k":"5"}}""");
        Assert.Equal(409, (await Assert.ThrowsAsync<ApiException>(() => Api.PatchAsync<ConfigMap>(Name, Patch.Apply(apply, "me"), Cancellation))).Code);
        Assert.Equal("5", (await Api.PatchAsync<ConfigMap>(Name, Patch.Apply(apply, "me", force: true), Cancellation)).Data["k"]);
    }

    [Fact]
    public async Task Status_is_a_part_of_its_own()
    {
        var made = await Api.CreateAsync(new Node { Metadata = new() { Name = "n" } }, Cancellation);
        var updated = await Api.UpdateStatusAsync(made with
        {
            Spec = made.Spec with { Unschedulable = true },
            Status = made.Status with { Conditions = [new() { Type = "Ready", Status = "True" }] },
        }, Cancellation);
        Assert.Equal("True", Assert.Single(updated.Status.Conditions).Status);
        Assert.False(updated.Spec.Unschedulable);
    }

    [Fact]
    public async Task Subresources_take_and_give_kinds_of_their_own()
    {
        await Api.CreateAsync(new ServiceAccount { Metadata = new() { Namespace = "default", Name = "robot" } }, Cancellation);
        var request = await Api.CreateSubresourceAsync<ServiceAccount, TokenRequest, TokenRequest>(new("default", "robot"), "token",
            new() { Spec = new() { ExpirationSeconds = 3600 } }, Cancellation);
        Assert.NotEmpty(request.Status.Token);
    }

    [Fact]
    public async Task Objects_can_be_handled_by_metadata_alone()
    {
        var made = await CreateAsync();
        var maps = ConfigMap.Descriptor.Resource;
        var found = await Api.FindPartialAsync(maps, Name, Cancellation);
        Assert.Equal(made.Metadata.Uid, found!.Metadata.Uid);
        Assert.Null(await Api.FindPartialAsync(maps, new("default", "none"), Cancellation));
        var list = await Api.ListPartialAsync(maps, new() { Namespace = "default", LabelSelector = "app=x" }, Cancellation);
        Assert.Equal(["m"], list.Items.Select(m => m.Metadata.Name));
        var patched = await Api.PatchPartialAsync(maps, Name, Patch.Merge("""{"metadata":{"finalizers":["example.com/hold"]}}"""), Cancellation);
        Assert.Equal(["example.com/hold"], patched.Metadata.Finalizers);
        await Api.DeletePartialAsync(maps, Name, new() { PropagationPolicy = DeletionPropagation.Background }, Cancellation);
        await foreach (var change in Api.WatchPartialAsync(maps, new() { Namespace = "default", ResourceVersion = list.ResourceVersion }, Cancellation))
        {
            if (change.Type == WatchEventType.Modified && change.Object.Metadata.DeletionTimestamp is not null)
                break;
        }
        await Api.PatchPartialAsync(maps, Name, Patch.Merge("""{"metadata":{"finalizers":null}}"""), Cancellation);
        Assert.Null(await Api.FindPartialAsync(maps, Name, Cancellation));
        await CreateAsync("one");
        await CreateAsync("two");
        await Api.DeleteCollectionPartialAsync(maps, new() { Namespace = "default", LabelSelector = "app=x" }, null, Cancellation);
        Assert.DoesNotContain((await Api.ListPartialAsync(maps, new() { Namespace = "default" }, Cancellation)).Items, m => m.Metadata.Name is "one" or "two");
    }

    [Fact]
    public async Task Discovery_names_every_resource_with_its_kind_scope_and_verbs()
    {
        var served = await Api.ServerResourcesAsync(Cancellation);
        var pods = served.Single(r => r.Resource == Pod.Descriptor.Resource);
        Assert.Equal(("Pod", true), (pods.Kind, pods.Namespaced));
        Assert.True(pods.Supports("deletecollection"));
        Assert.False(served.Single(r => r.Resource == Node.Descriptor.Resource).Namespaced);
        Assert.Equal(ResourceTable.All.Select(d => d.Resource.ToString()).Order(), served.Select(r => r.Resource.ToString()).Where(r => !r.Contains("metrics", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task An_informer_follows_a_server_through_everything()
    {
        await using var factory = new InformerFactory(Api, TimeProvider.System);
        var informer = factory.Informer<ConfigMap>(ns: "default");
        factory.Start();
        await factory.WaitForSyncAsync(Cancellation);
        await CreateAsync();
        await Testing.Eventually.TrueAsync(() => informer.Lister.Find(Name) is not null, cancellation: Cancellation);
        await Api.DeleteAsync<ConfigMap>(Name, null, Cancellation);
        await Testing.Eventually.TrueAsync(() => informer.Lister.Find(Name) is null, cancellation: Cancellation);
    }
}

public sealed class LoopbackContractTests : ApiClientContract
{
    protected override IApiClient Open() => Cluster.Admin;
}

public sealed class HttpContractTests : ApiClientContract
{
    protected override IApiClient Open() => new HttpApiClient(new()
    {
        Server = Cluster.Address,
        AuthorityPem = Cluster.Authority.ExportCertificatePem(),
        Token = TestCluster.AdminToken,
    }, TimeProvider.System);
}

public sealed class HttpProtobufContractTests : ApiClientContract
{
    protected override IApiClient Open() => new HttpApiClient(new()
    {
        Server = Cluster.Address,
        AuthorityPem = Cluster.Authority.ExportCertificatePem(),
        Token = TestCluster.AdminToken,
        Protobuf = true,
    }, TimeProvider.System);
}
