using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Coxswain.Testing.Etcd;

/// <summary>A real etcd cluster of one or three members on the loopback, with its data on the real disk, that can be hurt.</summary>
/// <remarks>Disposing ends the processes that it started and deletes its folder. For one test at a time, but for reads.</remarks>
public sealed class EtcdCluster : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("coxswain-etcd-");
    private readonly List<EtcdMember> _members = [];
    private readonly List<PeerShim> _shims = [];
    private readonly PeerNetwork _network;
    private readonly IReadOnlyList<string> _extra;
    private readonly HttpMessageInvoker _http;

    private EtcdCluster(string program, int members, bool tls, IReadOnlyList<string> extra)
    {
        _extra = extra;
        _network = new(_members);
        Tls = tls ? new(Path.Combine(_folder.FullName, "tls")) : null;
        for (var i = 0; i < members; i++)
        {
            var member = new EtcdMember(program, $"m{i}", _folder.FullName, Tls);
            _members.Add(member);
            member.AdvertisedPeerPort = member.PeerPort;
            if (members == 1)
                continue;
            var shim = new PeerShim(_network, i, member.PeerPort);
            _shims.Add(shim);
            member.AdvertisedPeerPort = shim.Port;
        }

        _http = new(MakeHandler());
        AppDomain.CurrentDomain.ProcessExit += KillAll;
    }

    /// <summary>The members' client addresses, in order.</summary>
    public IReadOnlyList<Uri> Endpoints => [.. _members.Select(member => member.Endpoint)];

    /// <summary>The certificates; null: the cluster speaks plain HTTP.</summary>
    public EtcdTlsFiles? Tls { get; }

    /// <summary>How long each message between members takes; for none by default.</summary>
    public TimeSpan PeerDelay
    {
        get => _network.Delay;
        set => _network.Delay = value;
    }

    /// <summary>The processor time that the running members have used.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            var sum = TimeSpan.Zero;
            foreach (var member in _members.Where(member => member.Running))
            {
                using var process = Process.GetProcessById(member.ProcessId);
                sum += process.TotalProcessorTime;
            }

            return sum;
        }
    }

    /// <summary>The end of the members' logs, for a failure's message.</summary>
    public string Logs => string.Join("\n\n", _members.Select(member => $"{member.Name}:\n{member.Tail()}"));

    /// <summary>Starts a new, empty cluster and waits until it has a leader.</summary>
    /// <param name="version">"3.4" or "3.5"; <see cref="EtcdBinary.Missing"/> says beforehand whether it is here.</param>
    /// <param name="extra">More flags of etcd, for every member.</param>
    public static async Task<EtcdCluster> StartAsync(
        string version, int members = 1, bool tls = false, IReadOnlyList<string>? extra = null, CancellationToken cancellation = default)
    {
        var program = EtcdBinary.Find(version) ?? throw new InvalidOperationException(EtcdBinary.Missing(version));
        var cluster = new EtcdCluster(program, members, tls, extra ?? []);
        try
        {
            for (var i = 0; i < members; i++)
                cluster.StartMember(i);
            await cluster.LeaderAsync(cancellation);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where a member keeps its data.</summary>
    public string DataFolder(int member) => _members[member].DataFolder;

    /// <summary>kill -9.</summary>
    public Task KillAsync(int member) => _members[member].KillAsync();

    /// <summary>SIGSTOP: the process holds its connections and answers nothing.</summary>
    public void Pause(int member) => _members[member].Pause();

    /// <summary>SIGCONT.</summary>
    public void Resume(int member) => _members[member].Resume();

    /// <summary>Starts a member that was killed on what is left of its data, and waits until it answers.</summary>
    public async Task RestartAsync(int member, CancellationToken cancellation = default)
    {
        await _members[member].KillAsync();
        StartMember(member);
        await WaitAsync(async () => await StatusAsync(member, cancellation) is not null, cancellation);
    }

    /// <summary>Cuts a member off from its peers; clients still reach it. What is under way arrives when it is healed.</summary>
    public void Partition(int member) => _network.Isolate(member, true);

    /// <summary>Ends <see cref="Partition"/>.</summary>
    public void Heal(int member) => _network.Isolate(member, false);

    /// <summary>The member on which a majority of the running members agree as the leader. Waits until there is one.</summary>
    public async Task<int> LeaderAsync(CancellationToken cancellation = default)
    {
        var leader = -1;
        await WaitAsync(
            async () =>
            {
                var answers = new List<MemberStatus>();
                for (var i = 0; i < _members.Count; i++)
                {
                    if (await StatusAsync(i, cancellation) is { } status)
                        answers.Add(status);
                }

                var agreed = answers.Where(answer => answer.Leader != 0).GroupBy(answer => answer.Leader).MaxBy(group => group.Count());
                if (agreed is null || agreed.Count() <= _members.Count / 2)
                    return false;
                leader = answers.FirstOrDefault(answer => answer.Id == agreed.Key)?.Member ?? -1;
                return leader >= 0;
            },
            cancellation);
        return leader;
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= KillAll;
        foreach (var member in _members)
            await member.DisposeAsync();
        foreach (var shim in _shims)
            await shim.DisposeAsync();
        _http.Dispose();
        Tls?.Dispose();
        if (Environment.GetEnvironmentVariable("COXSWAIN_KEEP_ETCD") is not { Length: > 0 })
            _folder.Delete(recursive: true);
    }

    private void StartMember(int member) =>
        _members[member].Start(string.Join(',', _members.Select(m => $"{m.Name}={m.AdvertisedPeer.ToString().TrimEnd('/')}")), _extra);

    private void KillAll(object? sender, EventArgs e)
    {
        foreach (var member in _members.Where(member => member.Running))
            Process.GetProcessById(member.ProcessId).Kill();
    }

    private async Task WaitAsync(Func<Task<bool>> condition, CancellationToken cancellation)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(since) > StartLimit)
                throw new TimeoutException("etcd did not come up:\n" + Logs);
            await Task.Delay(20, cancellation);
        }
    }

    // Through etcd's own JSON gateway, so that the tests' view owes nothing to the client that they test.
    private async Task<MemberStatus?> StatusAsync(int member, CancellationToken cancellation)
    {
        if (!_members[member].Running)
            return null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(1));
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_members[member].Endpoint, "/v3/maintenance/status")) { Content = new StringContent("{}") };
            using var response = await _http.SendAsync(request, limit.Token);
            using var body = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(limit.Token));
            return body.RootElement.TryGetProperty("header", out var header)
                ? new(member, Number(header, "member_id"), Number(body.RootElement, "leader"))
                : null;
        }
        catch (Exception error) when (error is HttpRequestException or IOException or JsonException || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    private static ulong Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && ulong.TryParse(value.GetString(), out var number) ? number : 0;

    private SocketsHttpHandler MakeHandler()
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        if (Tls is null)
            return handler;
        var authority = X509CertificateLoader.LoadCertificateFromFile(Tls.CaFile);
        var client = X509Certificate2.CreateFromPemFile(Tls.CertificateFile, Tls.KeyFile);
        handler.SslOptions.ClientCertificates = [client];
        handler.SslOptions.CertificateChainPolicy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { authority },
        };
        return handler;
    }

    private sealed record MemberStatus(int Member, ulong Id, ulong Leader);
}
