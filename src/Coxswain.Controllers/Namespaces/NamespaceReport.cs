using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;

namespace Coxswain.Controllers;

/// <summary>What is left in an ending namespace, and the conditions that say so in upstream's words.</summary>
internal sealed class NamespaceReport
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, int> _finalizers = new(StringComparer.Ordinal);
    private long _graceSeconds;
    private bool _onlyFinalizers;

    public SortedDictionary<string, int> Remaining { get; } = new(StringComparer.Ordinal);
    public List<string> Failures { get; } = [];
    public string? DiscoveryFailure { get; set; }

    public bool IsEmpty => Remaining.Count == 0 && Failures.Count == 0;

    /// <summary>Half of what the slowest pod is given, or a while for those who must remove finalizers.</summary>
    public TimeSpan LookAgainIn => TimeSpan.FromSeconds((_graceSeconds > 0 ? _graceSeconds : _onlyFinalizers ? 8 : 0) / 2.0 + 1);

    public void Add(GroupVersionResource resource, IReadOnlyList<PartialObjectMetadata> items)
    {
        lock (_gate)
        {
            Remaining[$"{resource.Resource}.{resource.Group}"] = items.Count;
            foreach (var item in items)
            {
                _graceSeconds = Math.Max(_graceSeconds, item.Metadata.DeletionGracePeriodSeconds ?? 0);
                foreach (var finalizer in item.Metadata.Finalizers)
                {
                    _onlyFinalizers = true;
                    _finalizers[finalizer] = _finalizers.GetValueOrDefault(finalizer) + 1;
                }
            }
        }
    }

    public void Fail(GroupVersionResource resource, string message)
    {
        lock (_gate)
            Failures.Add($"{resource.Resource}.{resource.Group}: {message}");
    }

    public ApiList<NamespaceCondition> Conditions(ApiList<NamespaceCondition> before, DateTimeOffset now)
    {
        // In upstream's order, which it also keeps in the object.
        NamespaceCondition[] wanted =
        [
            DiscoveryFailure is { } failure
                ? New(NamespaceConditionType.NamespaceDeletionDiscoveryFailure, true, "DiscoveryFailed",
                    "Discovery failed for some groups, 1 failing: " + failure)
                : New(NamespaceConditionType.NamespaceDeletionDiscoveryFailure, false, "ResourcesDiscovered", "All resources successfully discovered"),
            New(NamespaceConditionType.NamespaceDeletionGroupVersionParsingFailure, false, "ParsedGroupVersions",
                "All legacy kube types successfully parsed"),
            Failures.Count > 0 && DiscoveryFailure is null
                ? New(NamespaceConditionType.NamespaceDeletionContentFailure, true, "ContentDeletionFailed",
                    $"Failed to delete all resource types, {Failures.Count} remaining: {string.Join(", ", Failures)}")
                : New(NamespaceConditionType.NamespaceDeletionContentFailure, false, "ContentDeleted",
                    "All content successfully deleted, may be waiting on finalization"),
            Remaining.Count > 0
                ? New(NamespaceConditionType.NamespaceContentRemaining, true, "SomeResourcesRemain",
                    "Some resources are remaining: " + string.Join(", ", Remaining.Select(r => $"{r.Key} has {r.Value} resource instances")))
                : New(NamespaceConditionType.NamespaceContentRemaining, false, "ContentRemoved", "All content successfully removed"),
            _finalizers.Count > 0
                ? New(NamespaceConditionType.NamespaceFinalizersRemaining, true, "SomeFinalizersRemain",
                    "Some content in the namespace has finalizers remaining: "
                    + string.Join(", ", _finalizers.Select(f => $"{f.Key} in {f.Value} resource instances")))
                : New(NamespaceConditionType.NamespaceFinalizersRemaining, false, "ContentHasNoFinalizers",
                    "All content-preserving finalizers finished"),
        ];
        var conditions = before;
        foreach (var condition in wanted)
            conditions = With(conditions, condition, now);
        return conditions;
    }

    private static NamespaceCondition New(string type, bool holds, string reason, string message) =>
        new() { Type = type, Status = holds ? ConditionStatus.True : ConditionStatus.False, Reason = reason, Message = message };

    private static ApiList<NamespaceCondition> With(ApiList<NamespaceCondition> conditions, NamespaceCondition condition, DateTimeOffset now)
    {
        for (var i = 0; i < conditions.Count; i++)
        {
            var current = conditions[i];
            if (current.Type != condition.Type)
                continue;
            if (current.Status == condition.Status && current.Message == condition.Message && current.Reason == condition.Reason)
                return conditions;
            return conditions.SetItem(i, condition with { LastTransitionTime = now });
        }
        return conditions.Add(condition with { LastTransitionTime = now });
    }
}
