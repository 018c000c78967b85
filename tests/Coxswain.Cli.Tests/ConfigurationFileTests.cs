namespace Coxswain.Cli.Tests;

/// <summary>The configuration file holds what flags hold, and flags win.</summary>
public sealed class ConfigurationFileTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    private async Task<CommandLine> RunAsync(string text, params string[] flags)
    {
        await File.WriteAllTextAsync(_file, text, TestContext.Current.CancellationToken);
        return await CommandLine.RunAsync(["server", "--config", _file, .. flags]);
    }

    [Fact]
    public async Task Every_form_of_a_setting_can_be_written()
    {
        var result = await RunAsync(
            """
            # The control plane.
            event-ttl: 2h
            anonymous-auth: false
            max-requests-inflight: 50
            authorization-mode: [Node, RBAC, AlwaysDeny]
            controllers:
              - "*"
              - -cronjob-controller
            disable-admission-plugins: Priority,LimitRanger
            runtime-config:
              api/all: false
              apps/v1: true
            data-dir: /tmp/from-file
            no-scheduler: true
            """);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var (options, api) = (result.Ran!, result.Ran!.ApiServer);
        Assert.Equal((TimeSpan.FromHours(2), false, 50), (api.EventTtl, api.AnonymousAuth, api.MaxRequestsInflight));
        Assert.Equal(["Node", "RBAC", "AlwaysDeny"], api.AuthorizationMode);
        Assert.Equal(["*", "-cronjob-controller"], options.Controllers);
        Assert.Equal(["Priority", "LimitRanger"], api.DisableAdmissionPlugins);
        Assert.Equal(new Dictionary<string, string> { ["api/all"] = "false", ["apps/v1"] = "true" }, api.RuntimeConfig);
        Assert.Equal(("/tmp/from-file", false), (options.DataDirectory, options.RunScheduler));
    }

    [Fact]
    public async Task A_flag_wins_over_the_file()
    {
        var result = await RunAsync("event-ttl: 2h\nauthorization-mode: [RBAC]\ndata-dir: /tmp/from-file\nprofiling: nonsense\n",
            "--event-ttl=3h", "--authorization-mode=AlwaysAllow", "--data-dir=/tmp/from-flag", "--profiling=false");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal(TimeSpan.FromHours(3), result.Ran!.ApiServer.EventTtl);
        Assert.Equal(["AlwaysAllow"], result.Ran.ApiServer.AuthorizationMode);
        Assert.Equal("/tmp/from-flag", result.Ran.DataDirectory);
    }

    [Theory]
    [InlineData("event-ttl: 2h\nevent-tll: 3h\n", "line 2: unknown setting \"event-tll\"; did you mean \"event-ttl\"?")]
    [InlineData("Event_TTL: 3h\n", "line 1: unknown setting \"Event_TTL\"; did you mean \"event-ttl\"?")]
    [InlineData("something-else-altogether: 1\n", "line 1: unknown setting \"something-else-altogether\"")]
    [InlineData("\n\nevent-ttl: soon\n", "line 3: event-ttl: soon is not a duration such as 1h30m, 90s or 500ms")]
    [InlineData("event-ttl: [1h]\n", "line 1: event-ttl takes one value, not a list")]
    [InlineData("event-ttl: {a: b}\n", "line 1: event-ttl takes no mapping")]
    [InlineData("event-ttl:\n", "line 1: event-ttl has no value that could be read")]
    [InlineData("controllers: [[a]]\n", "line 1: controllers has no value that could be read")]
    [InlineData("node-name: one\n", "line 1: \"node-name\" is no setting of coxswain server")]
    [InlineData("- event-ttl\n", "line 1: a configuration is a mapping of settings, such as \"event-ttl: 1h\"")]
    [InlineData("event-ttl: 1h\nevent-ttl: 2h\n", "line 2: Duplicate key event-ttl")]
    [InlineData("event-ttl: \"1h\n", "line 1: ")]
    [InlineData("event-ttl: 1h\n---\nevent-ttl: 2h\n", "line 3: one document is all that a configuration can have")]
    public async Task What_cannot_be_read_is_named_with_its_line(string text, string problem)
    {
        var result = await RunAsync(text);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"coxswain: {_file}, {problem}", result.Error, StringComparison.Ordinal);
        Assert.Null(result.Ran);
    }

    [Fact]
    public async Task An_empty_file_says_nothing_and_a_missing_one_is_an_error()
    {
        Assert.Equal(0, (await RunAsync("# nothing yet\n")).ExitCode);
        var missing = await CommandLine.RunAsync("server", "--config=/nowhere/c.yaml");
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("/nowhere/c.yaml", missing.Error, StringComparison.Ordinal);
    }
}
