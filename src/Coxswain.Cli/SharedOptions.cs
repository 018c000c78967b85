using System.CommandLine;
using Coxswain.Lifecycle;

namespace Coxswain.Cli;

/// <summary>Options that every command has.</summary>
internal static class SharedOptions
{
    public static Option<string> DataDirectory { get; } = new("--data-dir")
    {
        Description = "The folder that holds everything of this instance",
        HelpName = "DIR",
        Recursive = true,
        DefaultValueFactory = _ => InstanceDirectory.Default(),
    };

    public static InstanceDirectory Instance(this ParseResult parsed) =>
        new(Path.GetFullPath(parsed.GetValue(DataDirectory)!));

    /// <summary>Whether the folder was named, rather than left to the default.</summary>
    public static bool HasDataDirectory(this ParseResult parsed) => parsed.GetResult(DataDirectory) is { Implicit: false };
}
