using Coxswain.Scheduler.Preemption;

namespace Coxswain.Scheduler.Configuration;

/// <summary>Turns what a configuration says of a profile into its plug-ins, by upstream's rules of which extension point overrides which.</summary>
public static class ProfileBuilder
{
    internal static readonly string[] Points =
        ["preEnqueue", "queueSort", "preFilter", "filter", "postFilter", "preScore", "score", "reserve", "permit", "preBind", "bind", "postBind"];

    /// <exception cref="ConfigurationException">A plug-in that there is not, or one that cannot be left out is.</exception>
    public static Profile Build(SchedulerConfiguration configuration, ProfileConfiguration profile, PluginHost host)
    {
        var made = new Dictionary<string, IPlugin>(StringComparer.Ordinal);
        // What an extender keeps account of is not counted here.
        var arguments = profile.Arguments with
        {
            IgnoredResources = profile.Arguments.IgnoredResources.Concat(configuration.Extenders.SelectMany(e => e.IgnoredByScheduler)).ToHashSet(StringComparer.Ordinal),
        };
        var multi = MultiPoint(profile);
        var queueSort = At("queueSort");
        if (queueSort.Count != 1)
            throw Wrong($"only one queue sort plugin required for profile with scheduler name \"{profile.SchedulerName}\", but got {queueSort.Count}");
        if (At("bind").Count == 0)
            throw Wrong($"at least one bind plugin is needed for profile with scheduler name \"{profile.SchedulerName}\"");
        // Who filters prepares, too: one without the other cannot work, so that the list of preFilter says nothing more.
        At("preFilter");
        At("preScore");
        var filters = At("filter").Select(e => e.Name).ToList();
        var binds = At("reserve").Select(e => e.Name).Union(At("preBind").Select(e => e.Name)).ToList();
        return new()
        {
            SchedulerName = profile.SchedulerName,
            Enqueue = [.. At("preEnqueue").Select(e => Plugin(e.Name)).OfType<IEnqueuePlugin>()],
            Filters = [.. filters.Select(Plugin).OfType<IFilterPlugin>()],
            Scores = [.. At("score").Select(e => (Plugin(e.Name) as IScorePlugin, e.Weight)).Where(s => s.Item1 is not null).Select(s => (s.Item1!, s.Weight))],
            Binds = [.. binds.Select(Plugin).OfType<IBindPlugin>()],
            Preemption = At("postFilter").Select(e => Plugin(e.Name)).OfType<DefaultPreemption>().FirstOrDefault(),
            PercentageOfNodesToScore = profile.PercentageOfNodesToScore ?? configuration.PercentageOfNodesToScore,
        };

        ConfigurationException Wrong(string why) => new($"initializing profiles: creating profile for scheduler name {profile.SchedulerName}: {why}");

        IPlugin Plugin(string name)
        {
            if (!made.TryGetValue(name, out var plugin))
                made[name] = plugin = PluginTable.Find(name)!.Make(arguments, host);
            return plugin;
        }

        List<EnabledPlugin> At(string point)
        {
            var set = profile.Plugins.GetValueOrDefault(point) ?? new([], []);
            foreach (var enabled in set.Enabled)
            {
                if (PluginTable.Find(enabled.Name) is not { } entry)
                    throw Wrong($"{point} plugin \"{enabled.Name}\" does not exist");
                if (!entry.Points.Contains(point))
                    throw Wrong($"plugin \"{enabled.Name}\" does not extend {point} plugin");
            }

            if (set.Enabled.GroupBy(e => e.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
                throw Wrong($"plugin \"{twice.Key}\" already registered as \"{point}\"");
            var left = set.Disabled.Contains("*") ? [] : multi.Where(m => PluginTable.Find(m.Name)!.Points.Contains(point) && !set.Disabled.Contains(m.Name)).ToList();
            // Those named here that would have been there anyway come first, in the order of here; then the rest; then what is new.
            var over = set.Enabled.Where(e => left.Exists(m => m.Name == e.Name)).ToList();
            return
            [
                .. over.Select(Weighted),
                .. left.Where(m => !over.Exists(o => o.Name == m.Name)).Select(Weighted),
                .. set.Enabled.Where(e => !over.Contains(e)).Select(Weighted),
            ];
        }
    }

    private static EnabledPlugin Weighted(EnabledPlugin plugin) => plugin.Weight > 0 ? plugin : plugin with { Weight = Math.Max(1, PluginTable.Find(plugin.Name)!.Weight) };

    /// <summary>The default plug-ins with what the profile says of all points at once: replaced ones keep their place, others follow.</summary>
    private static List<EnabledPlugin> MultiPoint(ProfileConfiguration profile)
    {
        var set = profile.Plugins.GetValueOrDefault("multiPoint") ?? new([], []);
        foreach (var enabled in set.Enabled)
        {
            if (PluginTable.Find(enabled.Name) is null)
                throw new ConfigurationException($"initializing profiles: creating profile for scheduler name {profile.SchedulerName}: plugin \"{enabled.Name}\" does not exist");
        }

        var defaults = set.Disabled.Contains("*") ? [] : PluginTable.All.Where(p => !set.Disabled.Contains(p.Name)).Select(p => new EnabledPlugin(p.Name, p.Weight)).ToList();
        return
        [
            .. defaults.Select(d => set.Enabled.FirstOrDefault(e => e.Name == d.Name) ?? d),
            .. set.Enabled.Where(e => !defaults.Exists(d => d.Name == e.Name)),
        ];
    }
}
