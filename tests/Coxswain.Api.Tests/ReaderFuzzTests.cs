using System.Text;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.Core.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Api.Tests;

/// <summary>Whatever bytes come, a reader gives an object or throws a DecodeException, and soon.</summary>
public sealed class ReaderFuzzTests
{
    private const int Runs = 1500;

    // What makes a difference to a reader is more likely to find a fault than any byte.
    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\ud800", "null", "true", "0", "-", "1e999", "99999999999999999999", " ", "\n", "\t", "- ", "? ",
        "&a ", "*a", "<<: ", "!!binary ", "|", ">", "'", "#", "---\n", "...\n", "%YAML 1.1\n", "\0", "\u00ff", "metadata", "a: ", "\r\n", "!", "@", "`", "\ufeff",
    ];

    [Fact]
    public void Mutated_json_is_read_or_refused() => Check(
        [.. Samples().Select(s => s.Json)],
        bytes =>
        {
            foreach (var codec in Codecs)
                Accepts(() => codec.ReadJson(bytes, new DecodeReport()));
        });

    [Fact]
    public void Mutated_protobuf_is_read_or_refused() => Check(
        [.. Samples().Select(s => s.Protobuf)],
        bytes =>
        {
            foreach (var codec in Codecs)
                Accepts(() => codec.ReadProtobuf(bytes));
            Accepts(() => ProtobufEnvelope.Read(bytes));
            Accepts(() => ProtobufWatchEvent.Read(bytes));
        });

    [Fact]
    public void Mutated_yaml_is_read_or_refused() => Check(
        [.. Samples().Select(s => Encoding.UTF8.GetBytes(YamlConverter.FromJson(s.Json))), "a: &x [1, {b: *y}]\nc: |\n  text\n<<: {d: 'e'}\n"u8.ToArray()],
        bytes => Accepts(() => YamlConverter.ToJson(bytes, new DecodeReport())));

    [Fact]
    public void What_was_read_from_mutated_protobuf_can_be_written_and_read_as_json() => Check(
        [.. Samples().Select(s => s.Protobuf)],
        bytes =>
        {
            foreach (var codec in Codecs)
            {
                IKubernetesObject value;
                try
                {
                    value = codec.ReadProtobuf(bytes);
                }
                catch (DecodeException)
                {
                    continue;
                }
                codec.ReadJson(codec.ToJson(value), null);
            }
        });

    private static ObjectCodec[] Codecs => [Pod.Codec, ConfigMap.Codec, CustomResourceDefinition.Codec];

    private static (byte[] Json, byte[] Protobuf)[] Samples() =>
    [
        .. Codecs.Select(codec =>
        {
            var json = Encoding.UTF8.GetBytes(SampleDocument.Of(codec.Schema).ToJsonString(TestJson.Options));
            var envelope = ProtobufEnvelope.ToBytes(codec, codec.ReadJson(json, null));
            return (json, ProtobufEnvelope.Read(envelope).Message.ToArray());
        }),
    ];

    private static void Accepts(Action read)
    {
        try
        {
            read();
        }
        catch (DecodeException)
        {
            // The one exception that a reader may throw.
        }
    }

    private static void Check(byte[][] samples, Action<byte[]> read)
    {
        var edit = from at in Gen.Choose(0, int.MaxValue)
                   from kind in Gen.Choose(0, 5)
                   from value in Gen.Choose(0, 255)
                   from piece in Gen.Elements(Pieces)
                   select (at, kind, value, piece);
        var bytes = from sample in Gen.Elements(samples)
                    from edits in Gen.NonEmptyListOf(edit)
                    select edits.Take(12).Aggregate(sample, (b, e) => Apply(b, e.at, e.kind, e.value, e.piece));
        var junk = from edits in Gen.ListOf(edit)
                   select edits.Aggregate(Array.Empty<byte>(), (b, e) => Apply(b, e.at, 5, e.value, e.piece));
        var all = Gen.Frequency((5, bytes), (1, junk));
        Prop.ForAll(Arb.From(all), read).Check(Config.QuickThrowOnFailure.WithMaxTest(Runs));
    }

    private static byte[] Apply(byte[] bytes, int at, int kind, int value, string piece)
    {
        at %= bytes.Length + 1;
        var end = Math.Min(bytes.Length, at + 1 + (value % 40));
        return kind switch
        {
            0 => bytes[..at],
            1 => [.. bytes[..at], .. bytes[end..]],
            2 => [.. bytes[..end], .. bytes[at..]],
            3 when at < bytes.Length => [.. bytes[..at], (byte)value, .. bytes[(at + 1)..]],
            4 => [.. bytes[..at], (byte)value, .. bytes[at..]],
            _ => [.. bytes[..at], .. Encoding.UTF8.GetBytes(piece), .. bytes[at..]],
        };
    }
}
