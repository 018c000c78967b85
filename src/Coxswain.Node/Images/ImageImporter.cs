using Coxswain.Node.Host;

namespace Coxswain.Node.Images;

/// <summary>Brings images from files into the runtime, where pods find them by name: no registry takes part.</summary>
/// <remarks>OCI archives (buildah, podman, skopeo, <c>docker buildx</c>) and archives of <c>docker save</c>. Importing again replaces
/// what the name means. Safe for concurrent use.</remarks>
public sealed class ImageImporter(string ctr, string socket, string snapshotter)
{
    /// <summary>Where CRI looks for images.</summary>
    private const string CriNamespace = "k8s.io";

    /// <summary>Imports all images of a file and returns their full names.</summary>
    /// <param name="name">The name to give to an archive's only image, or null for the archive's own names.</param>
    /// <exception cref="ImageArchiveException">The file is no archive of images, or has images without names.</exception>
    public async Task<IReadOnlyList<string>> ImportAsync(string file, string? name, CancellationToken cancellation)
    {
        var path = Path.GetFullPath(file);
        var archive = await ImageArchive.ReadAsync(path, cancellation);
        var named = Name(archive, path, name);

        await using var content = await ImageArchive.OpenAsync(path, cancellation);
        if (content is FileStream)
            return await ImportTarAsync(path, archive, named, cancellation);

        // The tool of containerd 1.6 takes plain tar only.
        var plain = Path.GetTempFileName();
        try
        {
            await using (var unpacked = File.Create(plain))
                await content.CopyToAsync(unpacked, cancellation);
            return await ImportTarAsync(plain, archive, named, cancellation);
        }
        finally
        {
            File.Delete(plain);
        }
    }

    /// <summary>Imports the sandbox image unless the runtime has it.</summary>
    public async Task EnsurePauseImageAsync(CancellationToken cancellation)
    {
        var known = await CtrAsync(["images", "ls", "-q", "name==" + PauseImage.Reference], cancellation);
        if (known.Contains(PauseImage.Reference, StringComparison.Ordinal))
            return;

        var file = Path.GetTempFileName();
        try
        {
            await using (var stream = File.Create(file))
                PauseImage.Write(stream);
            await ImportAsync(file, null, cancellation);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Decides the full name of each image before anything is changed.</summary>
    internal static IReadOnlyList<(string? Digest, IReadOnlyList<string> Names)> Name(ImageArchive archive, string file, string? name)
    {
        if (archive.Entries.Count == 0)
            throw new ImageArchiveException($"{file} holds no image");
        if (name is not null && archive.Entries.Count > 1)
            throw new ImageArchiveException($"{file} holds {archive.Entries.Count} images, so that one name does not fit");

        return [.. archive.Entries.Select(entry =>
        {
            IReadOnlyList<string> names = name is null ? entry.Names : [name];
            // A mere tag is no name: "latest" alone would become an image called "latest".
            var full = names.Where(n => name is not null || n.AsSpan().ContainsAny('/', ':'))
                .Select(n => ImageReference.TryParse(n, out var reference)
                    ? reference!.ToString()
                    : throw new ImageArchiveException($"\"{n}\" is not the name of an image"))
                .ToArray();
            if (full.Length == 0)
                throw new ImageArchiveException($"{file} holds an image without a name; state one: coxswain image import {file} --name NAME:TAG");
            return (entry.Digest, (IReadOnlyList<string>)full);
        })];
    }

    private Task<IReadOnlyList<string>> ImportTarAsync(
        string path, ImageArchive archive, IReadOnlyList<(string? Digest, IReadOnlyList<string> Names)> named, CancellationToken cancellation) =>
        archive.IsOci ? ImportOciAsync(path, named, cancellation) : ImportDockerAsync(path, archive, named, cancellation);

    // By digest under a name of its own, then tagged: so that no rule of the tool's about incomplete names plays a part.
    private async Task<IReadOnlyList<string>> ImportOciAsync(
        string path, IReadOnlyList<(string? Digest, IReadOnlyList<string> Names)> named, CancellationToken cancellation)
    {
        var temporary = "coxswain.local/import-" + Guid.NewGuid().ToString("N");
        await CtrAsync(["images", "import", "--digests", "--base-name", temporary, "--snapshotter", snapshotter, path], cancellation);
        try
        {
            foreach (var (digest, names) in named)
                await CtrAsync(["images", "tag", "--force", $"{temporary}@{digest}", .. names], cancellation);
        }
        finally
        {
            await CtrAsync(["images", "rm", .. named.Select(n => $"{temporary}@{n.Digest}").Distinct()], CancellationToken.None);
        }
        return [.. named.SelectMany(n => n.Names)];
    }

    private async Task<IReadOnlyList<string>> ImportDockerAsync(
        string path, ImageArchive archive, IReadOnlyList<(string? Digest, IReadOnlyList<string> Names)> named, CancellationToken cancellation)
    {
        await CtrAsync(["images", "import", "--snapshotter", snapshotter, path], cancellation);
        // Under its own names by then; a name that was asked for instead is added.
        for (var i = 0; i < named.Count; i++)
        {
            var own = archive.Entries[i].Names.Select(n => ImageReference.Parse(n).ToString()).ToArray();
            foreach (var wanted in named[i].Names.Except(own, StringComparer.Ordinal))
            {
                if (own.Length == 0)
                    throw new ImageArchiveException($"{path} holds an image without a name, which only its own archive could give: docker save NAME:TAG");
                await CtrAsync(["images", "tag", "--force", own[0], wanted], cancellation);
            }
        }
        return [.. named.SelectMany(n => n.Names)];
    }

    private Task<string> CtrAsync(IReadOnlyList<string> arguments, CancellationToken cancellation) =>
        HostCommand.GetOutputAsync(ctr, ["--address", socket, "--namespace", CriNamespace, .. arguments], input: null, cancellation);
}
