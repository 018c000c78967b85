using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Testing.Etcd;

namespace Coxswain.EndToEnd.Tests;

/// <summary>The state moves from the file to etcd and back while clients write and watch.</summary>
public sealed partial class DatastoreStories : IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private readonly Instance _instance = new("datastore", "--no-node", "--bind-address", "127.0.0.1");

    public ValueTask InitializeAsync()
    {
        Repository.RequireExecutable();
        if (EtcdBinary.Missing("3.4") is { } missing)
            Assert.Skip(missing);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await _instance.RemoveAsync();

    [Fact]
    public async Task It_moves_to_etcd_and_back_under_clients_and_restarts_go_where_it_is()
    {
        await using var etcd = await EtcdCluster.StartAsync("3.4", 1, tls: true, cancellation: Cancellation);
        var to = string.Join(',', etcd.Endpoints.Select(e => e.GetLeftPart(UriPartial.Authority)));
        string[] certificates = ["--etcd-cafile", etcd.Tls!.CaFile, "--etcd-certfile", etcd.Tls.CertificateFile, "--etcd-keyfile", etcd.Tls.KeyFile];
        await _instance.UpAsync(Cancellation);

        var there = await MoveAsync([to, .. certificates]);
        Assert.Contains("was left as it was", there, StringComparison.Ordinal);
        await RestartAsync("etcd at ");
        var refused = await _instance.CommandAsync(Cancellation, ["datastore", "migrate", "--to", to, .. certificates]);
        Assert.Contains("already", refused.Error, StringComparison.Ordinal);

        await MoveAsync(["sqlite:"]);
        await RestartAsync("state.db");
        var full = await _instance.CommandAsync(Cancellation, ["datastore", "migrate", "--to", to, .. certificates]);
        Assert.Equal(1, full.ExitCode);
        Assert.Contains("The target is not empty", full.Error, StringComparison.Ordinal);
    }

    private async Task RestartAsync(string place)
    {
        Assert.Equal(0, (await _instance.CommandAsync(Cancellation, "down")).ExitCode);
        Assert.Contains(place, await _instance.UpAsync(Cancellation), StringComparison.Ordinal);
    }

    /// <summary>Moves while clients write and watch; nothing acknowledged is lost, and no version goes back.</summary>
    private async Task<string> MoveAsync(string[] to)
    {
        using var api = new HttpApiClient(KubeConfig.Load(_instance.KubeConfig), TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var acknowledged = new ConcurrentDictionary<string, string>();
        var writers = Enumerable.Range(0, 4).Select(w => WriteAsync(api, w, acknowledged, stop.Token)).ToList();
        var watcher = WatchAsync(api, stop.Token);

        var moved = await Shell.TryAsync(
            Repository.Executable, ["datastore", "migrate", "--data-dir", _instance.DataDir, "--to", .. to], Cancellation, limit: TimeSpan.FromMinutes(5));
        Assert.True(moved.ExitCode == 0, moved.Text + await _instance.LogTailAsync(Cancellation));
        var pause = double.Parse(Pause().Match(moved.Output).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(pause, 0, 5);
        Assert.Contains("are the same on both sides", moved.Output, StringComparison.Ordinal);
        var count = acknowledged.Count;
        while (acknowledged.Count < count + 20)
            await Task.Delay(20, Cancellation);
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await watcher;

        var state = (await api.ListAsync<ConfigMap>(new() { Namespace = "default" }, Cancellation)).Items.ToDictionary(m => m.Metadata.Name);
        Assert.All(acknowledged, written => Assert.Equal(written.Value, state[written.Key].Data.GetValueOrDefault("value")));
        return moved.Output;
    }

    private static async Task WriteAsync(HttpApiClient api, int writer, ConcurrentDictionary<string, string> acknowledged, CancellationToken stop)
    {
        long newest = 0;
        for (var n = 0; !stop.IsCancellationRequested; n++)
        {
            var name = $"w{writer}-{Guid.NewGuid():n}";
            var made = await api.CreateAsync(new ConfigMap { Metadata = new() { Name = name, Namespace = "default" }, Data = ApiMap.Of("value", n.ToString(CultureInfo.InvariantCulture)) }, CancellationToken.None);
            var revision = long.Parse(made.Metadata.ResourceVersion, CultureInfo.InvariantCulture);
            Assert.True(revision > newest, $"{revision} after {newest}");
            newest = revision;
            acknowledged[name] = n.ToString(CultureInfo.InvariantCulture);

            // A busy machine must not keep etcd from ever being level.
            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>Lists, watches, and lists again when told that its version is too old: as every client does.</summary>
    private static async Task WatchAsync(HttpApiClient api, CancellationToken stop)
    {
        long newest = 0;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var list = await api.ListAsync<ConfigMap>(new() { Namespace = "default" }, stop);
                var revision = long.Parse(list.ResourceVersion, CultureInfo.InvariantCulture);
                Assert.True(revision >= newest, $"a list at {revision} after {newest}");
                newest = revision;
                await foreach (var change in api.WatchAsync<ConfigMap>(new() { Namespace = "default", ResourceVersion = list.ResourceVersion }, stop))
                {
                    revision = long.Parse(change.Object.Metadata.ResourceVersion, CultureInfo.InvariantCulture);
                    Assert.True(revision >= newest, $"a change at {revision} after {newest}");
                    newest = revision;
                }
            }
            catch (ApiException e) when (e.Code == 410)
            {
                // The state has moved, or the watch was too slow.
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    [GeneratedRegex(@"writes waited ([\d.]+) s\.")]
    private static partial Regex Pause();
}
