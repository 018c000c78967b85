using System.Globalization;

namespace Coxswain.Node.Host;

/// <param name="CommandLine">Arguments joined by blanks; empty for kernel threads and zombies.</param>
internal sealed record HostProcess(int Id, int ParentId, string CommandLine);

/// <summary>The processes of this machine, from /proc.</summary>
internal static class HostProcesses
{
    public static IReadOnlyList<HostProcess> List()
    {
        var found = new List<HostProcess>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Find(id) is { } process)
                found.Add(process);
        }
        return found;
    }

    /// <summary>A process that is there and no zombie, or null.</summary>
    public static HostProcess? Find(int id)
    {
        try
        {
            // "pid (name) state ppid ...", where the name may hold blanks and parentheses.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            if (fields[0] is "Z" or "X")
                return null;
            var command = File.ReadAllText($"/proc/{id}/cmdline").TrimEnd('\0').Replace('\0', ' ');
            return new(id, int.Parse(fields[1], CultureInfo.InvariantCulture), command);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The given processes and all that descend from them, the youngest generation first.</summary>
    public static IReadOnlyList<HostProcess> WithDescendants(IReadOnlyList<HostProcess> all, IEnumerable<HostProcess> roots)
    {
        var children = all.ToLookup(p => p.ParentId);
        var found = new List<HostProcess>();
        var next = new Queue<HostProcess>(roots);
        var seen = new HashSet<int>();
        while (next.TryDequeue(out var process))
        {
            if (!seen.Add(process.Id))
                continue;
            found.Add(process);
            foreach (var child in children[process.Id])
                next.Enqueue(child);
        }
        found.Reverse();
        return found;
    }
}
