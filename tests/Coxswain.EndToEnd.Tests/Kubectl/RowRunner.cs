using System.Collections.Concurrent;
using System.Diagnostics;

namespace Coxswain.EndToEnd.Tests.Kubectl;

/// <summary>Runs rows against one cluster, several at a time, each in a namespace of its own.</summary>
internal sealed class RowRunner(Instance instance, string prefix)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // A kubectl takes a core for a tenth of a second.
    private readonly SemaphoreSlim _room = new(Math.Max(2, Environment.ProcessorCount));
    private readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);

    public static string Key(Row row, string version) => $"{version} {row.Name}";

    /// <summary>Begins all rows; each test then waits for its own.</summary>
    public async Task BeginAsync(IReadOnlyList<Row> rows, CancellationToken cancellation)
    {
        var all = rows.SelectMany(r => r.Versions.Where(v => File.Exists(Repository.Kubectl(v))), (row, version) => (row, version)).ToList();
        var namespaces = string.Join("---\n", all.Select(r => $"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NamespaceOf(rows, r.row, r.version)}}}\n"));
        foreach (var version in all.Select(r => r.version).Distinct())
        {
            // Discovery is looked up once and remembered on disk.
            await TryAsync(version, "default", ["api-resources"], null, null, cancellation);
        }

        var made = await TryAsync(all[^1].version, "default", ["create", "-f", "-"], namespaces, null, cancellation);
        Assert.True(made.ExitCode == 0, made.Text);
        foreach (var (row, version) in all)
            _running[Key(row, version)] = Task.Run(() => RunAsync(row, version, NamespaceOf(rows, row, version), cancellation), cancellation);
    }

    /// <summary>Waits for a row; its failure is thrown.</summary>
    public Task ResultAsync(string key) => _running[key];

    private string NamespaceOf(IReadOnlyList<Row> rows, Row row, string version) => $"{prefix}-{Part(version)}-{rows.IndexOf(row)}";

    private static string Part(string version) => version.Replace('.', '-');

    private async Task RunAsync(Row row, string version, string @namespace, CancellationToken cancellation)
    {
        var directory = Directory.CreateDirectory(Path.Combine(instance.DataDir, "rows", @namespace)).FullName;
        string Fill(string text) => text.Replace("{ns}", @namespace, StringComparison.Ordinal).Replace("{dir}", directory, StringComparison.Ordinal)
            .Replace("{v}", @namespace, StringComparison.Ordinal).Replace("{port}", $"{instance.Port}", StringComparison.Ordinal);
        foreach (var (name, content) in row.Files)
        {
            var path = Path.Combine(directory, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, Fill(content), cancellation);
            if (content.StartsWith("#!", StringComparison.Ordinal))
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        await _room.WaitAsync(cancellation);
        try
        {
            if (row.Given.Length > 0)
                await StepAsync("create -f -".Works().With(row.Given), version, @namespace, Fill, cancellation);
            foreach (var step in row.Steps.Where(s => s.Version.Length == 0 || s.Version == version))
                await StepAsync(step, version, @namespace, Fill, cancellation);
        }
        finally
        {
            _room.Release();
        }
    }

    private async Task StepAsync(Step step, string version, string @namespace, Func<string, string> fill, CancellationToken cancellation)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var environment = step.Environment.ToDictionary(e => e.Key, e => fill(e.Value));
            var result = step.IsLocal
                ? await Shell.TryAsync(Repository.Kubectl(version), step.Arguments(fill), cancellation, environment: environment)
                : await TryAsync(version, @namespace, [.. step.Arguments(fill)], step.Input is { } input ? fill(input) : null, environment, cancellation);
            try
            {
                step.Expect(result, fill);
                return;
            }
            catch (Xunit.Sdk.XunitException e)
            {
                if (!step.Waits || Stopwatch.GetElapsedTime(since) > Patience)
                    throw new Xunit.Sdk.XunitException($"kubectl {fill(step.Command)}\nended with {result.ExitCode} and printed:\n{result.Output}{result.Error}\n{e.Message}", e);
            }

            await Task.Delay(100, cancellation);
        }
    }

    private Task<Shell.Result> TryAsync(
        string version, string @namespace, IReadOnlyList<string> arguments, string? input, IReadOnlyDictionary<string, string>? environment, CancellationToken cancellation)
    {
        var completion = arguments[0] == "__complete";
        string[] scope = arguments.Contains("-A") || arguments.Contains("-n") ? [] : ["-n", @namespace];
        return Shell.TryAsync(Repository.Kubectl(version),
            [.. completion ? arguments.Take(1) : [], "--kubeconfig", instance.KubeConfig, "--cache-dir", Path.Combine(instance.DataDir, "cache-" + version), .. scope, .. arguments.Skip(completion ? 1 : 0)],
            cancellation, input, environment: environment);
    }
}

file static class Lists
{
    public static int IndexOf(this IReadOnlyList<Row> rows, Row row)
    {
        for (var i = 0; i < rows.Count; i++)
            if (ReferenceEquals(rows[i], row))
                return i;
        return -1;
    }
}
