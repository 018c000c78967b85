using Coxswain.Security;

namespace Coxswain.Lifecycle;

/// <summary>Where an instance keeps what: the one place that knows the layout of the data folder.</summary>
public sealed record InstanceDirectory(string Root)
{
    public string AdminKubeConfig => Path.Combine(Root, "admin.kubeconfig");
    public string Pki => Path.Combine(Root, "pki");
    public string Database => Path.Combine(Root, "store", "state.db");

    /// <summary>Says where the state is, if it was moved.</summary>
    public string Datastore => Path.Combine(Root, "datastore");

    /// <summary>What the instance was started with last, for backups of a stopped one.</summary>
    public string Settings => Path.Combine(Root, "settings.json");

    /// <summary>How the last backup by schedule went.</summary>
    public string BackupStatus => Path.Combine(Run, "backup.json");
    public string Logs => Path.Combine(Root, "log");
    public string Log => Path.Combine(Logs, "coxswain.log");
    public string Run => Path.Combine(Root, "run");
    public string InstanceFile => Path.Combine(Run, "instance.json");
    public string LockFile => Path.Combine(Run, "lock");

    /// <summary>While this file is there, a stop of the process also stops the pods.</summary>
    public string DownRequest => Path.Combine(Run, "down-requested");
    public string Node => Path.Combine(Root, "node");

    /// <summary>Makes the folders, readable by their owner only.</summary>
    /// <exception cref="LifecycleException">The folder cannot be made or written.</exception>
    public void Create()
    {
        try
        {
            foreach (var directory in new[] { Root, Pki, Path.GetDirectoryName(Database)!, Logs, Run })
                SecureFile.CreateDirectory(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LifecycleException($"cannot write to {Root}: {e.Message}; choose another folder with --data-dir, or run as its owner", e);
        }
    }

    /// <summary>/var/lib/coxswain as root; else the user's state folder (XDG Base Directory Specification).</summary>
    public static string Default()
    {
        if (Environment.IsPrivilegedProcess)
            return "/var/lib/coxswain";
        var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        return Path.Combine(
            string.IsNullOrEmpty(state) ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state") : state,
            "coxswain");
    }
}

/// <summary>Something about this machine or this call prevents the work. The message is one sentence that names the mend.</summary>
public sealed class LifecycleException(string message, Exception? inner = null) : Exception(message, inner);
