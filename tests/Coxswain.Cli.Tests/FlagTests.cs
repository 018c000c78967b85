using System.Net;

namespace Coxswain.Cli.Tests;

/// <summary>Flags are written and mean what they do with Go's flag library.</summary>
public sealed class FlagTests
{
    [Theory]
    [InlineData("--event-ttl=1h30m")]
    [InlineData("--event-ttl", "1h30m")]
    [InlineData("--event_ttl=90m")]
    [InlineData("--event-ttl=2h", "--event-ttl=5400s")]
    public async Task A_value_stands_behind_an_equals_sign_or_comes_next_and_the_last_one_counts(params string[] flags)
    {
        Assert.Equal(TimeSpan.FromMinutes(90), (await CommandLine.OptionsAsync(flags)).ApiServer.EventTtl);
    }

    [Theory]
    [InlineData(true, "--anonymous-auth")]
    [InlineData(true, "--anonymous-auth", "--profiling")]
    [InlineData(false, "--anonymous-auth=false")]
    [InlineData(false, "--anonymous-auth", "false")]
    [InlineData(false, "--anonymous-auth=0")]
    [InlineData(true, "--anonymous-auth=false", "--anonymous-auth")]
    public async Task A_switch_alone_is_true_and_can_be_turned_off(bool expected, params string[] flags)
    {
        Assert.Equal(expected, (await CommandLine.OptionsAsync(flags)).ApiServer.AnonymousAuth);
    }

    [Fact]
    public async Task Lists_take_commas_and_repetition()
    {
        var options = await CommandLine.OptionsAsync("--authorization-mode=AlwaysAllow, RBAC", "--authorization-mode", "Node", "--runtime-config=api/all=true", "--runtime-config=batch/v1=false,api/beta");
        Assert.Equal(["AlwaysAllow", "RBAC", "Node"], options.ApiServer.AuthorizationMode);
        Assert.Equal(new Dictionary<string, string> { ["api/all"] = "true", ["batch/v1"] = "false", ["api/beta"] = "true" }, options.ApiServer.RuntimeConfig);
    }

    [Theory]
    [InlineData("--controllers=-*")]
    [InlineData("--controllers", "-*")]
    public async Task A_value_may_look_like_a_flag(params string[] flags)
    {
        Assert.Equal(["-*"], (await CommandLine.OptionsAsync(flags)).Controllers);
    }

    [Fact]
    public async Task A_name_with_no_turns_off()
    {
        Assert.True((await CommandLine.OptionsAsync()).RunScheduler);
        Assert.False((await CommandLine.OptionsAsync("--no-scheduler")).RunScheduler);
        Assert.True((await CommandLine.OptionsAsync("--no-scheduler=false")).RunScheduler);
    }

    [Fact]
    public async Task Server_runs_in_the_foreground_and_without_a_node()
    {
        var options = await CommandLine.OptionsAsync("--bind-address=127.0.0.1", "--secure-port=0", "--min-request-timeout=60", "--token-auth-file=tokens.csv");
        Assert.False(options.RunNode);
        Assert.True(options.Foreground);
        Assert.Equal((IPAddress.Loopback, 0), (options.BindAddress, options.SecurePort));
        Assert.Equal(TimeSpan.FromMinutes(1), options.ApiServer.MinRequestTimeout);
        Assert.Equal(Path.GetFullPath("tokens.csv"), options.ApiServer.TokenAuthFile);
    }

    [Fact]
    public async Task Up_takes_the_same_flags_and_those_of_a_node()
    {
        var result = await CommandLine.RunAsync("up", "--foreground", "--no-node", "--event-ttl=5m", "--node-name=one", "--kubelet-port=0");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal((false, TimeSpan.FromMinutes(5), "one", 0), (result.Ran!.RunNode, result.Ran.ApiServer.EventTtl, result.Ran.NodeName, result.Ran.KubeletPort));
    }

    [Theory]
    [InlineData("coxswain: --event-ttl: soon is not a duration such as 1h30m, 90s or 500ms", "--event-ttl=soon")]
    [InlineData("coxswain: --anonymous-auth: maybe is neither true nor false", "--anonymous-auth=maybe")]
    [InlineData("coxswain: --max-requests-inflight: many is not a whole number", "--max-requests-inflight", "many")]
    [InlineData("coxswain: --secure-port: 70000 is not a port between 0 and 65535", "--secure-port=70000")]
    [InlineData("coxswain: --bind-address: nonsense is not an IP address", "--bind-address=nonsense")]
    [InlineData("coxswain: --service-cluster-ip-range: 10.0.0.0 is not a range of addresses such as 10.96.0.0/16", "--service-cluster-ip-range=10.0.0.0")]
    public async Task A_value_of_another_form_is_refused_in_one_sentence(string sentence, params string[] flags)
    {
        var result = await CommandLine.RunAsync(["server", .. flags]);
        Assert.Equal((1, sentence), (result.ExitCode, result.Error.TrimEnd()));
        Assert.Null(result.Ran);
    }

    [Theory]
    [InlineData("coxswain: unknown flag --event-tl; did you mean \"event-ttl\"?; see coxswain server --help", "--event-tl=2h")]
    [InlineData("coxswain: unknown flag --no-node; did you mean \"no-node\"?; see coxswain server --help", "--no-node")]
    [InlineData("coxswain: unexpected argument \"nonsense\"; see coxswain server --help", "nonsense")]
    [InlineData("coxswain: Required argument missing for option: '--event-ttl'; see coxswain server --help", "--event-ttl")]
    public async Task A_command_line_that_cannot_be_read_is_refused_in_one_sentence(string sentence, params string[] flags)
    {
        var result = await CommandLine.RunAsync(["server", .. flags]);
        Assert.Equal((2, sentence), (result.ExitCode, result.Error.TrimEnd()));
        Assert.Null(result.Ran);
    }
}
