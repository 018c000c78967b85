using Google.Protobuf;

namespace Coxswain.Grpc;

/// <summary>One method of a service: its path on the wire and how its answers are read.</summary>
public sealed class GrpcMethod<TRequest, TResponse>(string service, string name, MessageParser<TResponse> parser)
    where TRequest : IMessage<TRequest>
    where TResponse : IMessage<TResponse>
{
    public string Path { get; } = $"/{service}/{name}";

    public MessageParser<TResponse> Parser { get; } = parser;

    public override string ToString() => Path;
}
