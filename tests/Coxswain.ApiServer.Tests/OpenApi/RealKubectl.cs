using System.Diagnostics;
using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.OpenApi;

/// <summary>The real kubectl of scripts/kubectl.sh against a cluster. Where it is missing, the test is a visible skip.</summary>
internal sealed class RealKubectl : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("coxswain-kubectl-");
    private readonly string _program;

    /// <param name="version">The folder below tools/kubectl: <c>1.20</c> or <c>sid</c>.</param>
    public RealKubectl(TestCluster cluster, string version)
    {
        _program = Path.Combine(Root(), "tools", "kubectl", version, "kubectl");
        if (!File.Exists(_program))
            Assert.Skip($"kubectl {version} is missing: scripts/kubectl.sh");
        File.WriteAllText(Path.Combine(_home.FullName, "config"),
            $$"""
            {"apiVersion":"v1","kind":"Config","current-context":"c",
             "clusters":[{"name":"c","cluster":{"server":"{{cluster.Address}}","insecure-skip-tls-verify":true} }],
             "users":[{"name":"u","user":{"token":"{{TestCluster.AdminToken}}"} }],
             "contexts":[{"name":"c","context":{"cluster":"c","user":"u"} }]}
            """);
    }

    /// <summary>Runs kubectl to its end.</summary>
    public async Task<(int ExitCode, string Output)> RunAsync(string arguments, CancellationToken cancellation, string input = "")
    {
        var start = new ProcessStartInfo(_program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["HOME"] = _home.FullName, ["KUBECONFIG"] = Path.Combine(_home.FullName, "config") },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = process.StandardError.ReadToEndAsync(cancellation);
        await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        return (process.ExitCode, await output + await error);
    }

    public void Dispose() => _home.Delete(recursive: true);

    private static string Root()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
            if (File.Exists(Path.Combine(directory, "Coxswain.slnx")))
                return directory;
        throw new InvalidOperationException("the tests do not run inside the repository");
    }
}
