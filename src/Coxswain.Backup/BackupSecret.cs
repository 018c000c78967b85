using System.Security.Cryptography;
using System.Text;

namespace Coxswain.Backup;

/// <summary>What a backup's keys come from: a passphrase, or the content of a key file. Never printed.</summary>
public sealed class BackupSecret
{
    private const int ShortestPassphrase = 8;
    private const int ShortestKey = 32;
    private const int LargestFile = 1 << 20;

    private readonly byte[] _content;

    private BackupSecret(byte[] content, bool isKey) => (_content, IsKey) = (content, isKey);

    /// <summary>Random bytes, which need no slow derivation.</summary>
    public bool IsKey { get; }

    internal ReadOnlySpan<byte> Content => _content;

    /// <summary>The first line of a file.</summary>
    /// <exception cref="BackupException">The file cannot be read, or the passphrase is too short.</exception>
    public static BackupSecret FromPassphraseFile(string path)
    {
        var line = Encoding.UTF8.GetString(Read(path)).Split('\n')[0].TrimEnd('\r');
        return line.Length >= ShortestPassphrase
            ? FromPassphrase(line)
            : throw new BackupException($"The passphrase in {path} is shorter than {ShortestPassphrase} characters.");
    }

    /// <summary>All bytes of a file, such as one made by <c>head -c 32 /dev/urandom</c>.</summary>
    /// <exception cref="BackupException">The file cannot be read, or is too small to be a key.</exception>
    public static BackupSecret FromKeyFile(string path) => Read(path) is { Length: >= ShortestKey } key
        ? new(key, isKey: true)
        : throw new BackupException($"The key file {path} holds fewer than {ShortestKey} bytes; make one with head -c {ShortestKey} /dev/urandom.");

    public static BackupSecret FromPassphrase(string passphrase) => new(Encoding.UTF8.GetBytes(passphrase), isKey: false);

    public override string ToString() => IsKey ? "key file" : "passphrase";

    private static byte[] Read(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > LargestFile })
                throw new BackupException($"{path} is larger than a secret can be.");
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"The secret of the backup cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>The keys of one file.</summary>
internal sealed class BackupKeys
{
    public const string Passphrase = "PBKDF2-HMAC-SHA512";
    public const string KeyFile = "HKDF-SHA512";
    public const int SaltBytes = 32;
    public const int DefaultIterations = 220_000;
    private const int FewestIterations = 1_000;
    private const int MostIterations = 10_000_000;

    private BackupKeys(byte[] master)
    {
        Header = HKDF.Expand(HashAlgorithmName.SHA512, master, 32, "coxswain backup 1 header"u8.ToArray());
        Proof = HKDF.Expand(HashAlgorithmName.SHA512, master, 32, "coxswain backup 1 proof"u8.ToArray());
        Chunks = HKDF.Expand(HashAlgorithmName.SHA512, master, 32, "coxswain backup 1 chunks"u8.ToArray());
        CryptographicOperations.ZeroMemory(master);
    }

    public byte[] Header { get; }
    public byte[] Proof { get; }
    public byte[] Chunks { get; }

    /// <exception cref="BackupException">The parameters are not ones that this version makes, or another kind of secret is needed.</exception>
    public static BackupKeys Derive(BackupSecret secret, KeyDerivation derivation)
    {
        if (derivation.Salt.Length != SaltBytes)
            throw new BackupException("The backup is damaged: its salt has the wrong size.");
        switch (derivation.Name)
        {
            case Passphrase when secret.IsKey:
                throw new BackupException("The backup was made with a passphrase; give it with --passphrase-file.");
            case KeyFile when !secret.IsKey:
                throw new BackupException("The backup was made with a key file; give it with --key-file.");
            case Passphrase when derivation.Iterations is >= FewestIterations and <= MostIterations:
                return new(Rfc2898DeriveBytes.Pbkdf2(secret.Content, derivation.Salt, derivation.Iterations, HashAlgorithmName.SHA512, 64));
            case KeyFile:
                return new(HKDF.Extract(HashAlgorithmName.SHA512, secret.Content.ToArray(), derivation.Salt));
            default:
                throw new BackupException($"The backup is damaged, or of a version that this one does not know: its keys are derived by {derivation.Name} with {derivation.Iterations} iterations.");
        }
    }
}
