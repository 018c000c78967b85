using Coxswain.Lifecycle;

namespace Coxswain.Cli.Settings;

/// <summary>The commands that have a setting.</summary>
[Flags]
public enum SettingRoles
{
    /// <summary><c>coxswain up</c></summary>
    Up = 1,

    /// <summary><c>coxswain server</c></summary>
    Server = 2,

    Both = Up | Server,
}

/// <summary>How many values a setting has.</summary>
public enum SettingForm
{
    One,
    List,
    Map,
}

/// <summary>One thing that an operator can set: by a flag of its name, or by a key of the same name in the configuration file.</summary>
public sealed record Setting
{
    /// <summary>Without dashes; upstream's where upstream has it.</summary>
    public required string Name { get; init; }

    /// <summary>The heading under which help and documents show it.</summary>
    public required string Section { get; init; }

    public required SettingRoles Roles { get; init; }

    /// <summary>A switch: the name alone means true.</summary>
    public required bool IsSwitch { get; init; }

    public required SettingForm Form { get; init; }

    /// <summary>What stands in the value's place in help; empty for switches.</summary>
    public required string ValueName { get; init; }

    /// <summary>As one would write it; empty: nothing.</summary>
    public required string Default { get; init; }

    /// <summary>Whole sentences: what it does, and what one should know to choose.</summary>
    public required string Help { get; init; }

    /// <summary>Upstream's kube-apiserver or kube-controller-manager has a flag of this name and meaning.</summary>
    public bool IsUpstreams { get; init; }

    /// <summary>Puts the value, given as the texts of all its occurrences, into the options.</summary>
    /// <exception cref="FormatException">A text has not the setting's form; the message goes on from "TEXT ...".</exception>
    public required Func<ClusterOptions, IReadOnlyList<string>, ClusterOptions> Apply { get; init; }

    /// <summary>The value in options, as one would write it.</summary>
    public required Func<ClusterOptions, string> Show { get; init; }
}
