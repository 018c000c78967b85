using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Patching;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Turns the result of a patch back into an object.</summary>
internal static class PatchDecoder
{
    /// <param name="found">What is strange in the patch itself.</param>
    /// <exception cref="ApiException">422: the result is no object of the kind, or patch or result are strange and the client is strict.</exception>
    public static IMetadataObject Decode(
        ObjectCodec codec, JsonNode patched, ApiRequest request, FieldValidation validation, IReadOnlyList<string> found)
    {
        // As documents are written everywhere: what was not patched must come out byte for byte, or nothing is ever unchanged.
        var utf8 = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(utf8, ObjectCodec.WriterOptions))
            patched.WriteTo(writer);
        var report = validation == FieldValidation.Ignore ? null : new DecodeReport();
        IKubernetesObject value;
        try
        {
            value = codec.ReadJson(utf8.WrittenSpan, report);
        }
        catch (DecodeException e)
        {
            throw Invalid(utf8.WrittenSpan, e.Message);
        }

        if (report is null || (report.IsClean && found.Count == 0))
            return (IMetadataObject)value;
        List<string> findings = [.. found, .. report.Findings];
        if (validation == FieldValidation.Strict)
            throw Invalid(utf8.WrittenSpan, "strict decoding error: " + string.Join(", ", findings));
        foreach (var finding in findings)
            if (!request.Warnings.Contains(finding))
                request.Warnings.Add(finding);
        return (IMetadataObject)value;
    }

    /// <summary>What is strange in a patch as it was sent.</summary>
    /// <exception cref="ApiException">400: it is no patch of its type.</exception>
    public static IReadOnlyList<string> Findings(string type, ReadOnlySpan<byte> patch, FieldValidation validation) => (type, validation) switch
    {
        (_, FieldValidation.Ignore) => [],
        (PatchTypes.Json, _) => PatchFindings.OfJsonPatch(patch),
        (PatchTypes.Merge, _) => PatchFindings.OfMergePatch(patch),
        _ => PatchFindings.OfStrategicMergePatch(patch),
    };

    private static ApiException Invalid(ReadOnlySpan<byte> patched, string why)
    {
        var errors = new FieldErrors();
        errors.Invalid("patch", Encoding.UTF8.GetString(patched), why);
        return new(Statuses.Invalid(new("", "", ""), "", errors));
    }
}
