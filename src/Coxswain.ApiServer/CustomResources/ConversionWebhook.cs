using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.Patching;
using Coxswain.ApiServer.Webhooks;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>Asks a definition's webhook for objects in another version.</summary>
/// <remarks>Safe for concurrent use. Calls are bounded in time and in the number of objects.</remarks>
internal sealed class ConversionWebhook
{
    private const int MaxObjects = 500;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly WebhookTransport _transport;
    private readonly WebhookTarget _target;
    private readonly string _reviewVersion;

    private ConversionWebhook(WebhookTransport transport, WebhookTarget target, string reviewVersion) =>
        (_transport, _target, _reviewVersion) = (transport, target, reviewVersion);

    /// <summary>Null: the definition's objects need none, as all versions look alike.</summary>
    public static ConversionWebhook? Of(CustomResourceDefinition definition, WebhookTransport? transport)
    {
        if (transport is null || definition.Spec.Versions.Count < 2
            || definition.Spec.Conversion is not { Strategy: "Webhook", Webhook: { ClientConfig: { } client } webhook })
            return null;
        var target = client.Service is { } service
            ? WebhookTarget.OfService(service.Namespace, service.Name, service.Port ?? 443, service.Path ?? "", client.CaBundle)
            : WebhookTarget.OfUrl(client.Url ?? "", client.CaBundle);
        var version = webhook.ConversionReviewVersions.FirstOrDefault(name => name is "v1" or "v1beta1") ?? "v1";
        return new(transport, target, version);
    }

    /// <summary>The documents in a version, in the same order.</summary>
    /// <exception cref="ApiException">500: the webhook does not answer, or not as it should.</exception>
    public async Task<IReadOnlyList<byte[]>> ConvertAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> documents, string apiVersion, CancellationToken cancellation)
    {
        var converted = new List<byte[]>(documents.Count);
        for (var at = 0; at < documents.Count; at += MaxObjects)
            converted.AddRange(await ConvertSomeAsync([.. documents.Skip(at).Take(MaxObjects)], apiVersion, cancellation));
        return converted;
    }

    private async Task<IReadOnlyList<byte[]>> ConvertSomeAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> documents, string apiVersion, CancellationToken cancellation)
    {
        var uid = Guid.NewGuid().ToString();
        try
        {
            var answer = await _transport.PostAsync(_target, Question(documents, apiVersion, uid), Timeout, cancellation);
            return Read(answer, documents, apiVersion, uid);
        }
        catch (WebhookCallException failed)
        {
            throw Failed(documents[0], failed.Message);
        }
        catch (JsonException broken)
        {
            throw Failed(documents[0], "unable to decode the answer: " + broken.Message);
        }
        catch (InvalidOperationException odd)
        {
            // A member of the answer has another type than it should.
            throw Failed(documents[0], "unable to decode the answer: " + odd.Message);
        }
    }

    private byte[] Question(IReadOnlyList<ReadOnlyMemory<byte>> documents, string apiVersion, string uid)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, ObjectCodec.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, "ConversionReview"u8);
            writer.WriteString("apiVersion"u8, "apiextensions.k8s.io/" + _reviewVersion);
            writer.WriteStartObject("request"u8);
            writer.WriteString("uid"u8, uid);
            writer.WriteString("desiredAPIVersion"u8, apiVersion);
            writer.WriteStartArray("objects"u8);
            foreach (var document in documents)
                writer.WriteRawValue(document.Span, skipInputValidation: true);
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static List<byte[]> Read(byte[] answer, IReadOnlyList<ReadOnlyMemory<byte>> documents, string apiVersion, string uid)
    {
        var response = JsonTree.Parse(answer)?["response"] as JsonObject ?? throw Failed(documents[0], "the answer has no response");
        if ((string?)response["uid"] != uid)
            throw Failed(documents[0], $"expected response.uid={GoText.Quote(uid)}, got {GoText.Quote((string?)response["uid"] ?? "")}");
        var result = response["result"] as JsonObject;
        if ((string?)result?["status"] != "Success")
            throw Failed(documents[0], (string?)result?["message"] is { Length: > 0 } said ? said : "the webhook did not say why");
        var objects = response["convertedObjects"] as JsonArray ?? [];
        if (objects.Count != documents.Count)
            throw Failed(documents[0], $"webhook returned {objects.Count} objects, expected {documents.Count}");
        var converted = new List<byte[]>(objects.Count);
        for (var i = 0; i < objects.Count; i++)
        {
            if (objects[i] is not JsonObject document || (string?)document["apiVersion"] != apiVersion)
                throw Failed(documents[i], $"webhook returned invalid converted object at index {i}: invalid groupVersion (expected {apiVersion})");
            converted.Add(WithMetadata(document, JsonTree.Parse(documents[i].Span)?["metadata"] as JsonObject));
        }

        return converted;
    }

    /// <summary>Of the metadata a webhook may change labels and annotations only.</summary>
    private static byte[] WithMetadata(JsonObject converted, JsonObject? original)
    {
        var metadata = original?.DeepClone().AsObject() ?? [];
        var changed = converted["metadata"] as JsonObject;
        foreach (var name in (ReadOnlySpan<string>)["labels", "annotations"])
        {
            if (changed?[name] is { } value)
                metadata[name] = value.DeepClone();
            else
                metadata.Remove(name);
        }

        converted["metadata"] = metadata;
        return Encoding.UTF8.GetBytes(converted.ToJsonString());
    }

    private static ApiException Failed(ReadOnlyMemory<byte> document, string why)
    {
        var header = DocumentHeader.Read(document.Span);
        return new(Statuses.Unknown($"conversion webhook for {header.ToGroupVersionKind()} failed: {why}"));
    }
}
