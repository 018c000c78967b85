using System.Security.Cryptography;
using System.Text;
using Coxswain.Api;
using Coxswain.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Discovery;

/// <summary>Aggregated discovery: everything in one document, with a tag by which clients see that nothing changed.</summary>
internal sealed class AggregatedDiscovery(DiscoveryDocuments documents)
{
    private const string Parameters = ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    private Document? _core;
    private Document? _groups;

    /// <summary>Whether the client prefers this form to plain discovery.</summary>
    /// <param name="form">The media type without parameters.</param>
    public static bool IsAsked(string accept, out string form)
    {
        form = "";
        foreach (var clause in MediaType.ParseAccept(accept))
        {
            if (clause.Type != "application" || clause.Subtype is not ("json" or "yaml" or "vnd.kubernetes.protobuf"))
                continue;
            if (clause.Parameter("as") is null)
                return false;
            if (clause.Parameter("as") != "APIGroupDiscoveryList" || clause.Parameter("g") != "apidiscovery.k8s.io" || clause.Parameter("v") != "v2")
                continue;
            form = $"{clause.Type}/{clause.Subtype}";
            return true;
        }

        return false;
    }

    public async Task HandleAsync(HttpContext context, bool core, string form, CancellationToken cancellation)
    {
        var document = core ? Fresh(ref _core, core) : Fresh(ref _groups, core);
        var response = context.Response;
        response.Headers.ETag = document.Tag;
        response.Headers.Vary = "Accept";
        response.Headers.CacheControl = "public";
        if (context.Request.Headers.IfNoneMatch.ToString() == document.Tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        await ResponseWriter.WriteBytesAsync(context, 200, form + Parameters, document.In(form), cancellation);
    }

    private Document Fresh(ref Document? kept, bool core)
    {
        var snapshot = documents.Current;
        var last = Volatile.Read(ref kept);
        // What is built in never changes.
        if (last is not null && (core || ReferenceEquals(last.Snapshot, snapshot)))
            return last;
        last = new(snapshot, core);
        Volatile.Write(ref kept, last);
        return last;
    }

    private sealed class Document
    {
        private readonly byte[] _json;
        private readonly Lazy<byte[]> _yaml;
        private readonly Lazy<byte[]> _protobuf;

        public Document(DiscoverySnapshot documents, bool core)
        {
            Snapshot = documents;
            var value = documents.Aggregated(core);
            var codec = CodecTable.Find(((IKubernetesObject)value).GroupVersionKind)!;
            _json = [.. codec.ToJson(value), (byte)'\n'];
            _yaml = new(() => Encoding.UTF8.GetBytes(YamlConverter.FromJson(_json)));
            _protobuf = new(() => ProtobufEnvelope.ToBytes(codec, value));
            Tag = $"\"{Convert.ToHexString(SHA512.HashData(_json))}\"";
        }

        public DiscoverySnapshot Snapshot { get; }

        public byte[] In(string form) => form switch { OutputFormat.ProtobufType => _protobuf.Value, OutputFormat.JsonType => _json, _ => _yaml.Value };

        public string Tag { get; }
    }
}
