using Coxswain.Api;

namespace Coxswain.ApiServer.Registry;

/// <summary>In which form each kind is stored: its own, unless it is also served in another version.</summary>
internal static class StoredForms
{
    public static GroupVersionKind StoredKind(ResourceDescriptor descriptor) => (descriptor.Kind.Group, descriptor.Plural) switch
    {
        ("autoscaling", "horizontalpodautoscalers") => new("autoscaling", "v2", "HorizontalPodAutoscaler"),
        ("events.k8s.io", "events") => new("", "v1", "Event"),
        _ => descriptor.Kind,
    };

    public static StoredForm For(ResourceDescriptor descriptor) =>
        new(descriptor, CodecTable.Find(descriptor.Kind) ?? throw new InvalidOperationException($"no codec for {descriptor.Kind}"));
}
