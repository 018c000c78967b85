using System.Text;
using Coxswain.Api;
using Coxswain.Api.CustomResources;
using Coxswain.ApiServer.Verbs;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>Turns bodies into custom objects. Unlike those of built-in kinds they must say what they are.</summary>
internal static class CustomBody
{
    /// <exception cref="ApiException">400: it is no such object. 415: nobody knows the content type.</exception>
    public static IKubernetesObject Decode(ApiRequest request, CustomObjectCodec codec, FieldValidation validation)
    {
        if (request.Object is { } given)
            return given;
        var report = validation == FieldValidation.Ignore ? null : new DecodeReport();
        var body = request.Body;
        switch (BodyDecoder.Form(request))
        {
            case BodyForm.Protobuf:
                throw BodyDecoder.CannotHandle(codec.Kind, codec.Kind,
                    "object *unstructured.Unstructured does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message");
            case BodyForm.Yaml:
                try
                {
                    body = YamlBody.ToJson(body, report);
                }
                catch (DecodeException e)
                {
                    throw BodyDecoder.Unrecognized(codec.Kind, e.Message, request.Body.Span);
                }

                break;
        }

        return Decode(body.Span, request, codec, validation, report);
    }

    private static CustomObject Decode(
        ReadOnlySpan<byte> json, ApiRequest request, CustomObjectCodec codec, FieldValidation validation, DecodeReport? report)
    {
        var expected = codec.Kind;
        CustomObject value;
        try
        {
            var header = DocumentHeader.Read(json);
            if (header.Kind.Length == 0)
                throw BodyDecoder.CannotHandle(expected, expected, KindMissing(Encoding.UTF8.GetString(json)));
            value = codec.Read(json, report);
            if (header.ApiVersion != expected.ApiVersion)
            {
                throw new ApiException(Statuses.BadRequest(
                    $"the API version in the data ({header.ApiVersion}) does not match the expected API version ({expected.ApiVersion})"));
            }
        }
        catch (DecodeException e)
        {
            throw e.IsSyntax
                ? BodyDecoder.Unrecognized(expected, DocumentHeader.Refuse(e).Message, request.Body.Span)
                : BodyDecoder.CannotHandle(expected, expected, e.Message);
        }

        if (report is { IsClean: false })
        {
            if (validation == FieldValidation.Strict)
                throw BodyDecoder.CannotHandle(value.GroupVersionKind, expected, report.ToErrorMessage());
            request.Warnings.AddRange(report.Findings);
        }

        return value;
    }

    /// <summary>In the recorded words, which quote the end of the document twice.</summary>
    private static string KindMissing(string json) => $"unmarshalerDecoder: Object 'Kind' is missing in '{json}', "
        + $"error found in #{Math.Min(10, json.Length)} byte of ...|{json[^Math.Min(10, json.Length)..]}|..., "
        + $"bigger context ...|{json[^Math.Min(50, json.Length)..]}|...";
}
