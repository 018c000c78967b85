using System.Text.Json;
using System.Text.Json.Serialization;
using Coxswain.Security;

namespace Coxswain.Lifecycle;

/// <summary>What a running instance says of itself, so that other commands find it.</summary>
/// <param name="Pid">The process.</param>
/// <param name="StartTicks">When the kernel started it (field 22 of /proc/PID/stat): tells it from a later process of the same number.</param>
/// <param name="Server">The API server's address.</param>
/// <param name="NodeName">Null where no node runs.</param>
/// <param name="ReadyAt">When everything was ready; null while it is starting.</param>
public sealed record InstanceRecord(
    int Pid, long StartTicks, string Server, string Version, string? NodeName, DateTimeOffset StartedAt, DateTimeOffset? ReadyAt)
{
    /// <summary>The record of the instance of a folder, or null if none was started or it was stopped in order.</summary>
    public static InstanceRecord? Read(InstanceDirectory directory)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(directory.InstanceFile), InstanceJson.Default.InstanceRecord);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException)
        {
            // Written in one step, so this is damage; the lock file still tells whether somebody runs.
            return null;
        }
    }

    public void Write(InstanceDirectory directory) =>
        SecureFile.Write(directory.InstanceFile, JsonSerializer.SerializeToUtf8Bytes(this, InstanceJson.Default.InstanceRecord));

    /// <summary>Whether the very process of this record is alive.</summary>
    public bool IsAlive() => ProcessTable.StartTicks(Pid) == StartTicks;
}

[JsonSerializable(typeof(InstanceRecord))]
[JsonSourceGenerationOptions(WriteIndented = true)]
internal sealed partial class InstanceJson : JsonSerializerContext;
