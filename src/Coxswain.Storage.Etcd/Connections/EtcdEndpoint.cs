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

    /// <summary>Gives the connection up for new calls: those under way on it may end, watches move on.</summary>
    public void Leave()
    {
        Link? link;
        lock (_gate)
            (link, _link) = (_link, null);
        link?.Leave();
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
        private readonly CancellationTokenSource _left = new();
        private Task? _identified;
        private int _calls;

        public GrpcChannel Channel => channel;

        /// <summary>Completes when the member has said which cluster's it is, which is asked once.</summary>
        public Task IdentifyAsync(Func<Link, Task> ask)
        {
            if (_identified is { } known)
                return known;
            lock (_lost)
                return _identified ??= ask(this);
        }

        /// <summary>Nothing on this connection will be answered any more.</summary>
        public CancellationToken Lost => _lost.Token;

        /// <summary>Nothing new belongs on this connection.</summary>
        public CancellationToken Left => _left.Token;

        /// <summary>A call begins; <see cref="End"/> ends it.</summary>
        public void Begin() => Interlocked.Increment(ref _calls);

        /// <summary>A call has ended: the last one on a connection that was left closes it.</summary>
        public void End()
        {
            if (Interlocked.Decrement(ref _calls) == 0 && _left.IsCancellationRequested)
                channel.Dispose();
        }

        /// <summary>The channel closes when the last call on it has ended.</summary>
        public void Leave()
        {
            Begin();
            _left.Cancel();
            End();
        }

        public void Dispose()
        {
            // Not disposed: calls that end just now still look at the tokens, and they hold no timers.
            _left.Cancel();
            _lost.Cancel();
            channel.Dispose();
        }
    }
}
