using Coxswain.Api.Meta.V1;

namespace Coxswain.Api;

/// <summary>Any document with apiVersion and kind: objects, lists, Status, options.</summary>
public interface IKubernetesObject
{
    GroupVersionKind GroupVersionKind { get; }
}

/// <summary>A document with object metadata.</summary>
public interface IMetadataObject : IKubernetesObject
{
    ObjectMeta Metadata { get; }

    /// <summary>The same object with other metadata; this one does not change.</summary>
    IMetadataObject WithMetadata(ObjectMeta metadata);
}

/// <summary>A document with list metadata.</summary>
public interface IListObject : IKubernetesObject
{
    ListMeta Metadata { get; }
}

/// <summary>A kind that the API serves as a resource.</summary>
public interface IResource<TSelf> : IMetadataObject where TSelf : class, IResource<TSelf>
{
    static abstract ResourceDescriptor Descriptor { get; }

    static abstract GroupVersionKind ResourceKind { get; }
}
