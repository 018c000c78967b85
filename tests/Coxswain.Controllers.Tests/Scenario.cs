using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Coxswain.Api;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers.Tests;

/// <summary>What a user does while controllers run, step by step, and what nodes, provisioners and others do beside them.</summary>
/// <param name="World">Asked again and again, so it does only what is not done yet.</param>
internal sealed record Scenario(IReadOnlyList<Func<Bed, Task>> Steps, Action<Bed> World, params string[] Beside)
{
    private const int Rounds = 3;

    public ControllerManagerOptions? Options { get; init; }

    /// <summary>Plays it all and gives what there is in the end.</summary>
    /// <param name="disturb">Called when the controllers are ready and before the first step.</param>
    public async Task<(string State, int Writes)> PlayAsync(string controller, Action<Bed> disturb)
    {
        await using var bed = await Bed.StartAsync([controller, .. Beside], Options);
        disturb(bed);
        foreach (var step in Steps)
        {
            await step(bed);
            await SettleAsync(bed);
            if (bed.Chaos is not { } chaos)
                continue;
            // What is lost comes in the end: the user's next step is not to come before the controllers have seen this one.
            bed.Chaos = null;
            bed.WakeAll();
            await SettleAsync(bed);
            bed.Chaos = chaos;
        }
        var writes = bed.WriteCount;
        // Now everything goes well again.
        bed.Chaos = null;
        bed.Api.BeforeWrite = bed.Api.AfterWrite = null;
        bed.WakeAll();
        await SettleAsync(bed);
        for (var i = 0; i < 3; i++)
        {
            await bed.PassAsync(TimeSpan.FromMinutes(3));
            World(bed);
        }
        await SettleAsync(bed);
        return (StateOf(bed), writes);
    }

    private async Task SettleAsync(Bed bed)
    {
        for (var i = 0; i < Rounds; i++)
        {
            await bed.SettleAsync();
            World(bed);
        }
        await bed.SettleAsync();
    }

    /// <summary>Everything there is, without what differs from run to run: uids, versions, times, random names, the order in lists.</summary>
    private static string StateOf(Bed bed)
    {
        var everything = bed.Api.Everything().Where(o => o is not (Event or Lease)).ToList();
        var objects = everything.Select(o => Canonical(JsonNode.Parse(CodecTable.Find(o.GroupVersionKind)!.ToJson(o))!)).ToList();
        var text = string.Join('\n', objects);
        foreach (var o in everything.Where(o => o.Metadata.GenerateName.Length > 0).OrderByDescending(o => o.Metadata.Name.Length))
            text = text.Replace(o.Metadata.Name, o.Metadata.GenerateName + "*", StringComparison.Ordinal);
        // Names of what is gone by now.
        text = Regex.Replace(text, "-[0-9a-f]{5}(?![0-9a-z])", "-*");
        text = Regex.Replace(text, @"uid-\d+", "uid");
        text = Regex.Replace(text, @"10\.244\.0\.\d+", "10.244.0.*");
        return string.Join('\n', text.Split('\n').Order(StringComparer.Ordinal));
    }

    private static readonly HashSet<string> Changing = new(StringComparer.Ordinal)
    {
        "resourceVersion", "generation", "observedGeneration", "creationTimestamp", "deletionTimestamp", "lastScaleTime", "lastScheduleTime", "lastSuccessfulTime",
        "startTime", "completionTime", "lastTransitionTime", "lastUpdateTime", "lastProbeTime", "lastHeartbeatTime", "timeAdded", "certificate", "request",
        "lastPhaseTransitionTime", "finishedAt", "disruptedPods",
    };

    private static string Canonical(JsonNode? node) => node switch
    {
        JsonObject o => "{" + string.Join(',', o.Where(m => !Changing.Contains(m.Key)).OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key}:{Canonical(m.Value)}")) + "}",
        JsonArray a => "[" + string.Join(',', a.Select(Canonical).Order(StringComparer.Ordinal)) + "]",
        null => "null",
        _ => node.ToJsonString(),
    };
}
