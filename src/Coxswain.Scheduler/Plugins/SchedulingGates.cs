namespace Coxswain.Scheduler.Plugins;

/// <summary>Pods with gates are not tried at all.</summary>
internal sealed class SchedulingGates : IEnqueuePlugin
{
    public string Name => "SchedulingGates";

    public string? Gate(PodInfo pod) => pod.Pod.Spec.SchedulingGates.Count == 0
        ? null
        : $"waiting for scheduling gates: [{string.Join(' ', pod.Pod.Spec.SchedulingGates.Select(g => g.Name))}]";
}
