using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;

namespace Coxswain.Node.Images;

/// <summary>What an archive of images says about itself, read without unpacking it.</summary>
/// <param name="IsOci">An OCI layout (index.json); else an archive of <c>docker save</c> (manifest.json).</param>
internal sealed record ImageArchive(bool IsOci, IReadOnlyList<ImageArchiveEntry> Entries)
{
    private const long MetadataLimit = 8 * 1024 * 1024;

    /// <summary>Reads the archive's table of contents. Tar, and tar compressed by gzip.</summary>
    /// <exception cref="ImageArchiveException">It is not an archive of images.</exception>
    public static async Task<ImageArchive> ReadAsync(string file, CancellationToken cancellation)
    {
        try
        {
            await using var content = await OpenAsync(file, cancellation);
            await using var tar = new TarReader(content);
            byte[]? index = null, manifest = null;
            while (await tar.GetNextEntryAsync(copyData: false, cancellation) is { } entry)
            {
                switch (entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name)
                {
                    case "index.json":
                        index = await ReadAsync(entry, cancellation);
                        break;
                    case "manifest.json":
                        manifest = await ReadAsync(entry, cancellation);
                        break;
                }
            }
            // Newer versions of docker write both; the index has the digests.
            if (index is not null)
                return new(IsOci: true, FromIndex(index));
            if (manifest is not null)
                return new(IsOci: false, FromManifest(manifest));
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or JsonException
            or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ImageArchiveException($"{file} is not an archive of images: {e.Message}", e);
        }
        throw new ImageArchiveException($"{file} is not an archive of images: it has neither index.json (OCI) nor manifest.json (docker save)");
    }

    /// <summary>The archive's tar, unpacked where it is compressed by gzip.</summary>
    public static async Task<Stream> OpenAsync(string file, CancellationToken cancellation)
    {
        var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
        var start = new byte[4];
        var read = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellation);
        stream.Position = 0;
        if (read >= 4 && start is [0x28, 0xb5, 0x2f, 0xfd])
        {
            await stream.DisposeAsync();
            throw new ImageArchiveException($"{file} is compressed by zstd; unpack it first: zstd -d {file}");
        }
        return read >= 2 && start is [0x1f, 0x8b, ..] ? new GZipStream(stream, CompressionMode.Decompress) : stream;
    }

    private static async Task<byte[]> ReadAsync(TarEntry entry, CancellationToken cancellation)
    {
        if (entry.Length > MetadataLimit || entry.DataStream is null)
            throw new InvalidDataException($"{entry.Name} has {entry.Length} bytes");
        var content = new byte[entry.Length];
        await entry.DataStream.ReadExactlyAsync(content, cancellation);
        return content;
    }

    private static List<ImageArchiveEntry> FromIndex(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        var entries = new List<ImageArchiveEntry>();
        foreach (var manifest in document.RootElement.GetProperty("manifests").EnumerateArray())
        {
            var full = Annotation(manifest, "io.containerd.image.name");
            var name = full ?? Annotation(manifest, "org.opencontainers.image.ref.name");
            entries.Add(new(manifest.GetProperty("digest").GetString()!, name is null ? [] : [name]));
        }
        return entries;
    }

    private static List<ImageArchiveEntry> FromManifest(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        var entries = new List<ImageArchiveEntry>();
        foreach (var image in document.RootElement.EnumerateArray())
        {
            var names = image.TryGetProperty("RepoTags", out var tags) && tags.ValueKind == JsonValueKind.Array
                ? tags.EnumerateArray().Select(t => t.GetString()!).ToArray()
                : [];
            entries.Add(new(null, names));
        }
        return entries;
    }

    private static string? Annotation(JsonElement manifest, string name) =>
        manifest.TryGetProperty("annotations", out var annotations) && annotations.TryGetProperty(name, out var value) ? value.GetString() : null;
}

/// <param name="Digest">Of the manifest; null where the archive does not tell (docker save).</param>
/// <param name="Names">As the archive writes them: full, short, or merely a tag.</param>
internal sealed record ImageArchiveEntry(string? Digest, IReadOnlyList<string> Names);
