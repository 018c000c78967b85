using System.Formats.Tar;
using Coxswain.Node.Containerd;
using Coxswain.Node.Host;
using Coxswain.Node.Images;
using Coxswain.Node.Runtime;
using Coxswain.Node.Tests.Containerd;
using Microsoft.Extensions.Logging.Abstractions;

[assembly: AssemblyFixture(typeof(ContainerdFixture))]

namespace Coxswain.Node.Tests.Containerd;

/// <summary>A real containerd of an instance of the tests' own, started when the first test asks, removed without trace at the end.</summary>
public sealed class ContainerdFixture : IAsyncDisposable
{
    public const string Busybox = "docker.io/library/busybox:test";

    private readonly SemaphoreSlim _gate = new(1);
    private string? _skip;
    private bool _started;

    public ContainerdFixture()
    {
        var folder = Directory.CreateTempSubdirectory("coxswain-node-").FullName;
        Instance = NodeInstance.ForDataDir(folder);
    }

    internal NodeInstance Instance { get; }
    internal NodeRuntime Node { get; private set; } = null!;
    internal HostFeatures Features => Node.Features;
    internal CriRuntime Runtime => Node.Runtime;
    internal ImageImporter Images => Node.Images;

    internal string CgroupParent => Features.SystemdCgroup ? Instance.SystemdSlice : Instance.CgroupParent + "/pods";

    /// <summary>Starts containerd, or skips the test and says why.</summary>
    public async Task RequireAsync(CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            if (!_started && _skip is null)
                _skip = await StartAsync(cancellation);
        }
        finally
        {
            _gate.Release();
        }
        Assert.SkipWhen(_skip is not null, _skip ?? "");
    }

    private async Task<string?> StartAsync(CancellationToken cancellation)
    {
        if (!Environment.IsPrivilegedProcess)
            return "needs root: sandboxes, mounts and network namespaces";
        try
        {
            ContainerdBinaries.Find();
        }
        catch (NodePrerequisiteException e)
        {
            return e.Message;
        }
        if (FindBusybox() is not { } busybox)
            return "needs busybox to run in a container: apt-get install busybox-static";

        Node = await NodeRuntime.StartAsync(Instance, Instance.PodCidr, TimeProvider.System, NullLogger.Instance, cancellation);
        Assert.Equal(ContainerdOrigin.Started, Node.Origin);
        var archive = Path.Combine(Instance.DataDir, "busybox.tar");
        await using (var file = File.Create(archive))
            OciArchive.Write(file, BusyboxImage(busybox));
        Assert.Equal([Busybox], await Images.ImportAsync(archive, null, cancellation));
        _started = true;
        return null;
    }

    internal static OciArchive.Image BusyboxImage(string busybox)
    {
        using var layer = new MemoryStream();
        using (var tar = new TarWriter(layer, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var folder in (string[])["bin", "tmp", "etc"])
                tar.WriteEntry(new UstarTarEntry(TarEntryType.Directory, folder) { Mode = (UnixFileMode)0b111_111_111 });
            using var content = File.OpenRead(busybox);
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "bin/busybox")
            {
                Mode = (UnixFileMode)0b111_101_101,
                DataStream = content,
            });
            foreach (var applet in (string[])["sh", "cat", "chmod", "mkdir", "printf", "echo", "sleep", "nc", "wget", "httpd", "id", "ip", "kill", "ls", "ps", "seq", "head", "tail", "tee", "true"])
                tar.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, "bin/" + applet) { LinkName = "busybox" });
        }
        return new()
        {
            Reference = Busybox,
            Architecture = PauseProgram.OciName(System.Runtime.InteropServices.RuntimeInformation.OSArchitecture),
            Layer = layer.ToArray(),
            Entrypoint = ["/bin/sh"],
            Environment = ["PATH=/bin"],
        };
    }

    // The distribution's static one: as installed, or as the tools folder of the tests has it.
    internal static string? FindBusybox()
    {
        string?[] places = [Environment.GetEnvironmentVariable("COXSWAIN_TEST_BUSYBOX"), "/bin/busybox", "/usr/bin/busybox"];
        return places.FirstOrDefault(p => p is not null && File.Exists(p) && IsStatic(p));
    }

    // Another one would look in the image for the C library that it is linked to.
    private static bool IsStatic(string path)
    {
        using var file = File.OpenRead(path);
        var head = new byte[4096];
        var read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return head.AsSpan(0, read).IndexOf("/ld-linux"u8) < 0;
    }

    public async ValueTask DisposeAsync()
    {
        if (Node is not null)
            await Node.DisposeAsync();
        if (_started || Directory.Exists(Instance.RunDir))
            await new InstanceCleaner(Instance, TimeProvider.System, NullLogger.Instance).RemoveAllAsync(CancellationToken.None);
        Directory.Delete(Instance.DataDir, recursive: true);
        _gate.Dispose();
    }
}
