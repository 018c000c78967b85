using System.Text.Json.Nodes;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Patches of metadata, conditional on the very state that was read.</summary>
internal static class MetadataPatch
{
    public static Patch OwnerReferences(ObjectMeta read, IEnumerable<OwnerReference> references)
    {
        var list = new JsonArray();
        foreach (var reference in references)
        {
            var node = new JsonObject
            {
                ["apiVersion"] = reference.ApiVersion,
                ["kind"] = reference.Kind,
                ["name"] = reference.Name,
                ["uid"] = reference.Uid,
            };
            if (reference.Controller is { } controller)
                node["controller"] = controller;
            if (reference.BlockOwnerDeletion is { } block)
                node["blockOwnerDeletion"] = block;
            list.Add((JsonNode)node);
        }
        return Of(read, "ownerReferences", list);
    }

    public static Patch Finalizers(ObjectMeta read, IEnumerable<string> finalizers)
    {
        var list = new JsonArray();
        foreach (var finalizer in finalizers)
            list.Add((JsonNode)JsonValue.Create(finalizer));
        return Of(read, "finalizers", list);
    }

    public static Patch WithoutFinalizer(ObjectMeta read, string finalizer) => Finalizers(read, read.Finalizers.Where(f => f != finalizer));

    private static Patch Of(ObjectMeta read, string member, JsonArray value)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = read.Uid,
                ["resourceVersion"] = read.ResourceVersion,
                [member] = value,
            },
        };
        return Patch.Merge(patch.ToJsonString());
    }
}
