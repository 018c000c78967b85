using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>The templates that a set has had, kept as ControllerRevisions, as kubectl's rollout history and undo read them.</summary>
internal sealed class RevisionHistory(IApiClient api, Lister<ControllerRevision> revisions)
{
    public const string HashLabel = "controller-revision-hash";

    /// <summary>The revision of the present template and all others, oldest first. The present one is made, or made the newest, where needed.</summary>
    public async Task<(ControllerRevision Present, IReadOnlyList<ControllerRevision> Others)> SyncAsync(IMetadataObject set, LabelSelector selector,
        PodTemplateSpec template, int? collisionCount, Func<CancellationToken, Task<bool>> canAdopt, CancellationToken cancellation)
    {
        var all = await Claims.ClaimAsync(api, revisions, set, Selector.From(selector), canAdopt, cancellation).ConfigureAwait(false);
        all.Sort((a, b) => a.Revision != b.Revision ? a.Revision.CompareTo(b.Revision) : string.CompareOrdinal(a.Metadata.Name, b.Metadata.Name));
        var data = Render(template);
        var newest = all.Count == 0 ? 0 : all[^1].Revision;
        var present = all.FindLast(r => r.Data == data) ?? all.FindLast(r => TemplateOf(r) == template);
        if (present is null)
            present = await CreateAsync(set, template, data, newest + 1, collisionCount, cancellation).ConfigureAwait(false);
        else if (present.Revision < newest)
            present = await api.UpdateAsync(present with { Revision = newest + 1 }, cancellation).ConfigureAwait(false);
        return (present, [.. all.Where(r => r.Metadata.Uid != present.Metadata.Uid)]);
    }

    /// <summary>Deletes the oldest revisions beyond the limit that nothing uses.</summary>
    public async Task TruncateAsync(IReadOnlyList<ControllerRevision> others, Func<ControllerRevision, bool> isUsed, int limit, CancellationToken cancellation)
    {
        var unused = others.Where(r => !isUsed(r)).ToList();
        foreach (var revision in unused.Take(Math.Max(0, unused.Count - limit)))
        {
            try
            {
                await api.DeleteAsync<ControllerRevision>(revision.FullName(), null, cancellation).ConfigureAwait(false);
            }
            catch (ApiException gone) when (gone.Code == 404)
            {
                continue;
            }
        }
    }

    /// <summary>The template that a revision holds.</summary>
    public static PodTemplateSpec TemplateOf(ControllerRevision revision)
    {
        var template = (revision.Data.ToNode()?["spec"]?["template"] as JsonObject)?.DeepClone() as JsonObject ?? [];
        template.Remove("$patch");
        var whole = new JsonObject { ["template"] = template };
        var codec = CodecTable.Find(PodTemplate.ResourceKind)!;
        return ((PodTemplate)codec.ReadJson(System.Text.Encoding.UTF8.GetBytes(whole.ToJsonString()), null)).Template;
    }

    private async Task<ControllerRevision> CreateAsync(IMetadataObject set, PodTemplateSpec template, RawJson data, long number, int? collisionCount,
        CancellationToken cancellation)
    {
        for (var collisions = collisionCount ?? 0; ; collisions++)
        {
            var hash = TemplateHash.Of(template, collisions == 0 ? null : collisions);
            var wanted = new ControllerRevision
            {
                Metadata = new()
                {
                    Namespace = set.Metadata.Namespace,
                    Name = $"{set.Metadata.Name}-{hash}",
                    Labels = template.Metadata.Labels.With(HashLabel, hash),
                    OwnerReferences = [Owners.Controller(set)],
                },
                Data = data,
                Revision = number,
            };
            try
            {
                return await api.CreateAsync(wanted, cancellation).ConfigureAwait(false);
            }
            catch (ApiException taken) when (taken.Reason == StatusReason.AlreadyExists)
            {
                // Ours, which the lister does not show yet, or another's with the same hash.
                if (await api.FindAsync<ControllerRevision>(wanted.FullName(), cancellation).ConfigureAwait(false) is { } there
                    && (there.Data == data || TemplateOf(there) == template) && Owners.IsControlledBy(there.Metadata, set))
                    return there;
            }
        }
    }

    /// <summary>A strategic merge patch that brings the template back: the form that kubectl's undo sends as it is.</summary>
    private static RawJson Render(PodTemplateSpec template)
    {
        var codec = CodecTable.Find(PodTemplate.ResourceKind)!;
        var node = JsonNode.Parse(codec.ToJson(new PodTemplate { Template = template }))!["template"]!.DeepClone().AsObject();
        node["$patch"] = "replace";
        return RawJson.FromNode(new JsonObject { ["spec"] = new JsonObject { ["template"] = node } });
    }
}
