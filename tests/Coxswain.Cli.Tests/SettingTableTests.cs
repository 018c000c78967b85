using System.Globalization;
using System.Text;
using Coxswain.Cli.Settings;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Tests;

/// <summary>The table is right in itself, and help and the reference page say what it says.</summary>
public sealed class SettingTableTests
{
    public static TheoryData<string> Names() => [.. SettingTable.All.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_setting_written_down_reads_back(string name)
    {
        var setting = SettingTable.Find(name)!;
        Assert.Matches("^[a-z][a-z0-9-]+$", name);
        Assert.EndsWith(".", setting.Help, StringComparison.Ordinal);
        Assert.Single(SettingTable.All, s => s.Name == name);
        var defaults = new ClusterOptions { DataDirectory = "/a" };
        Assert.Equal(setting.Show(defaults), setting.Show(setting.Apply(defaults, [setting.Show(defaults)])));
        if (setting.IsSwitch)
            Assert.NotEqual(setting.Show(defaults), setting.Show(setting.Apply(defaults, [setting.Show(defaults) == "true" ? "false" : "true"])));
    }

    [Theory]
    [InlineData("up", SettingRoles.Up)]
    [InlineData("server", SettingRoles.Server)]
    public async Task Help_names_every_setting_of_the_command_with_its_default_and_what_it_takes(string command, SettingRoles role)
    {
        var help = await CommandLine.RunAsync(command, "--help");
        Assert.Equal(0, help.ExitCode);
        foreach (var setting in SettingTable.All)
            Assert.Equal(setting.Roles.HasFlag(role), help.Output.Contains($"  --{setting.Name} ", StringComparison.Ordinal) || help.Output.Contains($"  --{setting.Name}\n", StringComparison.Ordinal));
        Assert.Contains("--event-ttl DURATION   (default: 1h0m0s)", help.Output, StringComparison.Ordinal);
        Assert.Contains("NamespaceLifecycle", help.Output, StringComparison.Ordinal);
        Assert.Contains("--config FILE", help.Output, StringComparison.Ordinal);
        Assert.Contains("Examples:", help.Output, StringComparison.Ordinal);
        Assert.All(help.Output.Split('\n'), line => Assert.True(line.Length <= 140, line));
    }

    [Fact]
    public async Task Help_of_all_commands_names_both()
    {
        var help = await CommandLine.RunAsync("--help");
        Assert.Contains("server", help.Output, StringComparison.Ordinal);
        Assert.Contains("Show what runs", help.Output, StringComparison.Ordinal);
    }

    /// <summary>COXSWAIN_WRITE_DOCS=1 writes the page anew.</summary>
    [Fact]
    public async Task The_reference_page_says_what_the_table_says()
    {
        var path = Path.Combine(Repository(), "docs", "reference", "settings.md");
        var page = Page();
        if (Environment.GetEnvironmentVariable("COXSWAIN_WRITE_DOCS") == "1")
            await File.WriteAllTextAsync(path, page, TestContext.Current.CancellationToken);
        Assert.Equal(page, await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    private static string Page()
    {
        var host = new FakeHost();
        var page = new StringBuilder();
        page.Append(
            """
            # Settings

            What `coxswain up` and `coxswain server` can be told: by a flag (`--event-ttl=2h`), or by a line of the file that `--config` names
            (`event-ttl: 2h`). A flag wins over the file. Names with a star are those of upstream's kube-apiserver and kube-controller-manager,
            and mean the same.

            Flags are written `--name=value` or `--name value`; a switch alone is true, `--name=false` turns it off; underscores count as dashes.
            Lists take commas, or the flag several times. Times are `1h30m`, `90s`, `500ms`.

            The file is YAML. Lists may be sequences, and `runtime-config` a mapping; a name that is not known, or a value that cannot be read,
            is an error that names the line:

            ```yaml
            # /etc/coxswain/config.yaml, for: coxswain server --config=/etc/coxswain/config.yaml
            event-ttl: 2h
            authorization-mode: [Node, RBAC]
            controllers: ["*", -cronjob-controller]
            runtime-config:
              autoscaling/v1: false
            ```

            This page is written by a test from the table in `src/Coxswain.Cli/Settings/SettingTable.cs`.

            """);
        foreach (var section in SettingTable.All.GroupBy(s => s.Section))
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {section.Key}\n\n| setting | takes | default | command | what it does |\n|---|---|---|---|---|\n");
            foreach (var s in section)
            {
                var command = s.Roles switch { SettingRoles.Up => "up", SettingRoles.Server => "server", _ => "both" };
                var takes = s.ValueName.Length > 0 ? $"`{s.ValueName}`" : "true, false";
                page.Append(CultureInfo.InvariantCulture, $"| `{s.Name}`{(s.IsUpstreams ? " *" : "")} | {takes} | {s.Default.Replace("*", "`*`", StringComparison.Ordinal)} | {command} | {s.Help.Replace("|", "\\|", StringComparison.Ordinal)} |\n");
            }
        }

        page.Append("\n## Names\n");
        foreach (var name in new[] { "authorization-mode", "enable-admission-plugins", "controllers" })
            page.Append(CultureInfo.InvariantCulture, $"\n`{name}`: {string.Join(", ", host.ValuesOf(name))}.\n");
        page.Append(
            """

            `disable-admission-plugins` takes the names of `enable-admission-plugins`. The plug-ins of upstream that are on by default, and for which
            there is nothing to do here yet (ClusterTrustBundleAttest, PodTopologyLabels), are known and do nothing.
            Names of upstream's other controllers, and its short names (`garbagecollector`), are taken too.

            """);
        return page.ToString();
    }

    // Not by the path of this file: a build in CI does not know it.
    private static string Repository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Coxswain.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside of the repository.");
        return folder;
    }
}
