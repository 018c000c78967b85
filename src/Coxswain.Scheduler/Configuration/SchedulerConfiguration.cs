namespace Coxswain.Scheduler.Configuration;

/// <summary>What a KubeSchedulerConfiguration says, defaulted and checked.</summary>
public sealed record SchedulerConfiguration
{
    /// <summary>Upstream's defaults.</summary>
    public static SchedulerConfiguration Default { get; } = new() { Profiles = [new()] };

    /// <summary>For all profiles that do not say themselves; 0: by the number of nodes.</summary>
    public int PercentageOfNodesToScore { get; init; }

    public TimeSpan PodInitialBackoff { get; init; } = TimeSpan.FromSeconds(1);
    public TimeSpan PodMaxBackoff { get; init; } = TimeSpan.FromSeconds(10);
    public required IReadOnlyList<ProfileConfiguration> Profiles { get; init; }
    public IReadOnlyList<ExtenderConfiguration> Extenders { get; init; } = [];
}

/// <summary>One profile: which plug-ins run at which extension points, and their arguments.</summary>
public sealed record ProfileConfiguration
{
    public string SchedulerName { get; init; } = Scheduler.DefaultName;

    /// <summary>Null: that of the whole configuration.</summary>
    public int? PercentageOfNodesToScore { get; init; }

    /// <summary>By extension point, as upstream spells them (<c>preFilter</c>, <c>multiPoint</c>, ...).</summary>
    public IReadOnlyDictionary<string, PluginSet> Plugins { get; init; } = new Dictionary<string, PluginSet>();

    public PluginArguments Arguments { get; init; } = new();
}

/// <summary>Which plug-ins are added to the default ones, and which of those are taken away (<c>*</c>: all).</summary>
public sealed record PluginSet(IReadOnlyList<EnabledPlugin> Enabled, IReadOnlyList<string> Disabled);

/// <param name="Weight">0: the default.</param>
public sealed record EnabledPlugin(string Name, int Weight);
