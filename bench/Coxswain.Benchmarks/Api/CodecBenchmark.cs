using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Benchmarks.Api;

/// <summary>Reading and writing one object on one thread: time and allocated bytes of each operation.</summary>
internal static class CodecBenchmark
{
    private const int Rounds = 20;
    private const int Operations = 5_000;

    public static Task RunAsync()
    {
        Console.WriteLine("| object | operation | time | allocated |");
        Console.WriteLine("|---|---|---|---|");
        Measure("running-pod", Pod.Codec);
        Measure("config-map", ConfigMap.Codec);
        return Task.CompletedTask;
    }

    private static void Measure(string name, ObjectCodec codec)
    {
        var json = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Api", name + ".json"));
        var value = codec.ReadJson(json, null);
        var output = new ArrayBufferWriter<byte>();
        codec.WriteProtobuf(output, value);
        var protobuf = output.WrittenSpan.ToArray();
        using var writer = new Utf8JsonWriter(output, ObjectCodec.WriterOptions);

        Measure($"{name} ({json.Length} B)", "read JSON", () => codec.ReadJson(json, null));
        Measure($"{name} ({json.Length} B)", "read JSON strictly", () => codec.ReadJson(json, new DecodeReport()));
        Measure($"{name} ({json.Length} B)", "write JSON", () =>
        {
            output.ResetWrittenCount();
            writer.Reset();
            codec.WriteJson(writer, value);
            writer.Flush();
        });
        Measure($"{name} ({protobuf.Length} B)", "read protobuf", () => codec.ReadProtobuf(protobuf));
        Measure($"{name} ({protobuf.Length} B)", "write protobuf", () =>
        {
            output.ResetWrittenCount();
            codec.WriteProtobuf(output, value);
        });
    }

    /// <summary>The best of several rounds: what the code needs when nothing else runs.</summary>
    private static void Measure(string name, string what, Action operation)
    {
        var best = double.MaxValue;
        long allocated = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Operations; i++)
                operation();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds / Operations);
            allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / Operations;
        }
        Console.WriteLine($"| {name} | {what} | {best:0.00} us | {allocated} B |");
    }
}
