using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api.Core.V1;
using Coxswain.Api.ServerSideApply;

namespace Coxswain.Api.Tests;

/// <summary>Holds what the codecs may allocate. The figures stand in bench/budgets.json; the benchmark api/codecs shows the present ones.</summary>
public sealed class CodecBudgetTests
{
    private const int Operations = 200;

    public static TheoryData<string, string, long> Budgets
    {
        get
        {
            var result = new TheoryData<string, string, long>();
            foreach (var budget in JsonNode.Parse(File.ReadAllBytes(PathOf("budgets.json")))!["budgets"]!.AsArray())
                result.Add((string)budget!["object"]!, (string)budget["operation"]!, (long)budget["bytes"]!);
            return result;
        }
    }

    [Theory]
    [MemberData(nameof(Budgets))]
    public void A_codec_stays_within_its_budget(string name, string what, long bytes)
    {
        var operation = OperationOf(name, what);

        // The first calls fill the string cache and let the writers' buffers grow.
        for (var i = 0; i < 3; i++)
            operation();

        // The least of several: a collection or another thread's strings in the cache may add to one.
        var least = long.MaxValue;
        for (var i = 0; i < Operations; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            operation();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.InRange(least, 0, bytes);
    }

    private static Action OperationOf(string name, string what)
    {
        ObjectCodec codec = name == "running-pod" ? Pod.Codec : ConfigMap.Codec;
        var json = File.ReadAllBytes(PathOf(name + ".json"));
        var value = codec.ReadJson(json, null);
        var output = new ArrayBufferWriter<byte>(64 * 1024);
        var writer = new Utf8JsonWriter(output, ObjectCodec.WriterOptions);
        codec.WriteProtobuf(output, value);
        var protobuf = output.WrittenSpan.ToArray();
        return what switch
        {
            "read JSON" => () => codec.ReadJson(json, null),
            "read protobuf" => () => codec.ReadProtobuf(protobuf),
            "write JSON" => () =>
            {
                output.ResetWrittenCount();
                writer.Reset();
                codec.WriteJson(writer, value);
                writer.Flush();
            },
            "write protobuf" => () =>
            {
                output.ResetWrittenCount();
                codec.WriteProtobuf(output, value);
            },
            "account for a create" => Create(codec, (IMetadataObject)value),
            _ => throw new ArgumentException("no such operation: " + what),
        };
    }

    private static Action Create(ObjectCodec codec, IMetadataObject value)
    {
        var manager = ManagedFieldsManager.For(codec);
        var json = codec.ToJson(value.WithMetadata(value.Metadata with { ManagedFields = default, CreationTimestamp = null }));
        var write = new FieldWrite { Manager = "m", Time = DateTimeOffset.UnixEpoch };
        return () => manager.Update(default, json, default, default, write);
    }

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "bench", file);
}
