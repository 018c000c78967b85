using System.Buffers.Binary;
using Google.Protobuf;

namespace Coxswain.Grpc;

/// <summary>The length-prefixed messages of gRPC: one byte "compressed", four bytes length (big endian), the message.</summary>
internal static class GrpcFraming
{
    public const int PrefixLength = 5;

    public static byte[] Frame<T>(T message, int limit) where T : IMessage<T>
    {
        var size = message.CalculateSize();
        if (size > limit)
            throw new GrpcException(GrpcStatusCode.ResourceExhausted, $"the message to send has {size} bytes, the limit is {limit}");

        var frame = new byte[PrefixLength + size];
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)size);
        message.WriteTo(frame.AsSpan(PrefixLength));
        return frame;
    }

    /// <summary>The next message, or null where the body ends between two messages.</summary>
    public static async ValueTask<T?> ReadAsync<T>(Stream body, MessageParser<T> parser, int limit, CancellationToken cancellation)
        where T : class, IMessage<T>
    {
        var prefix = new byte[PrefixLength];
        var read = await body.ReadAtLeastAsync(prefix, PrefixLength, throwOnEndOfStream: false, cancellation);
        if (read == 0)
            return null;
        if (read < PrefixLength)
            throw new GrpcException(GrpcStatusCode.Internal, "the answer ended inside the prefix of a message");
        if (prefix[0] != 0)
            throw new GrpcException(GrpcStatusCode.Internal, "the answer is compressed, which was not asked for");

        var size = BinaryPrimitives.ReadUInt32BigEndian(prefix.AsSpan(1));
        if (size > (uint)limit)
            throw new GrpcException(GrpcStatusCode.ResourceExhausted, $"the answer has {size} bytes, the limit is {limit}");

        var message = new byte[size];
        if (await body.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false, cancellation) < message.Length)
            throw new GrpcException(GrpcStatusCode.Internal, "the answer ended inside a message");
        try
        {
            return parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new GrpcException(GrpcStatusCode.Internal, "the answer is not a message of the expected type: " + e.Message, e);
        }
    }
}
