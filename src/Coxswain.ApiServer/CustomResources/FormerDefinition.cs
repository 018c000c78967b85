using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>Definitions of custom resources as upstream stores them: in the version before the served one, whose text is shorter.</summary>
internal static class FormerDefinition
{
    public static bool Is(GroupVersionKind kind) => kind is { Group: "apiextensions.k8s.io", Version: "v1beta1", Kind: "CustomResourceDefinition" };

    /// <summary>The same definition in version v1: what was said once for all versions is said by each.</summary>
    /// <exception cref="DecodeException">It is no such definition.</exception>
    public static byte[] ToCurrent(ReadOnlySpan<byte> json)
    {
        try
        {
            var document = JsonNode.Parse(json)!.AsObject();
            document["apiVersion"] = "apiextensions.k8s.io/v1";
            if (document["spec"] is JsonObject spec)
                Convert(spec);
            return Encoding.UTF8.GetBytes(document.ToJsonString());
        }
        catch (Exception error) when (error is InvalidOperationException or JsonException or ArgumentException)
        {
            throw new DecodeException($"not a CustomResourceDefinition of apiextensions.k8s.io/v1beta1: {error.Message}");
        }
    }

    private static void Convert(JsonObject spec)
    {
        if (spec["versions"] is not JsonArray { Count: > 0 } versions)
        {
            versions = [];
            if ((string?)spec["version"] is { Length: > 0 } only)
                versions.Add((JsonNode)new JsonObject { ["name"] = only, ["served"] = true, ["storage"] = true });
            spec["versions"] = versions;
        }

        foreach (var version in versions.OfType<JsonObject>())
        {
            Share(spec, "validation", version, "schema");
            Share(spec, "subresources", version, "subresources");
            Share(spec, "additionalPrinterColumns", version, "additionalPrinterColumns");
            foreach (var column in (version["additionalPrinterColumns"] as JsonArray ?? []).OfType<JsonObject>())
                Rename(column, "JSONPath", column, "jsonPath");
        }

        foreach (var former in (string[])["version", "validation", "subresources", "additionalPrinterColumns"])
            spec.Remove(former);
        spec["scope"] ??= "Namespaced";
        spec["preserveUnknownFields"] ??= true;
        var conversion = spec["conversion"] as JsonObject ?? new JsonObject { ["strategy"] = "None" };
        spec["conversion"] ??= conversion;
        if ((string?)conversion["strategy"] == "Webhook")
        {
            var webhook = new JsonObject();
            Rename(conversion, "webhookClientConfig", webhook, "clientConfig");
            Rename(conversion, "conversionReviewVersions", webhook, "conversionReviewVersions");
            conversion["webhook"] = webhook;
        }
        else
        {
            conversion.Remove("webhookClientConfig");
            conversion.Remove("conversionReviewVersions");
        }
    }

    private static void Share(JsonObject spec, string name, JsonObject version, string target)
    {
        if (spec[name] is { } shared)
            version[target] = shared.DeepClone();
    }

    private static void Rename(JsonObject from, string name, JsonObject to, string target)
    {
        if (from[name] is not { } value)
            return;
        from.Remove(name);
        to[target] = value;
    }
}
