using System.Text;
using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Turns bodies into objects, with upstream's words for what is wrong with them.</summary>
internal static class BodyDecoder
{
    private const string Scheme = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30";

    /// <summary>Decodes the object of a write, of the kind that the scope expects.</summary>
    /// <exception cref="ApiException">400: it is no such object. 415: nobody knows the content type.</exception>
    public static IKubernetesObject Decode(ApiRequest request, GroupVersionKind expected, FieldValidation validation)
    {
        if (request.Object is { } given)
            return given;
        switch (Form(request))
        {
            case BodyForm.Protobuf:
                return DecodeProtobuf(request.Body, expected);
            case BodyForm.Yaml:
                var report = validation == FieldValidation.Ignore ? null : new DecodeReport();
                try
                {
                    return Decode(YamlBody.ToJson(request.Body, report).Span, expected, validation, request.Warnings, request.Body.Span, report);
                }
                catch (DecodeException e)
                {
                    throw Unrecognized(expected, e.Message, request.Body.Span);
                }

            default:
                return Decode(request.Body.Span, expected, validation, request.Warnings, request.Body.Span);
        }
    }

    /// <summary>Decodes JSON: missing apiVersion and kind are the expected ones.</summary>
    public static IKubernetesObject Decode(
        ReadOnlySpan<byte> json, GroupVersionKind expected, FieldValidation validation, List<string> warnings, ReadOnlySpan<byte> original,
        DecodeReport? report = null)
    {
        string apiVersion, kind;
        try
        {
            (apiVersion, kind) = TypeMeta.Peek(json, CodecTable.Find(expected)!);
        }
        catch (DecodeException e)
        {
            throw Unrecognized(expected, "couldn't get version/kind; json parse error: " + e.Message, original);
        }

        var actual = expected;
        if (apiVersion.Length > 0)
        {
            if (!GroupVersion.TryParse(apiVersion, out var groupVersion))
                throw Unrecognized(expected, "unexpected GroupVersion string: " + apiVersion, original);
            actual = new(groupVersion.Group, groupVersion.Version, actual.Kind);
        }

        if (kind.Length > 0)
            actual = actual with { Kind = kind };
        if (actual != expected)
            throw CannotHandle(actual, expected, Mismatch(actual, expected));

        var codec = CodecTable.Find(expected) ?? throw new InvalidOperationException($"no codec for {expected}");
        report ??= validation == FieldValidation.Ignore ? null : new DecodeReport();
        IKubernetesObject value;
        try
        {
            value = codec.ReadJson(json, report);
        }
        catch (DecodeException e)
        {
            throw CannotHandle(actual, expected, e.Message);
        }

        if (report is { IsClean: false })
        {
            if (validation == FieldValidation.Strict)
                throw CannotHandle(actual, expected, report.ToErrorMessage());
            warnings.AddRange(report.Findings);
        }

        return value;
    }

    /// <summary>Decodes options that came as a body; their apiVersion may be that of any group.</summary>
    /// <exception cref="ApiException">400.</exception>
    public static IKubernetesObject DecodeOptions(ApiRequest request, string kind)
    {
        var codec = CodecTable.Find(new("meta.k8s.io", "v1", kind)) ?? CodecTable.Find(new("", "v1", kind))!;
        try
        {
            var form = Form(request);
            if (form == BodyForm.Protobuf)
            {
                var document = ProtobufEnvelope.Read(request.Body);
                if (document.Kind != kind)
                    throw new DecodeException($"no kind {GoText.Quote(document.Kind)} is registered for version {GoText.Quote(document.ApiVersion)}");
                return codec.ReadProtobuf(document.Message.Span);
            }

            var json = (form == BodyForm.Yaml ? YamlBody.ToJson(request.Body) : request.Body).Span;
            var (apiVersion, actual) = TypeMeta.Peek(json, codec);
            if (actual.Length > 0 && actual != kind)
                throw new DecodeException($"no kind {GoText.Quote(actual)} is registered for version {GoText.Quote(apiVersion)} in scheme "
                    + "\"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\"");
            return codec.ReadJson(json, null);
        }
        catch (DecodeException e)
        {
            throw new ApiException(Statuses.BadRequest(e.Message));
        }
    }

    private static IKubernetesObject DecodeProtobuf(ReadOnlyMemory<byte> body, GroupVersionKind expected)
    {
        var actual = expected;
        try
        {
            var document = ProtobufEnvelope.Read(body);
            if (!document.TryGetKind(out actual))
                throw Unrecognized(expected, "unexpected GroupVersion string: " + document.ApiVersion, body.Span);
            if (actual != expected)
                throw CannotHandle(actual, expected, Mismatch(actual, expected));
            return CodecTable.Find(expected)!.ReadProtobuf(document.Message.Span);
        }
        catch (DecodeException e)
        {
            throw Unrecognized(expected, e.Message, body.Span);
        }
    }

    /// <exception cref="ApiException">415.</exception>
    private static BodyForm Form(ApiRequest request)
    {
        var form = BodyForms.Of(request.ContentType, request.Body.Span);
        return form != BodyForm.Unknown
            ? form
            : throw new ApiException(Statuses.UnsupportedMediaType("application/json", "application/yaml", "application/vnd.kubernetes.protobuf"));
    }

    private static string Mismatch(GroupVersionKind actual, GroupVersionKind expected)
    {
        if (CodecTable.Find(actual) is null)
            return $"no kind {GoText.Quote(actual.Kind)} is registered for version {GoText.Quote(actual.ApiVersion)} in scheme {GoText.Quote(Scheme)}";
        return $"converting ({actual.Version}.{actual.Kind}) to ({InternalPackage(expected.Group)}.{expected.Kind}): unknown conversion";
    }

    private static string InternalPackage(string group)
    {
        if (group.Length == 0)
            return "core";
        var dot = group.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? group : group[..dot];
    }

    private static ApiException CannotHandle(GroupVersionKind actual, GroupVersionKind expected, string why) =>
        new(Statuses.BadRequest($"{actual.Kind} in version {GoText.Quote(actual.Version)} cannot be handled as a {expected.Kind}: {why}"));

    public static ApiException Unrecognized(GroupVersionKind expected, string why, ReadOnlySpan<byte> body) => new(Statuses.BadRequest(
        $"the object provided is unrecognized (must be of type {expected.Kind}): {why} ({Summary(body)})"));

    /// <summary>A glimpse of the body: as text if it looks like JSON, else its bytes in hexadecimal.</summary>
    private static string Summary(ReadOnlySpan<byte> body)
    {
        const int Shown = 30;
        if (body.IsEmpty)
            return "<empty>";
        var head = body[..Math.Min(Shown, body.Length)];
        var text = body[0] == '{' ? Encoding.UTF8.GetString(head) : Convert.ToHexStringLower(head);
        return body.Length > Shown ? text + " ..." : text;
    }
}

internal enum BodyForm
{
    Json,
    Yaml,
    Protobuf,
    Unknown,
}

internal static class BodyForms
{
    /// <summary>The form of a body by its content type; without one, by its first bytes.</summary>
    public static BodyForm Of(string contentType, ReadOnlySpan<byte> body)
    {
        var end = contentType.IndexOf(';', StringComparison.Ordinal);
        var type = (end < 0 ? contentType.AsSpan() : contentType.AsSpan(0, end)).Trim();
        return type switch
        {
            "application/json" => BodyForm.Json,
            "application/yaml" => BodyForm.Yaml,
            "application/vnd.kubernetes.protobuf" => BodyForm.Protobuf,
            "" when body.StartsWith("k8s\0"u8) => BodyForm.Protobuf,
            "" => BodyForm.Json,
            _ => BodyForm.Unknown,
        };
    }
}

/// <summary>apiVersion and kind of a document, read without decoding it.</summary>
internal static class TypeMeta
{
    /// <exception cref="DecodeException">The text is no JSON object.</exception>
    public static (string ApiVersion, string Kind) Peek(ReadOnlySpan<byte> json, ObjectCodec codec)
    {
        string apiVersion = "", kind = "";
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 10_000 });
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
                return ("", "");
            if (reader.TokenType != JsonTokenType.StartObject)
                throw new DecodeException($"json: cannot unmarshal {Go(reader.TokenType)} into Go value of type struct "
                    + "{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }");
            var seen = 0;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isVersion = reader.ValueTextEquals("apiVersion"u8);
                var isKind = !isVersion && reader.ValueTextEquals("kind"u8);
                reader.Read();
                if (isVersion && reader.TokenType == JsonTokenType.String)
                {
                    apiVersion = reader.GetString()!;
                    seen++;
                }
                else if (isKind && reader.TokenType == JsonTokenType.String)
                {
                    kind = reader.GetString()!;
                    seen++;
                }
                else if ((isVersion || isKind) && reader.TokenType != JsonTokenType.Null)
                {
                    throw new DecodeException($"json: cannot unmarshal {Go(reader.TokenType)} into Go struct field .{(isKind ? "kind" : "apiVersion")} of type string");
                }
                else
                {
                    reader.Skip();
                }

                // Whatever else is wrong is the codec's to find: these two stand first in nearly every document.
                if (seen == 2)
                    return (apiVersion, kind);
            }

            return (apiVersion, kind);
        }
        catch (JsonException)
        {
            // The codec knows upstream's words for what is wrong with a text.
            codec.ReadJson(json, null);
            throw new DecodeException("unexpected end of JSON input");
        }
    }

    private static string Go(JsonTokenType token) => token switch
    {
        JsonTokenType.StartArray => "array",
        JsonTokenType.StartObject => "object",
        JsonTokenType.String => "string",
        JsonTokenType.Number => "number",
        _ => "bool",
    };
}
