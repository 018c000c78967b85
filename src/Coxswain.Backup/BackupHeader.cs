using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Coxswain.Backup;

/// <summary>What is known of a backup without its secret. With the secret it is known to be true, too.</summary>
public sealed record BackupHeader
{
    public const int FormatVersion = 1;
    internal const string DeflateName = "Deflate";
    internal const string CipherName = "AES-256-GCM";

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The version of Coxswain that made it.</summary>
    public required string Coxswain { get; init; }

    /// <summary>The version of Kubernetes that it served.</summary>
    public required string Kubernetes { get; init; }

    /// <summary>Tells one cluster from another: a fingerprint of its authority.</summary>
    public required string Cluster { get; init; }

    /// <summary>The kind of the store.</summary>
    public required string Store { get; init; }

    /// <summary>The state is as of this revision.</summary>
    public required long Revision { get; init; }

    /// <summary>How many keys of the store there are.</summary>
    public required long Objects { get; init; }

    public required KeyDerivation KeyDerivation { get; init; }

    public string Compression { get; init; } = DeflateName;

    public string Cipher { get; init; } = CipherName;
}

/// <summary>How the keys come from the secret.</summary>
public sealed record KeyDerivation(string Name, int Iterations, byte[] Salt);

/// <summary>That a backup was restored and compared, when, and how long it took.</summary>
public sealed record BackupProof(DateTimeOffset VerifiedAt, TimeSpan Took, long Objects);

/// <summary>The clear beginning of the file.</summary>
internal sealed class BackupPreamble
{
    public const int PrefixBytes = 16;
    public const int ProofBytes = 64;
    public const int HashBytes = 32;
    private const int LargestHeader = 64 << 10;

    private readonly byte[] _proof;
    private readonly byte[] _mac;

    private BackupPreamble(BackupHeader header, byte[] proof, byte[] hash, byte[] mac) => (Header, _proof, Hash, _mac) = (header, proof, hash, mac);

    private static ReadOnlySpan<byte> Magic => "COXSWBAK"u8;

    public BackupHeader Header { get; }

    /// <summary>Of everything but the proof.</summary>
    public byte[] Hash { get; }

    /// <summary>What is claimed of a verification; <see cref="Authenticate"/> tells whether it is true.</summary>
    public BackupProof? Proof => IsZero(_proof) ? null : new(
        DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(BinaryPrimitives.ReadInt64BigEndian(_proof), 0, 253402300799999)),
        TimeSpan.FromMilliseconds(BinaryPrimitives.ReadUInt32BigEndian(_proof.AsSpan(8))), BinaryPrimitives.ReadInt64BigEndian(_proof.AsSpan(12)));

    /// <summary>The bytes that a new file begins with, and the hash that chunks are bound to.</summary>
    public static (byte[] Bytes, byte[] Hash) Write(BackupHeader header, BackupKeys keys)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(header, BackupJson.Default.BackupHeader);
        var bytes = new byte[PrefixBytes + ProofBytes + json.Length + (2 * HashBytes)];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(8), BackupHeader.FormatVersion);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(12), json.Length);
        json.CopyTo(bytes.AsSpan(PrefixBytes + ProofBytes));
        var hash = HashOf(bytes.AsSpan(0, PrefixBytes), json);
        hash.CopyTo(bytes.AsSpan(bytes.Length - (2 * HashBytes)));
        HMACSHA256.HashData(keys.Header, hash).CopyTo(bytes.AsSpan(bytes.Length - HashBytes));
        return (bytes, hash);
    }

    /// <summary>The proof's place in the file, filled.</summary>
    public static byte[] WriteProof(BackupProof proof, BackupKeys keys, byte[] hash)
    {
        var bytes = new byte[ProofBytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, proof.VerifiedAt.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), (uint)Math.Min(uint.MaxValue, proof.Took.TotalMilliseconds));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(12), proof.Objects);
        ProofMac(bytes, keys, hash).CopyTo(bytes.AsSpan(32));
        return bytes;
    }

    /// <exception cref="BackupException">It is not a backup, is damaged or cut off, or of a newer form.</exception>
    public static async Task<BackupPreamble> ReadAsync(Stream file, CancellationToken cancellation)
    {
        var prefix = new byte[PrefixBytes];
        var got = await file.ReadAtLeastAsync(prefix, PrefixBytes, throwOnEndOfStream: false, cancellation);
        if (got < Magic.Length || !prefix.AsSpan(0, Magic.Length).SequenceEqual(Magic))
            throw new BackupException("It is not a backup of Coxswain.");
        if (got < PrefixBytes)
            throw CutOff();
        if (BinaryPrimitives.ReadUInt16BigEndian(prefix.AsSpan(8)) is var version && version != BackupHeader.FormatVersion)
        {
            throw new BackupException(version > BackupHeader.FormatVersion
                ? $"It was made by a newer version (form {version}; this one knows {BackupHeader.FormatVersion}); use that version."
                : "It is damaged: its form has no version.");
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(prefix.AsSpan(12));
        if (prefix[10] != 0 || prefix[11] != 0 || length is <= 0 or > LargestHeader)
            throw new BackupException("It is damaged in its header.");
        var rest = new byte[ProofBytes + length + (2 * HashBytes)];
        if (await file.ReadAtLeastAsync(rest, rest.Length, throwOnEndOfStream: false, cancellation) < rest.Length)
            throw CutOff();

        var json = rest[ProofBytes..^(2 * HashBytes)];
        var hash = HashOf(prefix, json);
        if (!rest.AsSpan(rest.Length - (2 * HashBytes), HashBytes).SequenceEqual(hash))
            throw new BackupException("It is damaged in its header.");
        try
        {
            var header = JsonSerializer.Deserialize(json, BackupJson.Default.BackupHeader)!;
            if (header.Cipher != BackupHeader.CipherName || header.Compression != BackupHeader.DeflateName)
                throw new BackupException($"It was made by a newer version ({header.Cipher}, {header.Compression}); use that version.");
            return new(header, rest[..ProofBytes], hash, rest[^HashBytes..]);
        }
        catch (JsonException e)
        {
            throw new BackupException("It is damaged in its header.", e);
        }
    }

    /// <exception cref="BackupException">The secret is another one, or somebody has changed the proof.</exception>
    public void Authenticate(BackupKeys keys)
    {
        if (!CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(keys.Header, Hash), _mac))
            throw new BackupException($"The {(Header.KeyDerivation.Name == BackupKeys.KeyFile ? "key file" : "passphrase")} is not the one that it was made with.");
        if (!IsZero(_proof) && !CryptographicOperations.FixedTimeEquals(ProofMac(_proof, keys, Hash), _proof.AsSpan(32)))
            throw new BackupException("It is damaged in its header: what it says of its verification is not true.");
    }

    public static BackupException CutOff() => new("It is cut off: a part at its end is missing.");

    private static bool IsZero(byte[] bytes) => bytes.AsSpan().IndexOfAnyExcept((byte)0) < 0;

    private static byte[] ProofMac(byte[] proof, BackupKeys keys, byte[] hash) => HMACSHA256.HashData(keys.Proof, (byte[])[.. hash, .. proof.AsSpan(0, 32)]);

    private static byte[] HashOf(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> json)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(prefix);
        hash.AppendData(json);
        return hash.GetHashAndReset();
    }
}

[JsonSerializable(typeof(BackupHeader))]
[JsonSerializable(typeof(BackupManifest))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class BackupJson : JsonSerializerContext;
