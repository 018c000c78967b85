using System.CommandLine;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Commands;

/// <summary>image: container images of this machine's runtime.</summary>
internal static class ImageCommand
{
    public static Command Create(CliContext cli)
    {
        var file = new Argument<string>("file") { Description = "An OCI or docker image archive (tar)" };
        var import = new Command("import", "Load images from an archive, so that pods can use them without a registry") { file };
        import.SetAction(async (parsed, cancellation) =>
        {
            var archive = Path.GetFullPath(parsed.GetRequiredValue(file));
            if (!File.Exists(archive))
                throw new LifecycleException($"there is no file {archive}");
            foreach (var image in await cli.Host.ImportImageAsync(parsed.Instance(), archive, cancellation).ConfigureAwait(false))
                await cli.Out.WriteLineAsync($"imported {image}").ConfigureAwait(false);
            return ExitCode.Success;
        });
        return new Command("image", "Container images of this machine") { import };
    }
}
