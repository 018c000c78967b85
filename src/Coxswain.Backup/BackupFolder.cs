using System.Globalization;

namespace Coxswain.Backup;

/// <summary>A backup of a folder, or what is wrong with the file.</summary>
public sealed record BackupSummary(string Path, long Bytes, BackupHeader? Header, BackupProof? Proof, string? Problem)
{
    public string Name => System.IO.Path.GetFileName(Path);
}

/// <summary>The backups of one folder.</summary>
public static class BackupFolder
{
    /// <summary>A name that sorts by time and is not there yet.</summary>
    public static string NewPath(string folder, DateTimeOffset now)
    {
        var name = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        for (var number = 1; ; number++)
        {
            var path = Path.Combine(folder, number == 1 ? name + BackupFile.Extension : $"{name}-{number}{BackupFile.Extension}");
            if (!File.Exists(path))
                return path;
        }
    }

    /// <summary>The backups of a folder, the newest first. Needs no secret.</summary>
    public static async Task<IReadOnlyList<BackupSummary>> ListAsync(string folder, CancellationToken cancellation)
    {
        if (!Directory.Exists(folder))
            throw new BackupException($"There is no folder {folder}.");
        var found = new List<BackupSummary>();
        foreach (var path in Directory.EnumerateFiles(folder, "*" + BackupFile.Extension))
        {
            var bytes = new FileInfo(path).Length;
            try
            {
                var (header, proof) = await BackupFile.ReadHeaderAsync(path, cancellation);
                found.Add(new(path, bytes, header, proof, null));
            }
            catch (BackupException e)
            {
                found.Add(new(path, bytes, null, null, e.Message));
            }
        }

        return [.. found.OrderByDescending(b => b.Header?.CreatedAt ?? DateTimeOffset.MinValue).ThenByDescending(b => b.Path, StringComparer.Ordinal)];
    }

    /// <summary>Which backups of a cluster go when so many are kept: the oldest, but never the newest verified one. Files that are not
    /// its backups are left alone.</summary>
    public static IReadOnlyList<BackupSummary> Surplus(IReadOnlyList<BackupSummary> newestFirst, string cluster, int keep)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(keep);
        var ours = newestFirst.Where(b => b.Header?.Cluster == cluster).ToList();
        var proven = ours.FirstOrDefault(b => b.Proof is not null);
        return [.. ours.Skip(keep).Where(b => b != proven)];
    }
}
