using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Coxswain.ApiServer;
using Coxswain.Backup;
using Coxswain.Lifecycle;
using Coxswain.Security;
using Coxswain.Storage;

namespace Coxswain.Composition;

/// <summary>Makes backups of an instance: what belongs into them, and where they go.</summary>
internal sealed class BackupMaker(ClusterOptions options, IStore store, Func<CancellationToken, Task<StoreReport>> inspect, string version, TimeProvider clock)
{
    /// <summary>What cannot be made anew: authorities and the key of tokens. Other certificates are issued where the backup is restored.</summary>
    private static readonly string[] Pki = ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.key", "sa.pub"];

    /// <summary>The name of the settings in a backup.</summary>
    public const string SettingsFile = "settings.json";

    /// <summary>Tells this cluster from others.</summary>
    public static string ClusterOf(InstanceDirectory directory)
    {
        using var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(directory.Pki, "ca.crt"));
        return Convert.ToHexStringLower(SHA256.HashData(authority.RawData).AsSpan(0, 6));
    }

    public static BackupSecret SecretOf(BackupSecretFile secret) =>
        secret.KeyFile.Length > 0 ? BackupSecret.FromKeyFile(secret.KeyFile) : BackupSecret.FromPassphraseFile(secret.PassphraseFile);

    /// <summary>Makes one, verifies it if so wished, and gives it its name. After a failure nothing is left.</summary>
    /// <exception cref="BackupException">It could not be made; the message says why.</exception>
    public async Task<(string Path, string Summary)> MakeAsync(BackupRequest request, IProgress<PhaseReport> progress, CancellationToken cancellation)
    {
        var secret = SecretOf(request.Secret);
        var final = Prepare(request.Folder);
        var part = Path.Combine(request.Folder, $".{Path.GetFileName(final)}.{Environment.ProcessId}.part");
        var summary = "";
        try
        {
            var phases = new List<Phase> { new("backup", WriteAsync) };
            if (request.Verify)
                phases.Add(new("verify", VerifyAsync));
            await PhaseRunner.RunAsync(phases, progress, clock, cancellation).ConfigureAwait(false);
            File.Move(part, final);
            return (final, $"{final}: {summary}{(request.Verify ? ", verified" : ", not verified")}");
        }
        finally
        {
            File.Delete(part);
        }

        async Task<string?> WriteAsync(CancellationToken token)
        {
            var content = new BackupContent
            {
                Coxswain = version,
                Kubernetes = ServerVersion.GitVersion,
                Cluster = ClusterOf(options.Directory),
                StoreKind = (await inspect(token).ConfigureAwait(false)).Kind,
                Files = CollectFiles(),
            };
            await using var snapshot = await StoreSnapshot.OpenAsync(store, token).ConfigureAwait(false);
            var totals = await BackupFile.WriteAsync(part, secret, content, snapshot, clock, token).ConfigureAwait(false);
            summary = $"{totals.Objects} objects at revision {snapshot.Revision}, {new FileInfo(part).Length / 1024} KiB";
            return summary;
        }

        async Task<string?> VerifyAsync(CancellationToken token)
        {
            var report = await BackupProbe.RunAsync(part, secret, part + ".scratch", clock, token).ConfigureAwait(false);
            return BackupProbe.Sentence(report);
        }
    }

    private string Prepare(string folder)
    {
        try
        {
            if (!Directory.Exists(folder))
                SecureFile.CreateDirectory(folder);
            return BackupFolder.NewPath(folder, clock.GetUtcNow());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"The folder {folder} cannot be made: {e.Message}", e);
        }
    }

    private List<BackupEntryFile> CollectFiles()
    {
        var files = new List<BackupEntryFile>();
        try
        {
            foreach (var name in Pki)
                files.Add(Read("pki/" + name, Path.Combine(options.Directory.Pki, name)));
            foreach (var (name, path) in InstanceSettings.FilesOf(options))
                files.Add(Read(name, path));
            if (File.Exists(options.Directory.Settings))
                files.Add(Read(SettingsFile, options.Directory.Settings));
            return files;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"A file that belongs into the backup cannot be read: {e.Message}", e);
        }

        static BackupEntryFile Read(string name, string path) => new(name, File.GetUnixFileMode(path) & (UnixFileMode)0x1a4, File.ReadAllBytes(path));
    }
}

/// <summary>The verification of a backup with what the API server knows of values.</summary>
internal static class BackupProbe
{
    public static Task<VerificationReport> RunAsync(string path, BackupSecret secret, string scratch, TimeProvider clock, CancellationToken cancellation)
    {
        StoredValues? values = null;
        return BackupVerification.RunAsync(path, secret, scratch, Files, entry => values!.Read(entry.Key, entry.Value) ? ValueVerdict.Readable : ValueVerdict.Opaque, clock, cancellation);

        void Files(string folder)
        {
            foreach (var name in new[] { "ca.crt", "ca.key", "sa.key" })
            {
                if (!File.Exists(Path.Combine(folder, "pki", name)))
                    throw new BackupException($"It holds no pki/{name}.");
            }

            try
            {
                PkiDirectory.Open(Path.Combine(folder, "pki"), clock).Dispose();
                values = new(EncryptionConfigIn(folder), clock);
            }
            catch (Exception e) when (e is PkiException or InvalidDataException)
            {
                throw new BackupException($"What it holds beside the state cannot be used: {e.Message}", e);
            }
        }
    }

    public static string Sentence(VerificationReport report) => FormattableString.Invariant(
        $"{report.Objects} objects restored, read back and compared in {report.Took.TotalSeconds:0.0} s, SHA-256 {report.Hash[..16]}{(report.Opaque > 0 ? $"; {report.Opaque} of them are encrypted with keys that are not here" : "")}");

    private static string EncryptionConfigIn(string folder)
    {
        var files = Path.Combine(folder, "files", "encryption-provider-config");
        return Directory.Exists(files) ? Directory.EnumerateFiles(files).Single() : "";
    }
}
