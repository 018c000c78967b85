using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.Scheduler.Configuration;

/// <summary>Upstream's rules for the scheduler's configuration.</summary>
internal static class ConfigurationRules
{
    /// <exception cref="ConfigurationException">All faults at once.</exception>
    public static void Check(RawConfiguration configuration)
    {
        var errors = new FieldErrors();
        if (configuration.Parallelism <= 0)
            errors.Invalid("parallelism", configuration.Parallelism, "should be an integer value greater than zero");
        CheckPercentage("percentageOfNodesToScore", configuration.PercentageOfNodesToScore, errors);
        if (configuration.InitialBackoff <= 0)
            errors.Invalid("podInitialBackoffSeconds", configuration.InitialBackoff, "must be greater than 0");
        if (configuration.MaxBackoff < configuration.InitialBackoff)
            errors.Invalid("podMaxBackoffSeconds", configuration.MaxBackoff, "must be greater than or equal to PodInitialBackoffSeconds");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < configuration.Profiles.Count; i++)
        {
            var path = new FieldPath("profiles").Index(i);
            var profile = configuration.Profiles[i];
            if (profile.SchedulerName.Length == 0)
                errors.Required(path.Child("schedulerName"));
            else if (!names.Add(profile.SchedulerName))
                errors.Duplicate(path.Child("schedulerName"), profile.SchedulerName);
            CheckPercentage(path.Child("percentageOfNodesToScore"), profile.PercentageOfNodesToScore, errors);
        }

        var binders = 0;
        for (var i = 0; i < configuration.Extenders.Count; i++)
        {
            var path = new FieldPath("extenders").Index(i);
            var extender = configuration.Extenders[i];
            if (extender.UrlPrefix.Length > 0 && !Uri.TryCreate(extender.UrlPrefix, UriKind.Absolute, out _))
                errors.Invalid(path.Child("urlPrefix"), extender.UrlPrefix, "must be an absolute URL");
            if (extender.UrlPrefix.Length == 0)
                errors.Required(path.Child("urlPrefix"));
            if (extender.PrioritizeVerb.Length > 0 && extender.Weight <= 0)
                errors.Invalid(path.Child("weight"), extender.Weight, "must have a positive weight applied to it");
            if (extender.BindVerb.Length > 0)
                binders++;
            for (var j = 0; j < extender.ManagedResources.Count; j++)
            {
                if (!extender.ManagedResources[j].Contains('/', StringComparison.Ordinal))
                    errors.Invalid(path.Child("managedResources").Index(j).Child("name"), extender.ManagedResources[j], "name is an invalid extended resource name");
            }
        }

        if (binders > 1)
            errors.Invalid("extenders", $"found {binders} extenders implementing bind", "only one extender can implement bind");
        if (errors.Count > 0)
            throw new ConfigurationException(errors.Aggregate());
    }

    public static void CheckArguments(string plugin, PluginArguments args, string at, List<string> faults)
    {
        var errors = new FieldErrors();
        var path = new FieldPath(at);
        switch (plugin)
        {
            case "DefaultPreemption":
                if (args.MinCandidateNodesPercentage is < 0 or > 100)
                    errors.Invalid(path.Child("minCandidateNodesPercentage"), args.MinCandidateNodesPercentage, "not in valid range [0, 100]");
                if (args.MinCandidateNodesAbsolute < 0)
                    errors.Invalid(path.Child("minCandidateNodesAbsolute"), args.MinCandidateNodesAbsolute, "not in valid range [0, inf)");
                if (args is { MinCandidateNodesPercentage: 0, MinCandidateNodesAbsolute: 0 })
                    errors.Invalid(path.Child("minCandidateNodesPercentage"), 0, "cannot be zero at the same time as minCandidateNodesAbsolute");
                break;
            case "InterPodAffinity":
                if (args.HardPodAffinityWeight is < 0 or > 100)
                    errors.Invalid(path.Child("hardPodAffinityWeight"), args.HardPodAffinityWeight, "not in valid range [0, 100]");
                break;
            case "NodeResourcesFit":
                CheckFit(args, path, errors);
                break;
            case "NodeResourcesBalancedAllocation":
                CheckResources(args.BalancedResources, path.Child("resources"), errors, weightIsOne: true);
                break;
            case "VolumeBinding":
                if (args.BindTimeout < TimeSpan.Zero)
                    errors.Invalid(path.Child("bindTimeoutSeconds"), (long)args.BindTimeout.TotalSeconds, "invalid BindTimeoutSeconds, should not be a negative value");
                break;
        }

        faults.AddRange(errors.Select(e => e.ToString()));
    }

    public static void CheckSpread(string type, ApiList<TopologySpreadConstraint> constraints, string at, List<string> faults)
    {
        var errors = new FieldErrors();
        var path = new FieldPath(at);
        if (type is not ("System" or "List"))
            errors.NotSupported(path.Child("defaultingType"), type, "System", "List");
        if (type == "System" && constraints.Count > 0)
            errors.Invalid(path.Child("defaultingType"), type, "when .defaultConstraints are not empty");
        var seen = new HashSet<(string, string)>();
        for (var i = 0; i < constraints.Count; i++)
        {
            var (c, own) = (constraints[i], path.Child("defaultConstraints").Index(i));
            if (c.MaxSkew <= 0)
                errors.Invalid(own.Child("maxSkew"), c.MaxSkew, "not in valid range (0, inf)");
            if (c.TopologyKey.Length == 0)
                errors.Required(own.Child("topologyKey"), "can not be empty");
            if (c.WhenUnsatisfiable is not ("DoNotSchedule" or "ScheduleAnyway"))
                errors.NotSupported(own.Child("whenUnsatisfiable"), c.WhenUnsatisfiable, "DoNotSchedule", "ScheduleAnyway");
            if (c.LabelSelector is not null)
                errors.Forbidden(own.Child("labelSelector"), "constraint must not define a selector, as they deduced for each pod");
            if (!seen.Add((c.TopologyKey, c.WhenUnsatisfiable)))
                errors.Duplicate(own, $"{{{c.TopologyKey}, {c.WhenUnsatisfiable}}}");
        }

        faults.AddRange(errors.Select(e => e.ToString()));
    }

    private static void CheckFit(PluginArguments args, FieldPath path, FieldErrors errors)
    {
        var strategy = path.Child("scoringStrategy");
        if (args.ScoringStrategy is not ("LeastAllocated" or "MostAllocated" or "RequestedToCapacityRatio"))
            errors.NotSupported(strategy.Child("type"), args.ScoringStrategy, "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio");
        CheckResources(args.ScoringResources, strategy.Child("resources"), errors, weightIsOne: false);
        if (args.ScoringStrategy == "RequestedToCapacityRatio")
        {
            var shape = strategy.Child("requestedToCapacityRatio", "shape");
            if (args.Shape.Count == 0)
                errors.Required(shape, "at least one point must be specified");
            for (var i = 0; i < args.Shape.Count; i++)
            {
                var point = args.Shape[i];
                if (point.Utilization is < 0 or > 100)
                    errors.Invalid(shape.Index(i).Child("utilization"), point.Utilization, "not in valid range [0-100]");
                if (point.Score is < 0 or > 10)
                    errors.Invalid(shape.Index(i).Child("score"), point.Score, "not in valid range [0-10]");
                if (i > 0 && point.Utilization <= args.Shape[i - 1].Utilization)
                    errors.Invalid(shape.Index(i).Child("utilization"), point.Utilization, "utilization values must be sorted in increasing order");
            }
        }

        foreach (var group in args.IgnoredResourceGroups)
        {
            if (group.Contains('/', StringComparison.Ordinal))
                errors.Invalid(path.Child("ignoredResourceGroups"), group, "resource group name can't contain '/'");
        }
    }

    private static void CheckResources(IReadOnlyList<Plugins.ResourceWeight> resources, FieldPath path, FieldErrors errors, bool weightIsOne)
    {
        for (var i = 0; i < resources.Count; i++)
        {
            if (resources[i].Name.Length == 0)
                errors.Required(path.Index(i).Child("name"));
            if (weightIsOne ? resources[i].Weight != 1 : resources[i].Weight is < 1 or > 100)
            {
                errors.Invalid(path.Index(i).Child("weight"), resources[i].Weight, weightIsOne
                    ? $"resource weight of {resources[i].Name} should be 1"
                    : $"resource weight of {resources[i].Name} not in valid range [1, 100]");
            }
        }

        if (resources.Count > 64)
            errors.TooMany(path, resources.Count, 64);
    }

    private static void CheckPercentage(FieldPath path, int? percentage, FieldErrors errors)
    {
        if (percentage is < 0 or > 100)
            errors.Invalid(path, percentage, "not in valid range [0-100]");
    }
}
