using System.Buffers;
using Coxswain.Api.Core.V1;

namespace Coxswain.Api.Tests.Protobuf;

public sealed class ProtobufWatchEventTests
{
    [Fact]
    public void A_frame_holds_its_length_the_type_and_the_document_as_it_is()
    {
        var output = new ArrayBufferWriter<byte>();
        ProtobufWatchEvent.Write(output, "ADDED", [1, 2, 3]);
        Assert.Equal("0000000e" + "0a054144444544" + "1205" + "0a03010203", Convert.ToHexStringLower(output.WrittenSpan));
    }

    [Fact]
    public void What_was_written_is_read()
    {
        var document = ProtobufEnvelope.ToBytes(Pod.Codec, new Pod { Metadata = new() { Name = "a" } });
        var output = new ArrayBufferWriter<byte>();
        ProtobufWatchEvent.Write(output, "DELETED", document);
        var (type, read) = ProtobufWatchEvent.Read(output.WrittenMemory[ProtobufWatchEvent.HeaderLength..]);
        Assert.Equal("DELETED", type);
        Assert.Equal(document, read.ToArray());
    }
}
