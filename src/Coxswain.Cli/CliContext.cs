using Coxswain.Lifecycle;

namespace Coxswain.Cli;

/// <summary>What a command may touch: its output, the clock, and the instance's modules, which only the executable knows.</summary>
public sealed record CliContext(TextWriter Out, TextWriter Error, IInstanceHost Host, TimeProvider Clock, string Version);

/// <summary>The work on an instance that needs its modules. The executable implements it; the command line only calls.</summary>
public interface IInstanceHost
{
    /// <summary>Looks whether the settings mean something, before anything is started or written.</summary>
    /// <exception cref="LifecycleException">They do not; the message names the setting and the mend.</exception>
    void Check(ClusterOptions options);

    /// <summary>The names that a setting can take and that only the modules know; none where a setting takes anything.</summary>
    IReadOnlyList<string> ValuesOf(string setting);

    /// <summary>Starts everything in this process, reports each phase, calls <paramref name="ready"/> once, and runs until cancelled.
    /// When it returns, everything it started in this process has ended; containers live on unless a down was requested.</summary>
    Task RunAsync(ClusterOptions options, IProgress<PhaseReport> progress, Action ready, CancellationToken cancellation);

    /// <summary>Stops pods and container runtime that an instance left behind whose process is gone.</summary>
    Task StopNodeAsync(InstanceDirectory directory, IProgress<PhaseReport> progress, CancellationToken cancellation);

    /// <summary>Removes whatever a stopped instance still has on this machine outside its folder, then the folder.</summary>
    Task ResetAsync(InstanceDirectory directory, IProgress<PhaseReport> progress, CancellationToken cancellation);

    /// <summary>Backups and datastores.</summary>
    IStateHost State { get; }

    /// <summary>Loads an OCI or docker archive into the instance's container runtime; the names of its images.</summary>
    Task<IReadOnlyList<string>> ImportImageAsync(InstanceDirectory directory, string archive, CancellationToken cancellation);
}

/// <summary>The work on a cluster's state. What concerns an instance that runs is done by it, what concerns a stopped one by this process.</summary>
public interface IStateHost
{
    /// <summary>Makes a backup and tells where it is.</summary>
    Task<string> CreateBackupAsync(InstanceDirectory directory, BackupRequest request, IProgress<PhaseReport> progress, CancellationToken cancellation);

    /// <summary>The backups of a folder, the newest first. Needs no secret.</summary>
    Task<IReadOnlyList<BackupListing>> ListBackupsAsync(string folder, CancellationToken cancellation);

    /// <summary>Restores a backup into a scratch store in this process and compares.</summary>
    Task<string> VerifyBackupAsync(string file, BackupSecretFile secret, IProgress<PhaseReport> progress, CancellationToken cancellation);

    /// <summary>Restores a backup into a data folder that is empty or not there.</summary>
    Task<string> RestoreBackupAsync(RestoreRequest request, IProgress<PhaseReport> progress, CancellationToken cancellation);

    /// <summary>Moves the state to another datastore.</summary>
    Task<string> MigrateAsync(InstanceDirectory directory, MigrationRequest request, IProgress<PhaseReport> progress, CancellationToken cancellation);
}

/// <summary>Exit codes that scripts may rely on.</summary>
public static class ExitCode
{
    public const int Success = 0;

    /// <summary>The work failed; the reason is on standard error in one sentence.</summary>
    public const int Failure = 1;

    /// <summary>The command line itself was wrong.</summary>
    public const int Usage = 2;

    /// <summary>Nothing runs in this folder (status).</summary>
    public const int NotRunning = 3;
}
