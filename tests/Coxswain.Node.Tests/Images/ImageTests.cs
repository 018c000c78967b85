using System.Buffers.Binary;
using System.Diagnostics;
using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Coxswain.Node.Host;
using Coxswain.Node.Images;

namespace Coxswain.Node.Tests.Images;

public sealed class ImageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-image-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(Architecture.X64, 62)]
    [InlineData(Architecture.Arm64, 183)]
    public void The_sandbox_program_is_an_executable_of_one_segment(Architecture architecture, int machine)
    {
        var file = PauseProgram.Build(architecture);

        Assert.Equal([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1], file[..7]);
        Assert.Equal(machine, BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(18)));
        Assert.Equal(0x400000UL + 176, BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(24)));
        Assert.Equal((ulong)file.Length, BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(64 + 32)));
        // SIGINT, SIGTERM, SIGCHLD; the code refers to them relative to itself, at a multiple of eight.
        Assert.Equal(0x14002UL, BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(file.Length - 8)));
        Assert.Equal(0, file.Length % 8);
    }

    [Fact]
    public async Task The_sandbox_program_sleeps_until_it_is_told_to_end()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.OSArchitecture is Architecture.X64 or Architecture.Arm64, "there is no program for this machine");
        var path = Path.Combine(_folder, "pause");
        await File.WriteAllBytesAsync(path, PauseProgram.Build(RuntimeInformation.OSArchitecture), Cancellation);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        using var process = Process.Start(path);
        Assert.False(process.WaitForExit(TimeSpan.FromMilliseconds(100)));
        NativeMethods.Signal(process.Id, NativeMethods.SignalTerminate);
        await process.WaitForExitAsync(Cancellation);

        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task An_archive_is_reproducible_and_each_blob_has_the_digest_of_its_name()
    {
        using var first = new MemoryStream();
        using var second = new MemoryStream();
        PauseImage.Write(first, Architecture.Arm64);
        PauseImage.Write(second, Architecture.Arm64);

        Assert.Equal(first.ToArray(), second.ToArray());
        first.Position = 0;
        await using var tar = new TarReader(first);
        var blobs = 0;
        while (await tar.GetNextEntryAsync(copyData: true, Cancellation) is { } entry)
        {
            if (!entry.Name.StartsWith("blobs/sha256/", StringComparison.Ordinal))
                continue;
            Assert.Equal(entry.Name["blobs/sha256/".Length..], Convert.ToHexStringLower(await SHA256.HashDataAsync(entry.DataStream!, Cancellation)));
            blobs++;
        }
        Assert.Equal(3, blobs);
    }

    [Theory]
    [InlineData("nginx", "docker.io/library/nginx:latest")]
    [InlineData("nginx:1.27", "docker.io/library/nginx:1.27")]
    [InlineData("guestbook/web:1", "docker.io/guestbook/web:1")]
    [InlineData("localhost/web", "localhost/web:latest")]
    [InlineData("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9")]
    [InlineData("host:5000/a/b", "host:5000/a/b:latest")]
    [InlineData("index.docker.io/library/nginx", "docker.io/library/nginx:latest")]
    [InlineData("docker.io/nginx", "docker.io/library/nginx:latest")]
    public void A_short_name_is_completed(string text, string full) => Assert.Equal(full, ImageReference.Parse(text).ToString());

    [Fact]
    public void A_digest_needs_no_tag()
    {
        var digest = "sha256:" + new string('a', 64);

        Assert.Equal($"docker.io/library/a@{digest}", ImageReference.Parse("a@" + digest).ToString());
        Assert.Equal($"docker.io/library/a:1@{digest}", ImageReference.Parse("a:1@" + digest).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Nginx")]
    [InlineData("a//b")]
    [InlineData("a:")]
    [InlineData("a@sha256:abc")]
    [InlineData("-a")]
    [InlineData("a b")]
    [InlineData("host/UPPER")]
    public void What_is_no_name_is_refused(string text)
    {
        Assert.False(ImageReference.TryParse(text, out _));
        Assert.Throws<FormatException>(() => ImageReference.Parse(text));
    }

    [Fact]
    public async Task The_table_of_contents_of_both_kinds_of_archive_is_read()
    {
        var oci = await ImageArchive.ReadAsync(WriteTar(("index.json", """
            {"manifests":[{"digest":"sha256:1","annotations":{"org.opencontainers.image.ref.name":"latest"}},
                          {"digest":"sha256:2","annotations":{"io.containerd.image.name":"docker.io/a/b:1","org.opencontainers.image.ref.name":"1"}}]}
            """)), Cancellation);
        var docker = await ImageArchive.ReadAsync(WriteTar(("manifest.json", """[{"Config":"c","RepoTags":["web:1","web:2"]},{"RepoTags":null}]""")), Cancellation);

        Assert.Equal([("sha256:1", "latest"), ("sha256:2", "docker.io/a/b:1")], oci.Entries.Select(e => (e.Digest!, e.Names.Single())));
        Assert.Equal((true, false), (oci.IsOci, docker.IsOci));
        Assert.Equal(["web:1", "web:2"], docker.Entries[0].Names);
        Assert.Empty(docker.Entries[1].Names);
    }

    [Fact]
    public async Task A_file_that_is_no_archive_is_refused_in_one_sentence()
    {
        var text = Path.Combine(_folder, "text");
        await File.WriteAllTextAsync(text, "this is not a tar file at all, but it is long enough to look like a header" + new string(' ', 600), Cancellation);
        var zstd = Path.Combine(_folder, "zstd");
        await File.WriteAllBytesAsync(zstd, [0x28, 0xb5, 0x2f, 0xfd, 0], Cancellation);

        foreach (var file in (string[])[text, zstd, WriteTar(("a", "b")), WriteTar(("index.json", "{")), WriteTar(("index.json", "{}"))])
            await Assert.ThrowsAsync<ImageArchiveException>(() => ImageArchive.ReadAsync(file, Cancellation));
    }

    [Fact]
    public void An_image_gets_a_full_name_or_none_at_all()
    {
        static ImageArchive Archive(params string[] names) => new(true, [new("sha256:1", names)]);

        Assert.Equal(["docker.io/library/web:1"], ImageImporter.Name(Archive("web:1"), "f", null)[0].Names);
        Assert.Equal(["docker.io/library/other:latest"], ImageImporter.Name(Archive("web:1"), "f", "other")[0].Names);
        Assert.Contains("without a name", Assert.Throws<ImageArchiveException>(() => ImageImporter.Name(Archive("latest"), "f", null)).Message, StringComparison.Ordinal);
        Assert.Contains("holds no image", Assert.Throws<ImageArchiveException>(() => ImageImporter.Name(new(true, []), "f", null)).Message, StringComparison.Ordinal);
        Assert.Throws<ImageArchiveException>(() => ImageImporter.Name(Archive("WEB:1"), "f", null));
    }

    private string WriteTar(params (string Name, string Content)[] files)
    {
        var path = Path.Combine(_folder, Guid.NewGuid().ToString("N"));
        using var tar = new TarWriter(File.Create(path), TarEntryFormat.Ustar);
        foreach (var (name, content) in files)
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) });
        return path;
    }
}
