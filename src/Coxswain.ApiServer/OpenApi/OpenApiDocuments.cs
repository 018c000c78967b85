namespace Coxswain.ApiServer.OpenApi;

/// <summary>The documents of everything that is served, at one moment. Each is made when first asked for.</summary>
/// <remarks>Immutable but for that, and thread safe.</remarks>
internal sealed class OpenApiSnapshot
{
    private readonly Dictionary<string, (IReadOnlyList<OpenApiResource> Resources, PackedDocument Document)> _documents;

    /// <param name="version">The server's version, such as <c>v1.36.0</c>.</param>
    /// <param name="before">Documents of group versions whose resources are the same instances are taken over.</param>
    public OpenApiSnapshot(IReadOnlyList<OpenApiResource> resources, string version, OpenApiSnapshot? before = null)
    {
        V2 = OpenApiV2.Document(resources, version);
        var documents = new Dictionary<string, (IReadOnlyList<OpenApiResource> Resources, PackedDocument Document)>(StringComparer.Ordinal);
        foreach (var (path, document) in OpenApiV3.Discovery(resources.Where(resource => !resource.IsCustom).Select(resource => resource.Descriptor.Kind.Group).Distinct(), version))
            documents.Add(path, before?._documents.GetValueOrDefault(path) is { Document: not null } same ? same : ([], document));
        foreach (var version3 in resources.GroupBy(resource => resource.Descriptor.Kind.GroupVersion))
        {
            var path = OpenApiV3.Path(version3.Key);
            OpenApiResource[] own = [.. version3];
            var same = before?._documents.GetValueOrDefault(path) is { Document: not null } known && known.Resources.SequenceEqual(own) ? known.Document : null;
            documents.Add(path, (own, same ?? OpenApiV3.Document(own, version)));
        }

        _documents = documents;
        Index = new(WriteIndex, encode: null);
    }

    /// <summary>The whole API in version 2.</summary>
    public PackedDocument V2 { get; }

    /// <summary>The paths of all documents of version 3, each with a hash of its content. Making it makes all documents.</summary>
    public PackedDocument Index { get; }

    /// <summary>The paths of the documents of version 3: <c>api</c>, <c>api/v1</c>, <c>apis/apps/v1</c>.</summary>
    public IEnumerable<string> Paths => _documents.Keys.Order(StringComparer.Ordinal);

    /// <summary>The document of version 3 of this path, or null.</summary>
    public PackedDocument? Find(string path) => _documents.TryGetValue(path, out var found) ? found.Document : null;

    /// <summary>Where the document is, with the hash of what it is now.</summary>
    public static string Address(string path, PackedDocument document) => $"/openapi/v3/{path}?hash={document.Hash}";

    private void WriteIndex(System.Text.Json.Utf8JsonWriter writer) =>
        WriteIndex(writer, Paths.Select(path => KeyValuePair.Create(path, Address(path, _documents[path].Document))));

    /// <param name="addresses">By path, in order.</param>
    public static void WriteIndex(System.Text.Json.Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, string>> addresses)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("paths"u8);
        foreach (var (path, address) in addresses)
        {
            writer.WriteStartObject(path);
            writer.WriteString("serverRelativeURL"u8, address);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}

/// <summary>The documents of what is served now. Whoever adds or removes resources publishes the new list.</summary>
/// <remarks>Thread safe. A reader keeps the snapshot that it began with.</remarks>
internal sealed class OpenApiDocuments(IReadOnlyList<OpenApiResource> resources, string version)
{
    private readonly Lock _gate = new();
    private volatile OpenApiSnapshot _current = new(resources, version);

    public OpenApiSnapshot Current => _current;

    /// <summary>Replaces the documents by those of these resources, in order of discovery. Nothing is written yet, and group versions
    /// whose resources are the same instances as before keep their documents.</summary>
    public void Publish(IReadOnlyList<OpenApiResource> resources)
    {
        lock (_gate)
            _current = new(resources, version, _current);
    }
}
