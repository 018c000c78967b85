using System.Globalization;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>The label value that tells the ReplicaSets of a Deployment apart: the same template gives the same text, for ever.</summary>
/// <remarks>Taken over the template's JSON, which has a fixed order of fields and leaves out new fields that are not set, so that new API fields do not
/// change the hashes of old templates.</remarks>
internal static class TemplateHash
{
    // No vowels and nothing that looks like one, so that no word comes out.
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    public static string Of(PodTemplateSpec template, int? collisionCount)
    {
        var codec = CodecTable.Find(PodTemplate.ResourceKind)!;
        var hash = Fnv1a(2166136261, codec.ToJson(new PodTemplate { Template = WithoutHash(template) }));
        if (collisionCount is { } collisions)
            hash = Fnv1a(hash, Encoding.ASCII.GetBytes(collisions.ToString(CultureInfo.InvariantCulture)));
        return Spell(hash);
    }

    /// <summary>A number as letters and digits that are safe in names.</summary>
    public static string Spell(uint hash) =>
        string.Concat(hash.ToString(CultureInfo.InvariantCulture).Select(digit => Alphabet[digit % Alphabet.Length]));

    public static uint Fnv1a(uint hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
            hash = (hash ^ b) * 16777619;
        return hash;
    }

    /// <summary>The template as its author wrote it.</summary>
    public static PodTemplateSpec WithoutHash(PodTemplateSpec template) =>
        template.Metadata.Labels.ContainsKey(Revisions.PodTemplateHash)
            ? template with { Metadata = template.Metadata with { Labels = template.Metadata.Labels.Without(Revisions.PodTemplateHash) } }
            : template;

    public static bool SameTemplate(PodTemplateSpec a, PodTemplateSpec b) => ReferenceEquals(a, b) || WithoutHash(a) == WithoutHash(b);
}
