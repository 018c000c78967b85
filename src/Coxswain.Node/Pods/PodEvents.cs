using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Node.Pods;

/// <summary>Tells users what happens to their pods. Never waits, never fails.</summary>
internal interface IPodEvents
{
    /// <param name="fieldPath">Empty: the pod as a whole; else <see cref="PodContainers.FieldPath"/>.</param>
    void Record(Pod pod, string fieldPath, bool warning, string reason, string message);
}

internal static class PodEventsExtensions
{
    public static void Normal(this IPodEvents events, Pod pod, string reason, string message, string fieldPath = "") =>
        events.Record(pod, fieldPath, warning: false, reason, message);

    public static void Warning(this IPodEvents events, Pod pod, string reason, string message, string fieldPath = "") =>
        events.Record(pod, fieldPath, warning: true, reason, message);
}

internal sealed class PodEvents(EventRecorder recorder) : IPodEvents
{
    public void Record(Pod pod, string fieldPath, bool warning, string reason, string message) =>
        recorder.Record(EventRecorder.ReferenceTo(pod) with { FieldPath = fieldPath }, warning ? "Warning" : "Normal", reason, message);
}
