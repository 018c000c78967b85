namespace Coxswain.Benchmarks;

/// <summary>Runs the benchmarks whose names contain one of the arguments; without arguments, all.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var chosen = BenchmarkTable.All.Where(entry => args.Length == 0 || args.Any(arg => entry.Name.Contains(arg, StringComparison.OrdinalIgnoreCase))).ToArray();
        if (chosen.Length == 0)
        {
            Console.Error.WriteLine("no such benchmark; there are: " + string.Join(", ", BenchmarkTable.All.Select(entry => entry.Name)));
            return 2;
        }

        foreach (var entry in chosen)
        {
            Console.WriteLine($"## {entry.Name}: {entry.What}");
            await entry.RunAsync();
        }

        return 0;
    }
}
