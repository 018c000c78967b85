using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Scheduler.Preemption;

/// <summary>Makes victims leave: says so in their status and in an event, then deletes them.</summary>
internal sealed class Preemptor(IApiClient api, TimeProvider clock)
{
    private const int AtOnce = 16;

    /// <summary>Victims that are gone or going already are left alone; any other refusal ends it, and the pod's next attempt looks again.</summary>
    public Task EvictAsync(PodInfo pod, PreemptionCandidate candidate, EventRecorder events, CancellationToken cancellation) => Parallel.ForEachAsync(
        candidate.Victims.Where(v => !v.IsTerminating), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation },
        async (victim, token) =>
        {
            try
            {
                await api.PatchAsync<Pod>(victim.Name, Disrupted(pod, victim), token, "status").ConfigureAwait(false);
                await api.DeleteAsync<Pod>(victim.Name, new DeleteOptions { Preconditions = new() { Uid = victim.Uid } }, token).ConfigureAwait(false);
                events.Normal(victim.Pod, "Preempted", $"Preempted by pod {pod.Uid} on node {candidate.Node.Name}");
            }
            catch (ApiException e) when (e.Code is 404 or 409)
            {
                // It left by itself, or another pod has its name now.
            }
        });

    private Patch Disrupted(PodInfo pod, PodInfo victim)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteString("uid", victim.Uid);
            json.WriteEndObject();
            json.WriteStartObject("status");
            json.WriteStartArray("conditions");
            json.WriteStartObject();
            json.WriteString("type", "DisruptionTarget");
            json.WriteString("status", "True");
            json.WriteString("reason", "PreemptionByScheduler");
            json.WriteString("message", $"{pod.Pod.Spec.SchedulerName}: preempting to accommodate a higher priority pod");
            json.WriteNumber("observedGeneration", victim.Pod.Metadata.Generation);
            json.WriteString("lastTransitionTime", clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Patch.StrategicMerge(buffer.ToArray());
    }
}
