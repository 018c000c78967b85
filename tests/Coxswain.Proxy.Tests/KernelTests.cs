using System.Diagnostics;
using Coxswain.Api.Core.V1;
using static Coxswain.Proxy.Tests.ProxyData;

namespace Coxswain.Proxy.Tests;

/// <summary>The rendered text in front of the real nft and the real kernel, in a network namespace of the test's own.</summary>
public sealed class KernelTests : IDisposable
{
    private readonly string _namespace = $"cxw-proxy-{Environment.ProcessId}";
    private readonly bool _made;

    public KernelTests()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("needs root to make a network namespace");
        if (!File.Exists("/usr/sbin/nft"))
            Assert.Skip("nft is missing: install the package nftables");
        Run("ip", ["netns", "add", _namespace], null);
        _made = true;
    }

    public void Dispose()
    {
        if (_made)
            Run("ip", ["netns", "delete", _namespace], null);
    }

    private void Nft(string text) => Run("ip", ["netns", "exec", _namespace, "nft", "-f", "-"], text);

    [Fact]
    public void The_kernel_takes_the_prelude_and_every_step_of_a_history()
    {
        var slices = Slice("web", Ready("10.244.0.2"), Ready("10.244.0.3"), Ready("10.244.0.4", "there"));
        var sticky = new ServiceSpec { Type = "ClusterIP", SessionAffinity = "ClientIP", SessionAffinityConfig = new() { ClientIP = new() { TimeoutSeconds = 60 } } };
        var stickier = sticky with { SessionAffinityConfig = new() { ClientIP = new() { TimeoutSeconds = 90 } } };
        var nodePort = new ServiceSpec { Type = "NodePort", ExternalTrafficPolicy = "Local" };
        var guarded = new ServiceSpec { Type = "LoadBalancer", LoadBalancerSourceRanges = ["192.0.2.0/24"], ExternalIPs = ["198.51.100.9"] };
        NftablesRuleset[] history =
        [
            Rules([Service("web", "10.96.0.7")], slices),
            Rules([Service("web", "10.96.0.7", sticky)], slices),
            Rules([Service("web", "10.96.0.7", stickier)], slices),
            Rules([Service("web", "10.96.0.7", nodePort)], slices),
            Rules([Service("web", "10.96.0.7", nodePort)]),
            Rules([Service("web", "10.96.0.7", guarded), Service("other", "10.96.0.8")], slices),
            Rules([]),
        ];
        Nft(Renderer.Prelude());
        var before = new NftablesRuleset("test_services");
        foreach (var after in history)
        {
            Nft(NftablesTransaction.Between(before, after));
            before = after;
        }

        // From anything to anything, also after somebody else has changed the table.
        Nft(Renderer.Prelude() + NftablesTransaction.Between(new("test_services"), history[5]));
        var listed = Run("ip", ["netns", "exec", _namespace, "nft", "list", "table", "ip", "test_services"], null);
        Assert.Contains("10.96.0.8 . tcp . 80 : goto refuse", listed, StringComparison.Ordinal);
        Nft(ServiceProxy.RemovalTransaction("test_services"));
        Assert.Equal("", Run("ip", ["netns", "exec", _namespace, "nft", "list", "ruleset"], null));
    }

    private static string Run(string program, string[] arguments, string? input)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error}{input}");
        return output;
    }
}
