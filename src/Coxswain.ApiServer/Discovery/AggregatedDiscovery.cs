using System.Security.Cryptography;
using Coxswain.Api;
using Coxswain.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Discovery;

/// <summary>Aggregated discovery: everything in one document, with a tag by which clients see that nothing changed.</summary>
internal sealed class AggregatedDiscovery(DiscoveryDocuments documents)
{
    private const string Parameters = ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    private readonly Lazy<Document> _core = new(() => new(documents, core: true));
    private readonly Lazy<Document> _groups = new(() => new(documents, core: false));

    /// <summary>Whether the client prefers this form to plain discovery.</summary>
    public static bool IsAsked(string accept, out bool protobuf)
    {
        protobuf = false;
        foreach (var clause in MediaType.ParseAccept(accept))
        {
            if (clause.Type != "application" || clause.Subtype is not ("json" or "vnd.kubernetes.protobuf"))
                continue;
            if (clause.Parameter("as") is null)
                return false;
            if (clause.Parameter("as") != "APIGroupDiscoveryList" || clause.Parameter("g") != "apidiscovery.k8s.io" || clause.Parameter("v") != "v2")
                continue;
            protobuf = clause.Subtype == "vnd.kubernetes.protobuf";
            return true;
        }

        return false;
    }

    public async Task HandleAsync(HttpContext context, bool core, bool protobuf, CancellationToken cancellation)
    {
        var document = (core ? _core : _groups).Value;
        var response = context.Response;
        response.Headers.ETag = document.Tag;
        response.Headers.Vary = "Accept";
        if (context.Request.Headers.IfNoneMatch.ToString() == document.Tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var bytes = protobuf ? document.Protobuf.Value : document.Json;
        response.StatusCode = 200;
        response.ContentType = (protobuf ? OutputFormat.ProtobufType : OutputFormat.JsonType) + Parameters;
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, cancellation);
    }

    private sealed class Document
    {
        public Document(DiscoveryDocuments documents, bool core)
        {
            var value = documents.Aggregated(core);
            var codec = CodecTable.Find(((IKubernetesObject)value).GroupVersionKind)!;
            Json = codec.ToJson(value);
            Protobuf = new(() => ProtobufEnvelope.ToBytes(codec, value));
            Tag = $"\"{Convert.ToHexString(SHA512.HashData(Json))}\"";
        }

        public byte[] Json { get; }

        public Lazy<byte[]> Protobuf { get; }

        public string Tag { get; }
    }
}
