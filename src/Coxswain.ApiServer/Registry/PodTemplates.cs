using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Cache;

namespace Coxswain.ApiServer.Registry;

/// <summary>Decodes pods, the spec of equal ones only once: those that a controller has just made of one template hold one spec.</summary>
/// <remarks>A table of fixed size; a newcomer drives out what has its place. Safe for concurrent use.</remarks>
internal sealed class PodTemplates
{
    private const int Bits = 8;

    private readonly Template?[] _templates = new Template?[1 << Bits];

    /// <summary>Decodes a pod as this house writes it: kind, apiVersion, metadata, spec, status.</summary>
    /// <exception cref="DecodeException">It is no pod.</exception>
    public IMetadataObject Decode(ReadOnlySpan<byte> json, StoredForm form)
    {
        // In such text a quote that opens a name stands after a comma; inside of a string it would be escaped. What is found is the
        // spec and perhaps more in front of it: then it is shared by fewer, but never by two that differ.
        var start = json.IndexOf(",\"spec\":{"u8);
        var end = json.LastIndexOf(",\"status\":{"u8);
        if (start < 0 || end < start)
            return form.Decode(json);

        var spec = json[start..end];
        ref var place = ref _templates[SharedParts.Hash(spec) >> (32 - Bits)];
        if (place is { } known && spec.SequenceEqual(known.Text))
        {
            using var rest = new PooledBuffer(json.Length - spec.Length);
            rest.Write(json[..start]);
            rest.Write(json[end..]);
            return (Pod)form.Decode(rest.WrittenSpan) with { Spec = known.Spec };
        }

        var pod = (Pod)form.Decode(json);
        place = new(spec.ToArray(), pod.Spec);
        return pod;
    }

    private sealed record Template(byte[] Text, PodSpec Spec);
}
