using Coxswain.Lifecycle;

namespace Coxswain.Composition;

/// <summary>Who this instance is among the servers of a cluster.</summary>
internal static class InstanceIdentity
{
    /// <summary>The host's name and what was drawn when the data folder was made. The same after a restart, so that an instance that was
    /// killed goes on at once with the Leases it holds: only one process at a time has the folder.</summary>
    public static string Of(InstanceDirectory directory)
    {
        var file = Path.Combine(directory.Run, "identity");
        if (!File.Exists(file))
            File.WriteAllText(file, Guid.NewGuid().ToString());
        return $"{System.Net.Dns.GetHostName()}_{File.ReadAllText(file).Trim()}";
    }
}
