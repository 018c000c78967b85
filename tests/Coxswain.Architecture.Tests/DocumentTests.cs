using System.Text.RegularExpressions;

namespace Coxswain.Architecture.Tests;

public sealed partial class DocumentTests
{
    public static TheoryData<string> Documents() =>
    [
        .. Directory.GetFiles(Repository.Root, "*.md", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Repository.Root, f))
            .Where(f => !f.StartsWith("artifacts", StringComparison.Ordinal) && !f.StartsWith("tools", StringComparison.Ordinal) && !f.StartsWith("schema/facts", StringComparison.Ordinal)
                && !f.Contains("node_modules", StringComparison.Ordinal)),
    ];

    [Theory]
    [MemberData(nameof(Documents))]
    public void A_link_inside_the_repository_leads_somewhere(string document)
    {
        foreach (Match link in Link().Matches(Repository.Read(document)))
        {
            var target = link.Groups[1].Value.Split('#')[0];
            if (target.Length == 0 || target.Contains("://", StringComparison.Ordinal))
                continue;
            var path = Path.Combine(Repository.Root, Path.GetDirectoryName(document)!, target);
            Assert.True(File.Exists(path) || Directory.Exists(path), $"{document} links to {target}, which is not there");
        }
    }

    [Fact]
    public void Every_folder_of_the_map_in_the_readme_exists()
    {
        var folders = MapRow().Matches(Repository.Read("README.md")).Select(m => m.Groups[1].Value).ToList();
        Assert.NotEmpty(folders);
        Assert.All(folders, f => Assert.True(Path.Exists(Path.Combine(Repository.Root, f)), $"README.md names {f}, which is not there"));
    }

    [Theory]
    [MemberData(nameof(LockFiles))]
    public void No_configuration_or_lock_file_of_packages_names_a_host(string file)
    {
        Assert.DoesNotContain("://", Repository.Read(file), StringComparison.Ordinal);
    }

    public static TheoryData<string> LockFiles() =>
    [
        .. new[] { "src", "tests", "bench" }.Select(d => Path.Combine(Repository.Root, d)).Where(Directory.Exists)
            .SelectMany(d => Directory.GetFiles(d, "packages.lock.json", SearchOption.AllDirectories))
            .Concat(Directory.GetFiles(Repository.Root, "Directory.*.props")).Select(f => Path.GetRelativePath(Repository.Root, f)),
    ];

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\| `([a-zA-Z./-]+)` \|", RegexOptions.Multiline)]
    private static partial Regex MapRow();
}
