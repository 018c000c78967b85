using Coxswain.Grpc;

namespace Coxswain.Storage.Etcd.Connections;

/// <summary>One member's client address, with the connection to it.</summary>
internal sealed class EtcdEndpoint(Uri address, EtcdTls tls, EtcdStoreOptions options, TimeProvider clock) : IDisposable
{
    // A member that has no leader ends our calls and watches instead of letting them wait: it may be cut off from the others.
    private static readonly Dictionary<string, string> RequireLeader = new() { ["hasleader"] = "true" };

    private readonly Lock _gate = new();
    private Link? _link;

    public Uri Address => address;

    /// <summary>A connection of which nobody but the caller knows, for work that a member without a leader does as well.</summary>
    public GrpcChannel Open() => GrpcChannel.ForAddress(address, Options([]));

    /// <summary>The connection, and the token that ends with it.</summary>
    public Link Connect()
    {
        lock (_gate)
            return _link ??= new(GrpcChannel.ForAddress(address, Options(RequireLeader)));
    }

    /// <summary>Gives a connection up, and everything under way on it; the next call makes another.</summary>
    public void Drop(Link link)
    {
        lock (_gate)
        {
            if (_link != link)
                return;
            _link = null;
        }

        link.Dispose();
    }

    public void Dispose()
    {
        Link? link;
        lock (_gate)
            (link, _link) = (_link, null);
        link?.Dispose();
    }

    private GrpcChannelOptions Options(Dictionary<string, string> headers) => new()
    {
        Tls = tls.For(address),
        Headers = headers,
        Clock = clock,
        ConnectTimeout = options.ProbeTimeout,
        MaxReceiveMessageSize = Math.Max(64 << 20, options.PageBytes * 4),
        MaxSendMessageSize = 64 << 20,
    };

    internal sealed class Link(GrpcChannel channel) : IDisposable
    {
        private readonly CancellationTokenSource _lost = new();

        public GrpcChannel Channel => channel;

        public CancellationToken Lost => _lost.Token;

        public void Dispose()
        {
            // Not disposed: calls that end just now still look at its token, and it holds no timer.
            _lost.Cancel();
            channel.Dispose();
        }
    }
}
