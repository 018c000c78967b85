using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;

namespace Coxswain.Node.Images;

/// <summary>Writes an OCI image archive (image-spec 1.0, "Image Layout" in a tar) of one image with one layer.</summary>
/// <remarks>Reproducible: the same files give the same bytes and so the same digests.</remarks>
internal static class OciArchive
{
    public sealed record Image
    {
        /// <summary>The full name the image gets when it is imported.</summary>
        public required string Reference { get; init; }

        /// <summary>A tar of the root file system, not compressed.</summary>
        public required byte[] Layer { get; init; }

        /// <summary>amd64, arm64.</summary>
        public required string Architecture { get; init; }

        public required IReadOnlyList<string> Entrypoint { get; init; }
        public IReadOnlyList<string> Environment { get; init; } = [];
        public string User { get; init; } = "";
    }

    public static void Write(Stream output, Image image)
    {
        using var tar = new TarWriter(output, TarEntryFormat.Ustar, leaveOpen: true);
        Add(tar, "oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray());

        var layer = AddBlob(tar, image.Layer);
        var config = AddBlob(tar, Json(w =>
        {
            w.WriteString("architecture", image.Architecture);
            w.WriteString("os", "linux");
            w.WriteStartObject("config");
            if (image.User.Length > 0)
                w.WriteString("User", image.User);
            WriteList(w, "Env", image.Environment);
            WriteList(w, "Entrypoint", image.Entrypoint);
            w.WriteEndObject();
            w.WriteStartObject("rootfs");
            w.WriteString("type", "layers");
            WriteList(w, "diff_ids", [layer.Digest]);
            w.WriteEndObject();
        }));
        var manifest = AddBlob(tar, Json(w =>
        {
            w.WriteNumber("schemaVersion", 2);
            w.WriteString("mediaType", "application/vnd.oci.image.manifest.v1+json");
            w.WriteStartObject("config");
            WriteDescriptor(w, "application/vnd.oci.image.config.v1+json", config);
            w.WriteEndObject();
            w.WriteStartArray("layers");
            w.WriteStartObject();
            WriteDescriptor(w, "application/vnd.oci.image.layer.v1.tar", layer);
            w.WriteEndObject();
            w.WriteEndArray();
        }));
        Add(tar, "index.json", Json(w =>
        {
            w.WriteNumber("schemaVersion", 2);
            w.WriteStartArray("manifests");
            w.WriteStartObject();
            WriteDescriptor(w, "application/vnd.oci.image.manifest.v1+json", manifest);
            w.WriteStartObject("platform");
            w.WriteString("architecture", image.Architecture);
            w.WriteString("os", "linux");
            w.WriteEndObject();
            w.WriteStartObject("annotations");
            w.WriteString("io.containerd.image.name", image.Reference);
            w.WriteString("org.opencontainers.image.ref.name", image.Reference[(image.Reference.LastIndexOf(':') + 1)..]);
            w.WriteEndObject();
            w.WriteEndObject();
            w.WriteEndArray();
        }));
    }

    /// <summary>A layer of one executable file at the root.</summary>
    public static byte[] SingleFileLayer(string name, byte[] content)
    {
        using var memory = new MemoryStream();
        using (var tar = new TarWriter(memory, TarEntryFormat.Ustar, leaveOpen: true))
            Add(tar, name, content, executable: true);
        return memory.ToArray();
    }

    private readonly record struct Blob(string Digest, long Size);

    private static Blob AddBlob(TarWriter tar, byte[] content)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        Add(tar, "blobs/sha256/" + hash, content);
        return new("sha256:" + hash, content.Length);
    }

    private static void Add(TarWriter tar, string name, byte[] content, bool executable = false)
    {
        const UnixFileMode Read = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
        {
            Mode = executable ? Read | Execute : Read,
            ModificationTime = DateTimeOffset.UnixEpoch,
            DataStream = new MemoryStream(content),
        });
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var memory = new MemoryStream();
        using (var writer = new Utf8JsonWriter(memory))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }
        return memory.ToArray();
    }

    private static void WriteDescriptor(Utf8JsonWriter writer, string mediaType, Blob blob)
    {
        writer.WriteString("mediaType", mediaType);
        writer.WriteString("digest", blob.Digest);
        writer.WriteNumber("size", blob.Size);
    }

    private static void WriteList(Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }
}
