using System.Globalization;
using System.Runtime.InteropServices;

namespace Coxswain.Node.Status;

/// <summary>What a machine is. Does not change while it runs.</summary>
internal sealed record MachineFacts
{
    public required int ProcessorCount { get; init; }
    public required long MemoryBytes { get; init; }
    public required string MachineId { get; init; }
    public required string SystemUuid { get; init; }
    public required string BootId { get; init; }
    public required string KernelVersion { get; init; }
    public required string OsImage { get; init; }

    /// <summary>As Go names it: amd64, arm64, ...</summary>
    public required string Architecture { get; init; }

    /// <summary>Reserved huge pages in bytes, by size ("2Mi").</summary>
    public IReadOnlyDictionary<string, long> Hugepages { get; init; } = new Dictionary<string, long>();

    public static MachineFacts Read(IReadOnlyList<string> hugepageSizes) => new()
    {
        ProcessorCount = Environment.ProcessorCount,
        MemoryBytes = Memory("MemTotal:"),
        MachineId = ReadLine("/etc/machine-id"),
        SystemUuid = ReadLine("/sys/class/dmi/id/product_uuid").ToLowerInvariant(),
        BootId = ReadLine("/proc/sys/kernel/random/boot_id"),
        KernelVersion = ReadLine("/proc/sys/kernel/osrelease"),
        OsImage = OsName(),
        Architecture = RuntimeInformation.OSArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => "amd64",
            System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
            System.Runtime.InteropServices.Architecture.Arm => "arm",
            System.Runtime.InteropServices.Architecture.Ppc64le => "ppc64le",
            System.Runtime.InteropServices.Architecture.S390x => "s390x",
            System.Runtime.InteropServices.Architecture.RiscV64 => "riscv64",
            var other => other.ToString().ToLowerInvariant(),
        },
        Hugepages = hugepageSizes.ToDictionary(size => size, ReservedHugepages, StringComparer.Ordinal),
    };

    /// <summary>Memory that can still be given out, now.</summary>
    public static long AvailableMemory() => Memory("MemAvailable:");

    private static long Memory(string field)
    {
        foreach (var line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith(field, StringComparison.Ordinal)
                && long.TryParse(line[field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture, out var kib))
            {
                return kib * 1024;
            }
        }

        return 0;
    }

    private static long ReservedHugepages(string size)
    {
        var bytes = size[^2] switch { 'G' => 1L << 30, 'M' => 1L << 20, _ => 1L << 10 } * long.Parse(size[..^2], CultureInfo.InvariantCulture);
        var count = ReadLine($"/sys/kernel/mm/hugepages/hugepages-{bytes / 1024}kB/nr_hugepages");
        return long.TryParse(count, CultureInfo.InvariantCulture, out var pages) ? pages * bytes : 0;
    }

    private static string OsName()
    {
        const string field = "PRETTY_NAME=";
        foreach (var path in (ReadOnlySpan<string>)["/etc/os-release", "/usr/lib/os-release"])
        {
            if (!File.Exists(path))
                continue;
            foreach (var line in File.ReadLines(path))
            {
                if (line.StartsWith(field, StringComparison.Ordinal))
                    return line[field.Length..].Trim('"', '\'');
            }
        }

        return "Linux";
    }

    // Not every machine has each of these, nor may everyone read them.
    private static string ReadLine(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
