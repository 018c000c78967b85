using System.Text;
using Coxswain.Api;
using Coxswain.Api.CustomResources;
using Coxswain.ApiServer.CustomResources;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Turns bodies into objects, with upstream's words for what is wrong with them.</summary>
internal static class BodyDecoder
{
    private const string Scheme = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30";

    /// <summary>Decodes the object of a write to a resource, or to a subresource.</summary>
    /// <exception cref="ApiException">400: it is no such object. 415: nobody knows the content type.</exception>
    public static IKubernetesObject DecodeObject(ApiRequest request, ResourceScope scope, FieldValidation validation) =>
        scope.Registry.Codec is CustomObjectCodec custom && scope.Kind == custom.Kind
            ? CustomBody.Decode(request, custom, validation)
            : Decode(request, scope.Kind, validation);

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
            (apiVersion, kind) = DocumentHeader.Read(json);
        }
        catch (DecodeException e)
        {
            throw Unrecognized(expected, e.Message, original);
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
        actual = Current(actual);
        if (actual != expected)
            throw CannotHandle(actual, expected, WhyOther(json, actual, expected, original) ?? Mismatch(actual, expected));

        var codec = CodecTable.Find(expected) ?? throw new InvalidOperationException($"no codec for {expected}");
        report ??= validation == FieldValidation.Ignore ? null : new DecodeReport();
        IKubernetesObject value;
        try
        {
            value = codec.ReadJson(json, report);
        }
        catch (DecodeException e)
        {
            // The header is read no further than it must be, so that broken text may show only here.
            throw e.IsSyntax
                ? Unrecognized(expected, DocumentHeader.Refuse(e).Message, original)
                : CannotHandle(actual, expected, e.Message);
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
            var (apiVersion, actual) = DocumentHeader.Read(json);
            if (actual.Length > 0 && actual != kind)
                throw new DecodeException($"no kind {GoText.Quote(actual)} is registered for version {GoText.Quote(apiVersion)} in scheme "
                    + "\"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\"");
            return codec.ReadJson(json, null);
        }
        catch (DecodeException e)
        {
            throw new ApiException(Statuses.BadRequest(e.IsSyntax ? DocumentHeader.Refuse(e).Message : e.Message));
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
            actual = Current(actual);
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
    internal static BodyForm Form(ApiRequest request)
    {
        var form = BodyForms.Of(request.ContentType, request.Body.Span);
        return form != BodyForm.Unknown
            ? form
            : throw new ApiException(Statuses.UnsupportedMediaType("application/json", "application/yaml", "application/vnd.kubernetes.protobuf"));
    }

    /// <summary>An object of another kind is decoded as what it is before it turns out not to fit; null if that can be done.</summary>
    private static string? WhyOther(ReadOnlySpan<byte> json, GroupVersionKind actual, GroupVersionKind expected, ReadOnlySpan<byte> original)
    {
        try
        {
            CodecTable.Find(actual)?.ReadJson(json, null);
            return null;
        }
        catch (DecodeException e)
        {
            return e.IsSyntax ? throw Unrecognized(expected, DocumentHeader.Refuse(e).Message, original) : e.Message;
        }
    }

    /// <summary>Evictions of the former version, which is the same, are taken as upstream takes them: clients from before v1.22 send no other.</summary>
    private static GroupVersionKind Current(GroupVersionKind kind) =>
        kind is { Group: "policy", Version: "v1beta1", Kind: "Eviction" } ? kind with { Version = "v1" } : kind;

    private static string Mismatch(GroupVersionKind actual, GroupVersionKind expected)
    {
        if (CodecTable.Find(actual) is null)
            return $"no kind {GoText.Quote(actual.Kind)} is registered for version {GoText.Quote(actual.ApiVersion)} in scheme {GoText.Quote(Scheme)}";
        return $"converting ({actual.Version}.{actual.Kind}) to ({InternalPackage(expected)}.{expected.Kind}): unknown conversion";
    }

    /// <summary>The package of the type in which upstream keeps all versions of a kind.</summary>
    private static string InternalPackage(GroupVersionKind kind)
    {
        var group = kind.Group;
        if (group.Length == 0 || kind is { Group: "events.k8s.io", Kind: "Event" })
            return "core";
        var dot = group.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? group : group[..dot];
    }

    internal static ApiException CannotHandle(GroupVersionKind actual, GroupVersionKind expected, string why) =>
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
