using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>Which names of a definition are accepted: those that no other definition of its group has. Pure.</summary>
internal static class DefinitionNames
{
    public const string NamesAccepted = "NamesAccepted";
    public const string Established = "Established";
    public const string Terminating = "Terminating";

    /// <summary>The status with the names that are accepted, and what that makes of the conditions.</summary>
    /// <param name="group">All definitions of the group, this one included.</param>
    public static CustomResourceDefinitionStatus Accept(
        CustomResourceDefinition definition, IEnumerable<CustomResourceDefinition> group, DateTimeOffset now)
    {
        var (wanted, had) = (definition.Spec.Names, definition.Status.AcceptedNames);
        var resources = new HashSet<string>(StringComparer.Ordinal);
        var kinds = new HashSet<string>(StringComparer.Ordinal);
        foreach (var other in group)
        {
            var taken = other.Status.AcceptedNames;
            resources.Add(taken.Plural);
            resources.Add(taken.Singular);
            resources.UnionWith(taken.ShortNames);
            kinds.Add(taken.Kind);
            kinds.Add(taken.ListKind);
        }

        var (reason, message) = ("", "");
        var names = had with { Categories = wanted.Categories };
        if (IsFree(wanted.Plural, had.Plural, resources, "PluralConflict"))
            names = names with { Plural = wanted.Plural };
        if (IsFree(wanted.Singular, had.Singular, resources, "SingularConflict"))
            names = names with { Singular = wanted.Singular };
        var conflicts = wanted.ShortNames.Where(name => resources.Contains(name)
            && !had.ShortNames.AsSpan().Contains(name) && name != had.Plural && name != had.Singular).ToList();
        if (conflicts.Count == 0)
            names = names with { ShortNames = wanted.ShortNames };
        else
            (reason, message) = ("ShortNamesConflict", Aggregate(conflicts));
        if (IsFree(wanted.Kind, had.Kind, kinds, "KindConflict"))
            names = names with { Kind = wanted.Kind };
        if (IsFree(wanted.ListKind, had.ListKind, kinds, "ListKindConflict"))
            names = names with { ListKind = wanted.ListKind };

        var status = definition.Status with { AcceptedNames = names };
        var accepted = reason.Length == 0;
        status = accepted
            ? With(status, NamesAccepted, "True", "NoConflicts", "no conflicts found", now)
            : With(status, NamesAccepted, "False", reason, message, now);
        if (IsTrue(status, Established))
            return status;
        return accepted
            ? With(status, Established, "True", "InitialNamesAccepted", "the initial names have been accepted", now)
            : With(status, Established, "False", "NotAccepted", "not all names are accepted", now);

        bool IsFree(string name, string own, HashSet<string> taken, string conflict)
        {
            if (name == own || !taken.Contains(name))
                return true;
            (reason, message) = (conflict, Used(name));
            return false;
        }
    }

    public static bool IsTrue(CustomResourceDefinitionStatus status, string type)
    {
        foreach (var condition in status.Conditions)
            if (condition.Type == type)
                return condition.Status == "True";
        return false;
    }

    /// <summary>The status with a condition set. Its time changes only with its truth.</summary>
    public static CustomResourceDefinitionStatus With(
        CustomResourceDefinitionStatus status, string type, string value, string reason, string message, DateTimeOffset now)
    {
        for (var i = 0; i < status.Conditions.Count; i++)
        {
            var old = status.Conditions[i];
            if (old.Type != type)
                continue;
            var time = old.Status == value && old.LastTransitionTime is { } since ? since : now;
            var updated = old with { Status = value, Reason = reason, Message = message, LastTransitionTime = time };
            return updated == old ? status : status with { Conditions = status.Conditions.SetItem(i, updated) };
        }

        return status with
        {
            Conditions = status.Conditions.Add(new() { Type = type, Status = value, Reason = reason, Message = message, LastTransitionTime = now }),
        };
    }

    private static string Used(string name) => $"{GoText.Quote(name)} is already in use";

    private static string Aggregate(List<string> names) =>
        names.Count == 1 ? Used(names[0]) : $"[{string.Join(", ", names.Select(Used))}]";
}
