using Coxswain.Api;
using Coxswain.Storage;

namespace Coxswain.ApiServer.Cache;

/// <summary>One object at one revision: decoded once, stamped with its resourceVersion once, shared by everyone who reads it.</summary>
/// <remarks>Immutable, so lists, watches, admission and the in-process client all hold the same instance and the same bytes.</remarks>
internal sealed class CachedObject(string key, IMetadataObject value, ReadOnlyMemory<byte> json, long revision) : IKeyed
{
    public string Key { get; } = key;

    /// <summary>The decoded object; its resourceVersion is <see cref="Revision"/>.</summary>
    public IMetadataObject Object { get; } = value;

    /// <summary>The final JSON with the resourceVersion in it, without a newline: what goes on the wire.</summary>
    public ReadOnlyMemory<byte> Json { get; } = json;

    public long Revision { get; } = revision;

    public string Namespace => Object.Metadata.Namespace;

    public string Name => Object.Metadata.Name;
}
