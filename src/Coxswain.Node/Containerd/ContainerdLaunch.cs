using Coxswain.Node.Host;

namespace Coxswain.Node.Containerd;

/// <summary>How containerd is started so that it outlives the process that starts it. Pure.</summary>
internal static class ContainerdLaunch
{
    // The shell only opens the log and writes its own process id, which the program then inherits.
    // Roots of containers get their modes from this umask: with a stricter one nobody but root could enter them.
    private const string Script = "umask 022 && echo $$ > \"$1\" && exec \"$2\" --config \"$3\" --log-level info < /dev/null >> \"$4\" 2>&1";

    /// <summary>A session of its own, and the parent is gone at once: PID 1, whatever it is, becomes the parent.</summary>
    public static (string Program, IReadOnlyList<string> Arguments) Detached(NodeInstance instance, string containerd) =>
        ("setsid", ["--fork", .. Shell(instance, containerd)]);

    /// <summary>A unit of its own: stopping ours, or logging out, must not take containerd and all containers along. Limits are those
    /// of the distribution's own containerd unit: containers inherit them.</summary>
    public static (string Program, IReadOnlyList<string> Arguments) Unit(NodeInstance instance, string containerd) =>
        ("systemd-run",
        [
            "--quiet", "--collect", "--unit", "coxswain" + instance.Id + "-containerd",
            "--description", "containerd of coxswain in " + instance.DataDir,
            "--property", "KillMode=process", "--property", "Delegate=yes", "--property", "OOMScoreAdjust=-999",
            "--property", "TasksMax=infinity", "--property", "LimitNOFILE=1048576", "--property", "LimitNPROC=infinity",
            .. Shell(instance, containerd),
        ]);

    /// <summary>Starts it, as a unit where systemd is master; a systemd that does not answer (in a container) is done without.</summary>
    public static async Task StartAsync(NodeInstance instance, string containerd, HostFeatures features, CancellationToken cancellation)
    {
        if (features.SystemdCgroup)
        {
            var (run, unit) = Unit(instance, containerd);
            if ((await HostCommand.RunAsync(run, unit, input: null, cancellation)).Succeeded)
                return;
        }
        var (program, arguments) = Detached(instance, containerd);
        await HostCommand.GetOutputAsync(program, arguments, input: null, cancellation);
    }

    private static string[] Shell(NodeInstance instance, string containerd) =>
        ["sh", "-c", Script, "sh", instance.ContainerdPidFile, containerd, instance.ContainerdConfigFile, instance.ContainerdLogFile];
}
