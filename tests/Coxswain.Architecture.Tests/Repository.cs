using System.Runtime.CompilerServices;

namespace Coxswain.Architecture.Tests;

/// <summary>The repository as files.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static IEnumerable<string> SourceProjects() =>
        Directory.GetDirectories(Path.Combine(Root, "src")).Where(d => Directory.GetFiles(d, "*.csproj").Length > 0).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal);

    private static string Find([CallerFilePath] string here = "")
    {
        // A deterministic build maps source paths away; then the folder of the test's own assembly leads up to the root.
        for (var directory = File.Exists(here) ? Path.GetDirectoryName(here) : AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, "Coxswain.slnx")))
                return directory;
        }

        throw new InvalidOperationException("the tests do not run inside the repository");
    }
}
