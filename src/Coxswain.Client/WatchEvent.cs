using Coxswain.Api;

namespace Coxswain.Client;

/// <summary>What a watch tells of an object.</summary>
public enum WatchEventType
{
    Added,
    Modified,
    Deleted,

    /// <summary>No change: everything up to the event's resource version has been delivered.</summary>
    Bookmark,
}

/// <summary>One change that a watch delivers.</summary>
public readonly record struct WatchEvent<T> where T : class, IMetadataObject
{
    private readonly T? _object;

    public WatchEvent(WatchEventType type, T @object)
    {
        ArgumentNullException.ThrowIfNull(@object);
        Type = type;
        _object = @object;
        ResourceVersion = @object.Metadata.ResourceVersion;
    }

    private WatchEvent(string resourceVersion)
    {
        Type = WatchEventType.Bookmark;
        ResourceVersion = resourceVersion;
    }

    public static WatchEvent<T> Bookmark(string resourceVersion) => new(resourceVersion);

    public WatchEventType Type { get; }

    /// <summary>The object after the change; for <see cref="WatchEventType.Deleted"/> its last state, stamped with the version of its deletion.
    /// A bookmark has none.</summary>
    public T Object => _object ?? throw new InvalidOperationException("A bookmark carries no object.");

    /// <summary>From where to resume once this event has been taken in.</summary>
    public string ResourceVersion { get; }
}
