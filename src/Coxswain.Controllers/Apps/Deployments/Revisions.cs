using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Apps.V1;

namespace Coxswain.Controllers;

/// <summary>The annotations in which a Deployment's history is kept, as kubectl and others read them.</summary>
internal static class Revisions
{
    public const string PodTemplateHash = "pod-template-hash";
    public const string Revision = "deployment.kubernetes.io/revision";
    public const string History = "deployment.kubernetes.io/revision-history";
    public const string Desired = "deployment.kubernetes.io/desired-replicas";
    public const string Max = "deployment.kubernetes.io/max-replicas";
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";
    private const string RollbackTo = "deprecated.deployment.rollback.to";
    private const int HistoryLength = 2000;

    public static long Of(ApiMap<string> annotations) =>
        long.TryParse(annotations.GetValueOrDefault(Revision), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var revision)
            ? revision
            : 0;

    public static long Of(ReplicaSet set) => Of(set.Metadata.Annotations);

    /// <summary>The replicas that the Deployment wanted in all when the set was last scaled; null: never was.</summary>
    public static int? DesiredOf(ReplicaSet set) => Number(set, Desired);

    /// <summary>As <see cref="DesiredOf"/>, with the surge.</summary>
    public static int? MaxOf(ReplicaSet set) => Number(set, Max);

    /// <summary>The annotations of a ReplicaSet after a scaling.</summary>
    public static ApiMap<string> WithReplicas(ApiMap<string> annotations, int desired, int max)
    {
        var (desiredText, maxText) = (desired.ToString(CultureInfo.InvariantCulture), max.ToString(CultureInfo.InvariantCulture));
        return annotations.GetValueOrDefault(Desired) == desiredText && annotations.GetValueOrDefault(Max) == maxText
            ? annotations
            : annotations.With(Desired, desiredText).With(Max, maxText);
    }

    /// <summary>The annotations of the newest ReplicaSet: the Deployment's, and the revision with those it had before.</summary>
    public static ApiMap<string> ForNewest(ApiMap<string> set, ApiMap<string> deployment, long revision)
    {
        var result = set;
        foreach (var (key, value) in deployment)
        {
            if (!IsOwn(key) && result.GetValueOrDefault(key) != value)
                result = result.With(key, value);
        }
        var before = Of(set);
        if (set.ContainsKey(Revision) && before >= revision)
            return result;
        result = result.With(Revision, revision.ToString(CultureInfo.InvariantCulture));
        return before > 0 ? result.With(History, Append(set.GetValueOrDefault(History), before)) : result;
    }

    private static string Append(string? history, long revision)
    {
        var text = revision.ToString(CultureInfo.InvariantCulture);
        if (string.IsNullOrEmpty(history))
            return text;
        var all = history + "," + text;
        while (all.Length > HistoryLength && all.IndexOf(',', StringComparison.Ordinal) is var comma and >= 0)
            all = all[(comma + 1)..];
        return all;
    }

    private static bool IsOwn(string key) => key is LastApplied or Revision or History or Desired or Max or RollbackTo;

    private static int? Number(ReplicaSet set, string annotation) =>
        int.TryParse(set.Metadata.Annotations.GetValueOrDefault(annotation), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n)
            ? n
            : null;
}
