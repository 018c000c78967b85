namespace Coxswain.EndToEnd.Tests;

/// <summary>Where the built things are. What is missing makes a test a visible skip.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>The published one; while developing, COXSWAIN_EXECUTABLE may name another.</summary>
    public static string Executable { get; } = Environment.GetEnvironmentVariable("COXSWAIN_EXECUTABLE") ?? Path.Combine(Root, "artifacts", "publish", "coxswain");

    public static string Kubectl(string version) => Path.Combine(Root, "tools", "kubectl", version, "kubectl");

    public static void RequireExecutable()
    {
        if (!File.Exists(Executable))
            Assert.Skip("artifacts/publish/coxswain is missing: ./build.sh publish");
    }

    public static void RequireNode()
    {
        RequireExecutable();
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("running containers needs root");
        foreach (var program in new[] { "/usr/bin/containerd", "/usr/sbin/runc", "/usr/sbin/nft", "/usr/lib/cni/bridge" })
        {
            if (!File.Exists(program))
                Assert.Skip($"{program} is missing: scripts/packages.sh node");
        }
    }

    public static void RequireKubectl(string version)
    {
        if (!File.Exists(Kubectl(version)))
            Assert.Skip($"kubectl {version} is missing: scripts/kubectl.sh");
    }

    private static string Find()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, "Coxswain.slnx")))
                return directory;
        }

        throw new InvalidOperationException("the tests do not run inside the repository");
    }
}
