using System.Text.Json;
using System.Text.Json.Serialization;
using Coxswain.Security;

namespace Coxswain.Lifecycle;

/// <summary>How the last backup by schedule went.</summary>
/// <param name="Path">Null: it failed.</param>
public sealed record BackupStatus(DateTimeOffset At, string? Path, string? Error, DateTimeOffset Next)
{
    /// <summary>Null: there was none since the start of the instance.</summary>
    public static BackupStatus? Read(InstanceDirectory directory)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(directory.BackupStatus), BackupStatusJson.Default.BackupStatus);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    public void Write(InstanceDirectory directory) =>
        SecureFile.Write(directory.BackupStatus, JsonSerializer.SerializeToUtf8Bytes(this, BackupStatusJson.Default.BackupStatus));
}

[JsonSerializable(typeof(BackupStatus))]
internal sealed partial class BackupStatusJson : JsonSerializerContext;
