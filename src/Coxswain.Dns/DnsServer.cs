using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Coxswain.Client;
using Microsoft.Extensions.Logging;

namespace Coxswain.Dns;

/// <summary>Where a DNS server listens and whom it asks.</summary>
public sealed record DnsServerOptions
{
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Where to listen, over UDP and TCP alike; port 0 takes a free one.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Who is asked about names outside the cluster; none: such questions are refused.</summary>
    public IReadOnlyList<IPEndPoint> Upstream { get; init; } = [];

    /// <summary>Who may ask: pods and this machine. A server that passes on anybody's questions is a weapon for others. Empty: everybody.</summary>
    public IReadOnlyList<IPNetwork> Clients { get; init; } = [];
}

/// <summary>The cluster's DNS server: answers for the cluster's names itself and passes on the rest.</summary>
/// <remarks>Questions under way and connections are bounded: beyond, datagrams are dropped (the asker tries again) and connections closed.</remarks>
public sealed partial class DnsServer : IAsyncDisposable
{
    private const int MaxQuestionsUnderWay = 1000;
    private const int MaxConnections = 256;
    private static readonly TimeSpan IdleConnection = TimeSpan.FromSeconds(10);

    private readonly DnsResolver _resolver;
    private readonly TimeProvider _clock;
    private readonly ILogger<DnsServer> _logger;
    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _questions = new(MaxQuestionsUnderWay);
    private readonly SemaphoreSlim _connections = new(MaxConnections);
    private readonly IReadOnlyList<IPNetwork> _clients;
    private readonly Task _loops;

    private DnsServer(DnsServerOptions options, InformerFactory informers, TimeProvider clock, ILogger<DnsServer> logger)
    {
        _clock = clock;
        _logger = logger;
        _clients = options.Clients;
        _resolver = new(new(options.ClusterDomain, informers, clock), new(options.Upstream, clock), new(clock));
        _tcp = new(options.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _udp = new(options.Listen.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            _tcp.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            _tcp.Bind(options.Listen);
            _tcp.Listen(128);
            EndPoint = (IPEndPoint)_tcp.LocalEndPoint!;
            _udp.Bind(EndPoint);
        }
        catch
        {
            _tcp.Dispose();
            _udp.Dispose();
            throw;
        }

        _loops = Task.WhenAll(Task.Run(UdpLoopAsync), Task.Run(TcpLoopAsync));
    }

    /// <summary>Where it really listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Listens at once; until the informers have synced, it denies no name. The caller starts the informers.</summary>
    /// <exception cref="SocketException">The address cannot be had.</exception>
    public static DnsServer Start(DnsServerOptions options, InformerFactory informers, TimeProvider clock, ILogger<DnsServer> logger) =>
        new(options, informers, clock, logger);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _udp.Dispose();
        _tcp.Dispose();
        await _loops.ConfigureAwait(false);
        // Those still under way hold a place each; when all places are free, nobody uses the semaphores any more.
        for (var i = 0; i < MaxQuestionsUnderWay; i++)
            await _questions.WaitAsync().ConfigureAwait(false);
        for (var i = 0; i < MaxConnections; i++)
            await _connections.WaitAsync().ConfigureAwait(false);
        _questions.Dispose();
        _connections.Dispose();
        _stop.Dispose();
    }

    private async Task UdpLoopAsync()
    {
        var buffer = new byte[4096];
        var anybody = new IPEndPoint(_udp.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, anybody, _stop.Token).ConfigureAwait(false);
                if (!MayAsk(received.RemoteEndPoint) || !_questions.Wait(0, CancellationToken.None))
                    continue;
                _ = AnswerDatagramAsync(buffer[..received.ReceivedBytes], received.RemoteEndPoint);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // An asker that has gone away shows up here as a refused connection; the socket itself is well.
                LogSocket(e);
            }
        }
    }

    private async Task AnswerDatagramAsync(byte[] message, EndPoint asker)
    {
        try
        {
            if (await _resolver.AnswerAsync(message, overTcp: false, _stop.Token).ConfigureAwait(false) is { } response)
                await _udp.SendToAsync(response, SocketFlags.None, asker, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // Stopping, or the asker is gone.
        }
        catch (Exception e)
        {
            LogFailed(e);
        }
        finally
        {
            _questions.Release();
        }
    }

    private bool MayAsk(EndPoint? asker) =>
        _clients.Count == 0 || (asker is IPEndPoint { Address: var address } && (IPAddress.IsLoopback(address) || _clients.Any(c => c.Contains(address))));

    private async Task TcpLoopAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var connection = await _tcp.AcceptAsync(_stop.Token).ConfigureAwait(false);
                if (MayAsk(connection.RemoteEndPoint) && _connections.Wait(0, CancellationToken.None))
                    _ = ServeConnectionAsync(connection);
                else
                    connection.Dispose();
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                LogSocket(e);
            }
        }
    }

    private async Task ServeConnectionAsync(Socket connection)
    {
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            var prefix = new byte[2];
            while (true)
            {
                using var idle = new CancellationTokenSource(IdleConnection, _clock);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, _stop.Token);
                await stream.ReadExactlyAsync(prefix, either.Token).ConfigureAwait(false);
                var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
                await stream.ReadExactlyAsync(message, either.Token).ConfigureAwait(false);
                if (await _resolver.AnswerAsync(message, overTcp: true, _stop.Token).ConfigureAwait(false) is not { } response)
                    return;
                var framed = new byte[response.Length + 2];
                BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)response.Length);
                response.CopyTo(framed.AsSpan(2));
                await stream.WriteAsync(framed, either.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // Idle, closed by the other end, or stopping.
        }
        catch (Exception e)
        {
            LogFailed(e);
        }
        finally
        {
            _connections.Release();
        }
    }

    [LoggerMessage(1, LogLevel.Error, "dns: a question was not answered")]
    private partial void LogFailed(Exception error);

    [LoggerMessage(2, LogLevel.Debug, "dns: socket")]
    private partial void LogSocket(Exception error);
}
