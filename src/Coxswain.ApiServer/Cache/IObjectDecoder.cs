using Coxswain.Api;
using Coxswain.Storage;

namespace Coxswain.ApiServer.Cache;

/// <summary>Turns what is stored under a key into what is served.</summary>
/// <remarks>Must be safe for concurrent use: a long list is decoded on all cores.</remarks>
internal interface IObjectDecoder
{
    /// <summary>Decodes a stored value and stamps the revision that it was written at.</summary>
    /// <exception cref="Exception">The value cannot be read; the message says why.</exception>
    CachedObject Decode(StoreEntry entry);

    /// <summary>Decodes the JSON of an object that was decoded before; its metadata is taken over.</summary>
    IMetadataObject Read(CachedObject cached);

    /// <summary>The same object at another revision: the last state of what was deleted carries the revision of the deletion.</summary>
    CachedObject Stamp(CachedObject value, long revision);

    /// <summary>An object of the kind that says nothing but a revision.</summary>
    /// <param name="initialEventsEnd">Carries the annotation that ends the initial events of a streaming list.</param>
    CachedObject Bookmark(long revision, bool initialEventsEnd);
}
