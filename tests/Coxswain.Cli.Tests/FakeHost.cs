using Coxswain.ApiServer;
using Coxswain.Controllers;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Tests;

/// <summary>Takes note of what it is asked to run, and knows the names that the real modules know.</summary>
internal sealed class FakeHost : IInstanceHost, IStateHost
{
    public ClusterOptions? Ran { get; private set; }

    /// <summary>What it was asked to do with state.</summary>
    public List<object> Asked { get; } = [];

    public IReadOnlyList<BackupListing> Backups { get; init; } = [];

    public IStateHost State => this;

    public Task<string> CreateBackupAsync(InstanceDirectory directory, BackupRequest request, IProgress<PhaseReport> progress, CancellationToken cancellation) => Note(request, progress);

    public Task<IReadOnlyList<BackupListing>> ListBackupsAsync(string folder, CancellationToken cancellation) => Task.FromResult(Backups);

    public Task<string> VerifyBackupAsync(string file, BackupSecretFile secret, IProgress<PhaseReport> progress, CancellationToken cancellation) => Note((file, secret), progress);

    public Task<string> RestoreBackupAsync(RestoreRequest request, IProgress<PhaseReport> progress, CancellationToken cancellation) => Note(request, progress);

    public Task<string> MigrateAsync(InstanceDirectory directory, MigrationRequest request, IProgress<PhaseReport> progress, CancellationToken cancellation) => Note(request, progress);

    private Task<string> Note(object asked, IProgress<PhaseReport> progress)
    {
        Asked.Add(asked);
        progress.Report(new("phase", TimeSpan.Zero, "detail", null));
        return Task.FromResult("the result");
    }

    public void Check(ClusterOptions options)
    {
    }

    public IReadOnlyList<string> ValuesOf(string setting) => setting switch
    {
        "authorization-mode" => ApiServerOptionsCheck.AuthorizationModes,
        "enable-admission-plugins" or "disable-admission-plugins" => ApiServerOptionsCheck.AdmissionPlugins,
        "controllers" => ControllerManager.Names,
        _ => [],
    };

    public Task RunAsync(ClusterOptions options, IProgress<PhaseReport> progress, Action ready, CancellationToken cancellation)
    {
        Ran = options;
        return Task.CompletedTask;
    }

    public Task StopNodeAsync(InstanceDirectory directory, IProgress<PhaseReport> progress, CancellationToken cancellation) => Task.CompletedTask;

    public Task ResetAsync(InstanceDirectory directory, IProgress<PhaseReport> progress, CancellationToken cancellation) => Task.CompletedTask;

    public Task<IReadOnlyList<string>> ImportImageAsync(InstanceDirectory directory, string archive, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<string>>([]);
}

/// <summary>One command line, run as the executable would.</summary>
internal sealed record CommandLine(int ExitCode, string Output, string Error, ClusterOptions? Ran)
{
    public static async Task<CommandLine> RunAsync(params string[] arguments)
    {
        var host = new FakeHost();
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exit = await CommandTable.InvokeAsync(new(output, error, host, TimeProvider.System, "test"), arguments, TestContext.Current.CancellationToken);
        return new(exit, output.ToString(), error.ToString(), host.Ran);
    }

    /// <summary>The options that <c>coxswain server</c> runs with.</summary>
    public static async Task<ClusterOptions> OptionsAsync(params string[] flags)
    {
        var result = await RunAsync(["server", .. flags]);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Ran!;
    }
}
