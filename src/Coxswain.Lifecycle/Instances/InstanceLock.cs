namespace Coxswain.Lifecycle;

/// <summary>Holds an instance's folder for one process. The kernel lets go of it when the process ends, however it ends.</summary>
public sealed class InstanceLock : IDisposable
{
    private readonly FileStream _file;

    private InstanceLock(FileStream file) => _file = file;

    /// <exception cref="LifecycleException">Another process holds the folder.</exception>
    public static InstanceLock Acquire(InstanceDirectory directory) =>
        TryAcquire(directory) ?? throw new LifecycleException(
            InstanceRecord.Read(directory) is { } record && record.IsAlive()
                ? $"Coxswain already runs in {directory.Root} (process {record.Pid}); see coxswain status, or choose another --data-dir"
                : $"another process holds {directory.LockFile}; choose another --data-dir or end it");

    public static InstanceLock? TryAcquire(InstanceDirectory directory)
    {
        try
        {
            // FileShare.None takes an advisory flock(2) on Linux.
            return new(new FileStream(directory.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException) when (File.Exists(directory.LockFile))
        {
            return null;
        }
    }

    public void Dispose() => _file.Dispose();
}
