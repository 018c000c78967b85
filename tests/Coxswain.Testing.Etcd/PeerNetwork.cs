using System.Globalization;

namespace Coxswain.Testing.Etcd;

/// <summary>What the network between the members does at the moment: which links are cut, and how slow all are.</summary>
internal sealed class PeerNetwork(IReadOnlyList<EtcdMember> members)
{
    private readonly Lock _gate = new();
    private readonly HashSet<int> _isolated = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan _delay;

    public TimeSpan Delay
    {
        get
        {
            lock (_gate)
                return _delay;
        }

        set
        {
            lock (_gate)
                _delay = value;
        }
    }

    public void Isolate(int member, bool isolated)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            if (isolated)
                _isolated.Add(member);
            else
                _isolated.Remove(member);
            (changed, _changed) = (_changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        changed.SetResult();
    }

    /// <summary>Waits while the link between two members is cut: what was sent meanwhile arrives afterwards, as TCP does it.</summary>
    /// <param name="from">Who sends; looked up only while something is cut.</param>
    public async ValueTask PassAsync(Lazy<int?> from, int to, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_isolated.Count == 0 || (!_isolated.Contains(to) && !(from.Value is { } sender && _isolated.Contains(sender))))
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Which member's process holds the loopback connection that comes from a port; null: none of them.</summary>
    public int? Owner(int port)
    {
        var address = "0100007F:" + port.ToString("X4", CultureInfo.InvariantCulture);
        string? socket = null;
        foreach (var line in File.ReadLines("/proc/net/tcp"))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9 && fields[1] == address)
                socket = $"socket:[{fields[9]}]";
        }

        if (socket is null)
            return null;
        for (var i = 0; i < members.Count; i++)
        {
            if (members[i].ProcessId is var process and not 0 && Holds(process, socket))
                return i;
        }

        return null;
    }

    private static bool Holds(int process, string socket)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Any(link => new FileInfo(link).LinkTarget == socket);
        }
        catch (IOException)
        {
            // The process, or one of its files, went away while we looked.
            return false;
        }
    }
}
