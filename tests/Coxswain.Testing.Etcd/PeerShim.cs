using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Coxswain.Testing.Etcd;

/// <summary>Stands before the peer port of one member and passes on what the network lets through.</summary>
internal sealed class PeerShim : IAsyncDisposable
{
    private readonly PeerNetwork _network;
    private readonly int _member;
    private readonly int _target;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<Task> _connections = [];
    private readonly Task _accepting;

    public PeerShim(PeerNetwork network, int member, int target)
    {
        (_network, _member, _target) = (network, member, target);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                _connections.RemoveWhere(connection => connection.IsCompleted);
                _connections.Add(ServeAsync(socket));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The shim was disposed.
        }
    }

    private async Task ServeAsync(Socket near)
    {
        await Task.Yield();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using (near)
        using (var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            try
            {
                var port = ((IPEndPoint)near.RemoteEndPoint!).Port;
                var from = new Lazy<int?>(() => _network.Owner(port));
                await _network.PassAsync(from, _member, ended.Token);
                await far.ConnectAsync(IPAddress.Loopback, _target, ended.Token);
                near.NoDelay = far.NoDelay = true;
                await Task.WhenAny(PumpAsync(near, far, from, ended.Token), PumpAsync(far, near, from, ended.Token));
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or IOException)
            {
                // One side went away; closing both tells the other.
            }

            await ended.CancelAsync();
        }
    }

    private async Task PumpAsync(Socket source, Socket sink, Lazy<int?> from, CancellationToken cancellation)
    {
        var queue = Channel.CreateBounded<(byte[] Bytes, long Due)>(1024);
        await Task.WhenAny(ReadAsync(source, queue.Writer, cancellation), WriteAsync(sink, queue.Reader, from, cancellation));
    }

    private async Task ReadAsync(Socket source, ChannelWriter<(byte[] Bytes, long Due)> queue, CancellationToken cancellation)
    {
        var buffer = new byte[64 << 10];
        try
        {
            while (await source.ReceiveAsync(buffer, cancellation) is var read and not 0)
                await queue.WriteAsync((buffer[..read], Environment.TickCount64 + (long)_network.Delay.TotalMilliseconds), cancellation);
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // As above.
        }
    }

    private async Task WriteAsync(Socket sink, ChannelReader<(byte[] Bytes, long Due)> queue, Lazy<int?> from, CancellationToken cancellation)
    {
        try
        {
            await foreach (var (bytes, due) in queue.ReadAllAsync(cancellation))
            {
                if (due - Environment.TickCount64 is var wait and > 0)
                    await Task.Delay((int)wait, cancellation);
                await _network.PassAsync(from, _member, cancellation);
                for (var sent = 0; sent < bytes.Length;)
                    sent += await sink.SendAsync(bytes.AsMemory(sent), cancellation);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // As above.
        }
    }
}
