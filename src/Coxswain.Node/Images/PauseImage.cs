using System.Runtime.InteropServices;

namespace Coxswain.Node.Images;

/// <summary>The image of every pod's sandbox container, made on the spot.</summary>
public static class PauseImage
{
    /// <summary>Its name in the runtime. Never to be collected as unused. The number changes with the program.</summary>
    public const string Reference = "coxswain.local/pause:1";

    /// <summary>Writes the image as an OCI archive for this machine's processor.</summary>
    public static void Write(Stream output) => Write(output, RuntimeInformation.OSArchitecture);

    internal static void Write(Stream output, Architecture architecture) => OciArchive.Write(output, new()
    {
        Reference = Reference,
        Architecture = PauseProgram.OciName(architecture),
        Layer = OciArchive.SingleFileLayer("pause", PauseProgram.Build(architecture)),
        Entrypoint = ["/pause"],
        // As nobody: it needs no rights.
        User = "65535:65535",
    });
}
