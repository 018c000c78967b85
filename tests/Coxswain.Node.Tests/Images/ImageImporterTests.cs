using System.IO.Compression;
using System.Text;
using Coxswain.Node.Images;
using Coxswain.Node.Tests.Containerd;

namespace Coxswain.Node.Tests.Images;

/// <summary>Importing into a real containerd.</summary>
public sealed class ImageImporterTests(ContainerdFixture containerd)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_archive_can_be_imported_again_and_under_a_name_of_ones_own()
    {
        await containerd.RequireAsync(Cancellation);
        var file = Path.Combine(containerd.Instance.DataDir, Guid.NewGuid().ToString("N") + ".tar");
        await using (var stream = File.Create(file))
            PauseImage.Write(stream);

        Assert.Equal([PauseImage.Reference], await containerd.Images.ImportAsync(file, null, Cancellation));
        Assert.Equal(["docker.io/me/pause:7"], await containerd.Images.ImportAsync(file, "me/pause:7", Cancellation));

        var named = await containerd.Runtime.ImageStatusAsync(new("me/pause:7"), Cancellation);
        var all = await containerd.Runtime.ListImagesAsync(null, Cancellation);
        Assert.Contains("docker.io/me/pause:7", named!.RepoTags);
        Assert.DoesNotContain(all, i => i.RepoTags.Concat(i.RepoDigests).Any(t => t.Contains("/import-", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_compressed_archive_is_imported_as_it_is()
    {
        await containerd.RequireAsync(Cancellation);
        var file = Path.Combine(containerd.Instance.DataDir, Guid.NewGuid().ToString("N") + ".tar.gz");
        await using (var stream = new GZipStream(File.Create(file), CompressionLevel.Fastest))
            PauseImage.Write(stream);

        Assert.Equal(["docker.io/library/zipped:1"], await containerd.Images.ImportAsync(file, "zipped:1", Cancellation));
        Assert.NotNull(await containerd.Runtime.ImageStatusAsync(new("zipped:1"), Cancellation));
    }

    [Fact]
    public async Task An_archive_of_docker_save_is_imported()
    {
        await containerd.RequireAsync(Cancellation);
        var file = Path.Combine(containerd.Instance.DataDir, Guid.NewGuid().ToString("N") + ".tar");
        DockerArchive.Write(file, "shop/front:3", OciArchive.SingleFileLayer("pause", PauseProgram.Build(System.Runtime.InteropServices.RuntimeInformation.OSArchitecture)));

        Assert.Equal(["docker.io/shop/front:3"], await containerd.Images.ImportAsync(file, null, Cancellation));
        Assert.Equal(["docker.io/shop/front:3"], (await containerd.Runtime.ImageStatusAsync(new("shop/front:3"), Cancellation))!.RepoTags);
    }

    /// <summary>What docker save writes: manifest.json, the image's configuration, and a folder with layer.tar per layer.</summary>
    private static class DockerArchive
    {
        public static void Write(string path, string tag, byte[] layer)
        {
            var diff = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(layer));
            var architecture = PauseProgram.OciName(System.Runtime.InteropServices.RuntimeInformation.OSArchitecture);
            var config = Encoding.UTF8.GetBytes(
                $$$"""{"architecture":"{{{architecture}}}","os":"linux","config":{"Entrypoint":["/pause"]},"rootfs":{"type":"layers","diff_ids":["{{{diff}}}"]}}""");
            using var tar = new System.Formats.Tar.TarWriter(File.Create(path), System.Formats.Tar.TarEntryFormat.Ustar);
            foreach (var (name, content) in ((string, byte[])[])
            [
                ("config.json", config),
                ("layer/layer.tar", layer),
                ("manifest.json", Encoding.UTF8.GetBytes($$$"""[{"Config":"config.json","RepoTags":["{{{tag}}}"],"Layers":["layer/layer.tar"]}]""")),
            ])
            {
                tar.WriteEntry(new System.Formats.Tar.UstarTarEntry(System.Formats.Tar.TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            }
        }
    }
}
