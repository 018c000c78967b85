using System.Security.Cryptography;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Which node ports are taken. Safe for concurrent use.</summary>
/// <remarks>The services in the store are the truth; the pool is filled from them once, and follows what this process does.</remarks>
internal sealed class NodePortPool(PortRange range)
{
    // The first part of the range is left to those who choose ports by hand, as long as the rest suffices.
    private readonly int reserved = Math.Min(Math.Max((range.Last - range.First + 1) / 32, 16), 128);
    private readonly HashSet<int> taken = [];
    private readonly Lock gate = new();

    public PortRange Range => range;

    public bool TryTake(int port)
    {
        lock (gate)
            return taken.Add(port);
    }

    public bool IsFree(int port)
    {
        lock (gate)
            return !taken.Contains(port);
    }

    /// <summary>A free port; null when there is none.</summary>
    /// <param name="keep">Whether it is taken, or only named.</param>
    public int? TakeAny(bool keep)
    {
        lock (gate)
            return Any(range.First + reserved, range.Last, keep) ?? Any(range.First, range.Last, keep);
    }

    public void Release(int port)
    {
        lock (gate)
            taken.Remove(port);
    }

    private int? Any(int first, int last, bool keep)
    {
        var count = last - first + 1;
        if (count <= 0)
            return null;
        var start = RandomNumberGenerator.GetInt32(count);
        for (var i = 0; i < count; i++)
        {
            var port = first + ((start + i) % count);
            if (taken.Contains(port))
                continue;
            if (keep)
                taken.Add(port);
            return port;
        }

        return null;
    }
}
