using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Turns the result of a patch back into an object.</summary>
internal static class PatchDecoder
{
    /// <exception cref="ApiException">422: the result is no object of the kind. 400: it has unknown fields and the client is strict.</exception>
    public static IMetadataObject Decode(ObjectCodec codec, JsonNode patched, ApiRequest request, FieldValidation validation)
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
            var errors = new FieldErrors();
            errors.Invalid("patch", Encoding.UTF8.GetString(utf8.WrittenSpan), e.Message);
            throw new ApiException(Statuses.Invalid(new("", "", ""), "", errors));
        }

        if (report is { IsClean: false })
        {
            if (validation == FieldValidation.Strict)
                throw new ApiException(Statuses.BadRequest(report.ToErrorMessage()));
            foreach (var finding in report.Findings)
                if (!request.Warnings.Contains(finding))
                    request.Warnings.Add(finding);
        }

        return (IMetadataObject)value;
    }
}
