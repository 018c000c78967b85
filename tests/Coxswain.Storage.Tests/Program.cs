using Coxswain.Storage.Tests.Processes;

namespace Coxswain.Storage.Tests;

/// <summary>Runs the tests, or one of the roles that tests need in another process.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args) => args switch
    {
        [CrashWriter.Role, var path, var round, var from] => await CrashWriter.RunAsync(path, round, from),
        [FullDisk.Role, var path] => await FullDisk.RunAsync(path),
        [LockProbe.Role, var path] => await LockProbe.RunAsync(path),
        _ when args.Contains("--server") || args.Contains("--internal-msbuild-node") =>
            await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
        _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
    };
}
