using System.Text.RegularExpressions;

namespace Coxswain.EndToEnd.Tests.Kubectl;

/// <summary>One call of kubectl, and what it must say.</summary>
/// <param name="Command">Without "kubectl" and the namespace. {ns}, {dir} and {v} stand for the row's namespace, its folder, and a name part of its version.</param>
internal sealed record Step(string Command, Action<Shell.Result, Func<string, string>> Expect)
{
    public string? Input { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The wish is looked at again until it holds: something in the cluster has to come about first.</summary>
    public bool Waits { get; init; }

    /// <summary>The one version that makes this step; empty: all.</summary>
    public string Version { get; init; } = "";

    /// <summary>Takes no flags of ours: it asks no server.</summary>
    public bool IsLocal { get; init; }

    public IEnumerable<string> Arguments(Func<string, string> fill) => Split(Command).Select(fill);

    /// <summary>Words as a shell would see them; quotes hold together what belongs together.</summary>
    private static IEnumerable<string> Split(string command) =>
        Regex.Matches(command, @"(?:[^\s'""]+|'[^']*'|""[^""]*"")+").Select(m => Regex.Replace(m.Value, @"'([^']*)'|""([^""]*)""", q => q.Groups[1].Value + q.Groups[2].Value));
}

/// <summary>A sentence, what must be there before, and the calls that prove it.</summary>
internal sealed record Row(string Name, params Step[] Steps)
{
    /// <summary>Objects to create first, as YAML.</summary>
    public string Given { get; init; } = "";

    /// <summary>Files in {dir}.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>1.20 and sid, unless the verb is newer, or needs API versions that v1.36 does not serve any more.</summary>
    public IReadOnlyList<string> Versions { get; init; } = ["1.20", "sid"];

    public override string ToString() => Name;
}

/// <summary>The ways to say what a call must print.</summary>
internal static class Say
{
    /// <summary>Exactly this on standard output, surrounding white space left out.</summary>
    public static Step Says(this string command, string output) => new(command, (result, fill) =>
    {
        Succeeded(result);
        Assert.Equal(fill(output).ReplaceLineEndings("\n").Trim(), result.Output.Trim());
    });

    /// <summary>All of these on standard output.</summary>
    public static Step Mentions(this string command, params string[] parts) => new(command, (result, fill) =>
    {
        Succeeded(result);
        Assert.All(parts, p => Assert.Contains(fill(p), result.Output, StringComparison.Ordinal));
    });

    /// <summary>Standard output matches.</summary>
    public static Step Matches(this string command, string pattern) => new(command, (result, fill) =>
    {
        Succeeded(result);
        Assert.Matches(new Regex(fill(pattern), RegexOptions.Multiline), result.Output);
    });

    /// <summary>Ends with an error that says this.</summary>
    public static Step Fails(this string command, string error) => new(command, (result, fill) =>
    {
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(fill(error), result.Error, StringComparison.Ordinal);
    });

    /// <summary>Ends with this exit code and prints all of these.</summary>
    public static Step Ends(this string command, int exitCode, params string[] parts) => new(command, (result, fill) =>
    {
        Assert.True(result.ExitCode == exitCode, $"ended with {result.ExitCode}: {result.Text}");
        Assert.All(parts, p => Assert.Contains(fill(p), result.Output, StringComparison.Ordinal));
    });

    /// <summary>Succeeds and warns with this on standard error.</summary>
    public static Step Warns(this string command, string warning) => new(command, (result, fill) =>
    {
        Succeeded(result);
        Assert.Contains(fill(warning), result.Error, StringComparison.Ordinal);
    });

    /// <summary>Prints all of these, however it ends: a watch that is cut off ends with an error.</summary>
    public static Step Prints(this string command, params string[] parts) => new(command, (result, fill) =>
        Assert.All(parts, p => Assert.Contains(fill(p), result.Output, StringComparison.Ordinal)));

    public static Step Works(this string command) => new(command, (result, _) => Succeeded(result));

    public static Step With(this Step step, string input) => step with { Input = input };

    public static Step Env(this Step step, string name, string value) =>
        step with { Environment = new Dictionary<string, string>(step.Environment) { [name] = value } };

    public static Step Soon(this Step step) => step with { Waits = true };

    public static Step OnlyIn(this Step step, string version) => step with { Version = version };

    public static Step Local(this Step step) => step with { IsLocal = true };

    private static void Succeeded(Shell.Result result) => Assert.True(result.ExitCode == 0, $"ended with {result.ExitCode}: {result.Text}");
}
