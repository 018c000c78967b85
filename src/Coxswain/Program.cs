using System.Reflection;
using System.Runtime.InteropServices;
using Coxswain.Cli;
using Coxswain.Composition;

namespace Coxswain;

internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        using var stop = new CancellationTokenSource();
        // The first signal asks everything to end in order; the runtime's own handling would end the process under our feet.
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);

        var clock = TimeProvider.System;
        var cli = new CliContext(Console.Out, Console.Error, new InstanceHost(clock), clock, Version);
        return await CommandTable.InvokeAsync(cli, arguments, stop.Token).ConfigureAwait(false);

        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static string Version =>
        typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
