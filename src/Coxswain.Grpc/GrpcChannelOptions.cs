using System.Net.Security;

namespace Coxswain.Grpc;

/// <summary>How a channel connects and what it is willing to take in.</summary>
public sealed record GrpcChannelOptions
{
    /// <summary>How long one attempt to connect may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The largest message accepted from the server; a larger one ends the call with ResourceExhausted before it is read.</summary>
    public int MaxReceiveMessageSize { get; init; } = 16 * 1024 * 1024;

    /// <summary>The largest message sent; a larger one is refused before anything is written.</summary>
    public int MaxSendMessageSize { get; init; } = 16 * 1024 * 1024;

    /// <summary>Trust and client certificate for an https address; unused otherwise.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>Sent with every call, for instance an authorization token.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>The clock of the deadlines.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
