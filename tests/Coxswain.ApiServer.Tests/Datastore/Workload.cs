using System.Collections.Concurrent;
using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Testing;

namespace Coxswain.ApiServer.Tests.Datastore;

/// <summary>Writers that count up, each in an object of its own, through any of several servers, and watchers that follow. Whatever fails
/// meanwhile: what was acknowledged is there at the end, no object is ever half written, and no watcher misses a number.</summary>
internal sealed class Workload : IAsyncDisposable
{
    private const string Place = "work";
    private readonly IReadOnlyList<IApiClient> _servers;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, int> _acknowledged = new();
    private readonly List<Task> _writers = [];
    private readonly List<Watcher> _watchers = [];
    private int _writes;

    private Workload(IReadOnlyList<IApiClient> servers) => _servers = servers;

    /// <summary>How many writes have been acknowledged.</summary>
    public int Acknowledged => Volatile.Read(ref _writes);

    /// <summary>How often watchers were told that the past is gone, and listed anew.</summary>
    public int Relists => _watchers.Sum(w => w.Relists);

    public static async Task<Workload> StartAsync(int writers, CancellationToken cancellation, params IReadOnlyList<IApiClient> servers)
    {
        var work = new Workload(servers);
        await servers[0].CreateAsync(new Namespace { Metadata = new() { Name = Place } }, cancellation);
        for (var w = 0; w < writers; w++)
            await servers[0].CreateAsync(Numbered($"w{w}", 0), cancellation);
        foreach (var server in servers)
            work._watchers.Add(new(server));
        for (var w = 0; w < writers; w++)
        {
            var (name, first) = ($"w{w}", w);
            work._writers.Add(Task.Run(() => work.WriteAsync(name, first), CancellationToken.None));
        }

        return work;
    }

    /// <summary>Waits until so many more writes have been acknowledged.</summary>
    public async Task GoesOnAsync(int writes, CancellationToken cancellation)
    {
        var goal = Acknowledged + writes;
        await Eventually.TrueAsync(
            () => _writers.Concat(_watchers.Select(w => w.Task)).FirstOrDefault(t => t.IsFaulted) is { } failed
                ? throw failed.Exception!.InnerException!
                : Acknowledged >= goal,
            () => $"{Acknowledged} of {goal} writes", cancellation);
    }

    /// <summary>Ends the writers, lets the watchers see the rest, and checks everything.</summary>
    public async Task EndAsync(CancellationToken cancellation)
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_writers);
        var final = new Dictionary<string, int>();
        foreach (var server in _servers)
        {
            var list = await server.ListAsync<ConfigMap>(new() { Namespace = Place, FieldSelector = "metadata.name!=kube-root-ca.crt" }, cancellation);
            foreach (var map in list.Items)
            {
                var number = Number(map);
                Assert.True(number >= _acknowledged.GetValueOrDefault(map.Metadata.Name), $"{map.Metadata.Name} is at {number}, and {_acknowledged[map.Metadata.Name]} was acknowledged");
                Assert.Equal(final.GetValueOrDefault(map.Metadata.Name, number), number);
                final[map.Metadata.Name] = number;
            }

            Assert.Equal(_writers.Count, list.Items.Count);
        }

        foreach (var watcher in _watchers)
            await Eventually.TrueAsync(() => watcher.Task.IsFaulted || final.All(f => watcher.Seen.GetValueOrDefault(f.Key) == f.Value), cancellation: cancellation);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var watcher in _watchers)
            await watcher.DisposeAsync();
        _watchers.Clear();
        await Task.WhenAll(_writers);
    }

    private async Task WriteAsync(string name, int server)
    {
        while (!_stop.IsCancellationRequested)
        {
            var api = _servers[server++ % _servers.Count];
            try
            {
                var current = await api.GetAsync<ConfigMap>(new(Place, name), CancellationToken.None);
                var next = Number(current) + 1;
                Number(await api.UpdateAsync(Numbered(name, next) with { Metadata = current.Metadata }, CancellationToken.None));
                _acknowledged[name] = next;
                Interlocked.Increment(ref _writes);
            }
            catch (Exception error) when (error is ApiException { Code: 409 or 429 or >= 500 } or HttpRequestException or IOException or TimeoutException or TaskCanceledException)
            {
                // Done or not: the next turn finds out. What was read may have been old, then the write is refused.
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    private static ConfigMap Numbered(string name, int number) => new()
    {
        Metadata = new() { Name = name, Namespace = Place },
        Data = new Dictionary<string, string> { ["a"] = Text(number), ["body"] = new string((char)('a' + (number % 26)), 1024), ["z"] = Text(number) }.ToApiMap(),
    };

    /// <summary>The number of an object, which all of it must be of.</summary>
    private static int Number(ConfigMap map)
    {
        var number = int.Parse(map.Data["a"], CultureInfo.InvariantCulture);
        Assert.Equal(Numbered(map.Metadata.Name, number).Data, map.Data);
        return number;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed class Watcher : IAsyncDisposable
    {
        private readonly IApiClient _api;
        private readonly CancellationTokenSource _stop = new();
        private string _version = "";

        public Watcher(IApiClient api)
        {
            _api = api;
            Task = System.Threading.Tasks.Task.Run(() => FollowAsync(_stop.Token), CancellationToken.None);
        }

        public Task Task { get; }

        public ConcurrentDictionary<string, int> Seen { get; } = new();

        public int Relists { get; private set; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Task;
            _stop.Dispose();
        }

        private async Task FollowAsync(CancellationToken cancellation)
        {
            while (!cancellation.IsCancellationRequested)
            {
                try
                {
                    if (_version.Length == 0)
                        await ListAsync(cancellation);
                    await foreach (var next in _api.WatchAsync<ConfigMap>(new() { Namespace = Place, ResourceVersion = _version }, cancellation))
                    {
                        if (next.Object is not { } map)
                            continue;
                        _version = map.Metadata.ResourceVersion;
                        if (!map.Metadata.Name.StartsWith('w'))
                            continue;
                        // Without a gap: each number follows the one before.
                        var number = Number(map);
                        Assert.Equal(Seen.GetValueOrDefault(map.Metadata.Name, number - 1) + 1, number);
                        Seen[map.Metadata.Name] = number;
                    }
                }
                catch (ApiException gone) when (gone.Code == 410)
                {
                    _version = "";
                    Relists++;
                }
                catch (Exception error) when (error is ApiException or HttpRequestException or IOException or TimeoutException or OperationCanceledException)
                {
                    // The server or its store is away: from the last version on when it is back.
                    await System.Threading.Tasks.Task.Delay(20, CancellationToken.None);
                }
            }
        }

        private async Task ListAsync(CancellationToken cancellation)
        {
            var list = await _api.ListAsync<ConfigMap>(new() { Namespace = Place }, cancellation);
            foreach (var map in list.Items.Where(m => m.Metadata.Name.StartsWith('w')))
            {
                var number = Number(map);
                Assert.True(number >= Seen.GetValueOrDefault(map.Metadata.Name), $"{map.Metadata.Name} went back to {number}");
                Seen[map.Metadata.Name] = number;
            }

            _version = list.ResourceVersion;
        }
    }
}
