using System.Globalization;
using System.Text.Json;
using Coxswain.Client;

namespace Coxswain.Scheduler;

/// <summary>What the scheduler writes into the status of a pod that it could not place. Pure.</summary>
internal static class PodStatusPatch
{
    /// <param name="nominated">Null: leaves it as it is; empty: takes it away.</param>
    /// <returns>Null: the pod says so already.</returns>
    public static Patch? Of(PodInfo pod, string reason, string message, string? nominated, DateTimeOffset now)
    {
        var present = pod.Pod.Status.Conditions.FirstOrDefault(c => c.Type == "PodScheduled");
        var says = present is { Status: "False" } && present.Reason == reason && present.Message == message;
        if (says && (nominated is null || nominated == pod.Pod.Status.NominatedNodeName))
            return null;
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteString("uid", pod.Uid);
            json.WriteEndObject();
            json.WriteStartObject("status");
            json.WriteStartArray("conditions");
            json.WriteStartObject();
            json.WriteString("type", "PodScheduled");
            json.WriteString("status", "False");
            json.WriteString("reason", reason);
            json.WriteString("message", message);
            json.WriteNumber("observedGeneration", pod.Pod.Metadata.Generation);
            // The time of the last change from true to false, not of the last attempt.
            var since = present is { Status: "False", LastTransitionTime: { } before } ? before : now;
            json.WriteString("lastTransitionTime", since.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            json.WriteEndObject();
            json.WriteEndArray();
            if (nominated is { Length: > 0 })
                json.WriteString("nominatedNodeName", nominated);
            else if (nominated is not null)
                json.WriteNull("nominatedNodeName");
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Patch.StrategicMerge(buffer.ToArray());
    }

    /// <summary>Takes the promise of room away from a pod.</summary>
    public static Patch NoNomination(PodInfo pod) => Patch.StrategicMerge(
        $"{{\"metadata\":{{\"uid\":{JsonSerializer.Serialize(pod.Uid, SchedulerJson.Default.String)}}},\"status\":{{\"nominatedNodeName\":null}}}}");
}

/// <summary>No reflection at run time.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class SchedulerJson : System.Text.Json.Serialization.JsonSerializerContext;
