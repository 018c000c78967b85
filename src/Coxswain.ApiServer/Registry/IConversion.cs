using Coxswain.Api;

namespace Coxswain.ApiServer.Registry;

/// <summary>Shows one stored kind in another group or version, both ways without loss. Pure.</summary>
public interface IConversion
{
    /// <summary>The form in which the objects are stored and judged.</summary>
    ResourceDescriptor Storage { get; }

    /// <summary>An object of the other form as it is stored. Its metadata stays.</summary>
    IMetadataObject ToStorage(IMetadataObject o);

    /// <summary>A stored object in the other form. Its metadata stays, but for what the conversion itself put there.</summary>
    IMetadataObject FromStorage(IMetadataObject o);

    /// <summary>The annotations that the conversion itself makes.</summary>
    ApiList<string> ServedAnnotations => default;
}

/// <summary>The resources that are served in another form than they are stored in.</summary>
public static class ConversionTable
{
    private static readonly Dictionary<GroupVersionResource, IConversion> Conversions = new()
    {
        [new("autoscaling", "v1", "horizontalpodautoscalers")] = new Autoscaling.HorizontalPodAutoscalerConversion(),
        [new("events.k8s.io", "v1", "events")] = new Core.EventConversion(),
    };

    /// <summary>How a resource is stored; null where it is stored as it is served.</summary>
    public static IConversion? Find(ResourceDescriptor descriptor) => Conversions.GetValueOrDefault(descriptor.Resource);
}
