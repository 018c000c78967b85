using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Microsoft.AspNetCore.Http;

namespace Coxswain.Node.Server;

/// <summary>/pods: the pods of this node with the status that the node knows.</summary>
internal sealed class PodsHandler(IPodDirectory pods)
{
    public async Task HandleAsync(HttpContext context, CancellationToken cancellation)
    {
        context.Response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(context.Response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteString("kind", "PodList");
        writer.WriteString("apiVersion", "v1");
        writer.WriteStartObject("metadata");
        writer.WriteEndObject();
        writer.WriteStartArray("items");
        foreach (var entry in pods.List())
        {
            CodecTable.Find(Pod.ResourceKind)!.WriteJson(writer, entry.Pod);
            await writer.FlushAsync(cancellation);
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
        await writer.FlushAsync(cancellation);
    }
}
