using System.Diagnostics;

namespace Coxswain.Testing.Etcd;

/// <summary>Where the real etcd is: what scripts/etcd.sh unpacked (or the folder in COXSWAIN_ETCD), else the machine's own if it is of that version.</summary>
public static class EtcdBinary
{
    /// <summary>The program of a version ("3.4", "3.5"), or null if it is not here.</summary>
    public static string? Find(string version)
    {
        foreach (var folder in Folders())
        {
            var unpacked = Path.Combine(folder, version, "etcd");
            if (File.Exists(unpacked))
                return unpacked;
        }

        const string Own = "/usr/bin/etcd";
        return File.Exists(Own) && VersionOf(Own).StartsWith(version + ".", StringComparison.Ordinal) ? Own : null;
    }

    /// <summary>Why tests with a version cannot run here; null if they can. For <c>Assert.SkipWhen</c>.</summary>
    public static string? Missing(string version) =>
        Find(version) is null ? $"etcd {version} is not here: scripts/etcd.sh fetches it" : null;

    private static IEnumerable<string> Folders()
    {
        if (Environment.GetEnvironmentVariable("COXSWAIN_ETCD") is { Length: > 0 } named)
            yield return named;
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Coxswain.slnx")))
                yield return Path.Combine(folder, "tools", "etcd");
        }
    }

    private static string VersionOf(string program)
    {
        using var process = Process.Start(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true })!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        const string Label = "etcd Version: ";
        var at = text.IndexOf(Label, StringComparison.Ordinal);
        return at < 0 ? "" : text[(at + Label.Length)..].Split('\n')[0].Trim();
    }
}
