namespace Coxswain.Api;

/// <summary>The codecs of all built-in kinds: objects, lists, Status, options.</summary>
public static partial class CodecTable
{
    // A plain dictionary: a frozen one costs more to build at start than it ever saves.
    private static readonly Lazy<Dictionary<GroupVersionKind, ObjectCodec>> ByKind = new(() => MakeAll().ToDictionary(c => c.Kind));

    public static IReadOnlyCollection<ObjectCodec> All => ByKind.Value.Values;

    /// <summary>The codec of a kind, or null. Kinds that belong to no group (DeleteOptions, Status ...) are found in every group
    /// and version.</summary>
    public static ObjectCodec? Find(GroupVersionKind kind) =>
        ByKind.Value.TryGetValue(kind, out var codec) ? codec
        : IsUnversioned(kind.Kind) ? ByKind.Value.GetValueOrDefault(new("", "v1", kind.Kind))
        : null;

    private static bool IsUnversioned(string kind) => kind is "DeleteOptions" or "ListOptions" or "GetOptions" or "CreateOptions"
        or "PatchOptions" or "UpdateOptions" or "ApplyOptions" or "Status" or "APIVersions" or "APIGroup" or "APIGroupList" or "APIResourceList";
}
