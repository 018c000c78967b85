using System.Diagnostics;
using System.Globalization;
using Coxswain.Testing;

namespace Coxswain.EndToEnd.Tests;

/// <summary>coxswain server: what a control plane machine runs, with its settings from a file and from flags.</summary>
public sealed class ServerStories : IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private readonly Instance _instance = new("server");

    public ValueTask InitializeAsync()
    {
        Repository.RequireExecutable();
        Directory.CreateDirectory(_instance.DataDir);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await _instance.RemoveAsync();

    private Process Start(params string[] flags) => Process.Start(new ProcessStartInfo(
        Repository.Executable,
        ["server", "--data-dir", _instance.DataDir, "--secure-port", _instance.Port.ToString(CultureInfo.InvariantCulture), "--bind-address=127.0.0.1", "--in-memory", .. flags])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private Task ReadyAsync() => Eventually.TrueAsync(
        async () => File.Exists(_instance.KubeConfig) && (await _instance.TryKubectlAsync("sid", Cancellation, "get", "--raw", "/readyz")).Output == "ok", cancellation: Cancellation);

    [Fact]
    public async Task It_does_what_its_file_says_in_the_foreground_until_it_is_asked_to_end()
    {
        Repository.RequireKubectl("sid");
        var file = Path.Combine(_instance.DataDir, "config.yaml");
        await File.WriteAllTextAsync(file,
            """
            controllers: ["-*"]
            no-scheduler: true
            runtime-config:
              autoscaling/v1: false
            disable-admission-plugins: [ServiceAccount]
            service-node-port-range: 31000-31010
            profiling: true
            """, Cancellation);
        using var server = Start("--config", file, "--profiling=false");
        var output = server.StandardOutput.ReadToEndAsync(Cancellation);
        var log = server.StandardError.ReadToEndAsync(Cancellation);
        await ReadyAsync();

        var versions = await _instance.KubectlAsync("sid", Cancellation, "api-versions");
        Assert.DoesNotContain("autoscaling/v1\n", versions, StringComparison.Ordinal);
        Assert.Contains("autoscaling/v2\n", versions, StringComparison.Ordinal);
        // Without controllers nobody makes the service account that pods are otherwise refused without.
        await _instance.KubectlAsync("sid", Cancellation, "run", "p", "--image=i");
        Assert.Equal("", await _instance.KubectlAsync("sid", Cancellation, "get", "pod", "p", "-o", "jsonpath={.spec.nodeName}"));
        await _instance.KubectlAsync("sid", Cancellation, "create", "deployment", "d", "--image=i");
        await _instance.KubectlAsync("sid", Cancellation, "create", "service", "nodeport", "s", "--tcp=80");
        Assert.Equal("", await _instance.KubectlAsync("sid", Cancellation, "get", "replicasets", "-o", "name"));
        Assert.StartsWith("310", await _instance.KubectlAsync("sid", Cancellation, "get", "service", "s", "-o", "jsonpath={.spec.ports[0].nodePort}"), StringComparison.Ordinal);
        Assert.NotEqual(0, (await _instance.TryKubectlAsync("sid", Cancellation, "get", "--raw", "/debug/pprof/")).ExitCode);

        await Shell.RunAsync("kill", ["-TERM", server.Id.ToString(CultureInfo.InvariantCulture)], Cancellation);
        await server.WaitForExitAsync(Cancellation);
        Assert.True(server.ExitCode == 0, await log);
        Assert.Contains("ready after", await output, StringComparison.Ordinal);
        Assert.Contains("API server", await log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_are_signed_with_the_key_that_was_given()
    {
        Repository.RequireKubectl("sid");
        var key = Path.Combine(_instance.DataDir, "sa.key");
        using (var rsa = System.Security.Cryptography.RSA.Create(2048))
            await File.WriteAllTextAsync(key, rsa.ExportRSAPrivateKeyPem(), Cancellation);
        using var server = Start("--service-account-signing-key-file", key, "--service-account-issuer=https://issuer.example", "--anonymous-auth=false");
        var output = server.StandardOutput.ReadToEndAsync(Cancellation);
        var log = server.StandardError.ReadToEndAsync(Cancellation);
        await ReadyAsync();
        await Eventually.TrueAsync(async () => (await _instance.TryKubectlAsync("sid", Cancellation, "get", "serviceaccount", "default")).ExitCode == 0, cancellation: Cancellation);
        var token = (await _instance.KubectlAsync("sid", Cancellation, "create", "token", "default")).Trim();
        Assert.Contains("\"alg\":\"RS256\"", await _instance.KubectlAsync("sid", Cancellation, "get", "--raw", "/openid/v1/jwks"), StringComparison.Ordinal);
        Assert.Equal("system:serviceaccount:default:default", await WhoAsync(token));
        server.Kill();
        await server.WaitForExitAsync(Cancellation);
        Assert.Contains("ready after", await output + await log, StringComparison.Ordinal);
    }

    /// <summary>Asks with the token alone: a kubeconfig with a certificate would answer for itself.</summary>
    private async Task<string> WhoAsync(string token)
    {
        var server = $"--server=https://127.0.0.1:{_instance.Port}";
        var empty = Path.Combine(_instance.DataDir, "empty.kubeconfig");
        await File.WriteAllTextAsync(empty, "apiVersion: v1\nkind: Config\n", Cancellation);
        return await Shell.RunAsync(Repository.Kubectl("sid"),
            ["--kubeconfig", empty, server, "--insecure-skip-tls-verify", "--token", token, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"], Cancellation);
    }

    [Theory]
    [InlineData("--authorization-mode=Nonsense", "authorization-mode \"Nonsense\" is not a valid mode; known modes are Node, RBAC, AlwaysAllow, AlwaysDeny")]
    [InlineData("--controllers=*,-nonsense", "controllers: \"nonsense\" is not in the list of known controllers")]
    [InlineData("--enable-admission-plugins=Nonsense", "enable-admission-plugins plugin \"Nonsense\" is unknown; known plug-ins are")]
    [InlineData("--runtime-config=nonsense/v1=true", "unknown api groups nonsense")]
    [InlineData("--token-auth-file=/nowhere/tokens.csv", "token-auth-file: there is no file /nowhere/tokens.csv")]
    [InlineData("--service-account-signing-key-file=/nowhere/sa.key", "/nowhere/sa.key")]
    public async Task What_means_nothing_is_refused_before_anything_is_written(string flag, string sentence)
    {
        var folder = _instance.DataDir + "-none";
        foreach (var command in new[] { "server", "up" })
        {
            var result = await Shell.TryAsync(Repository.Executable, [command, "--data-dir", folder, flag], Cancellation);
            Assert.Equal(1, result.ExitCode);
            Assert.StartsWith("coxswain: ", result.Error, StringComparison.Ordinal);
            Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(folder));
        }
    }
}
