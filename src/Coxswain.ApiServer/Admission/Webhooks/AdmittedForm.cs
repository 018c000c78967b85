using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Patching;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission.Webhooks;

/// <summary>The objects of a request as JSON, and back.</summary>
internal static class AdmittedForm
{
    public static RawJson Encode(IKubernetesObject o, ResourceDescriptor form) => RawJson.Copy(CodecFor(o, form).ToJson(o));

    /// <summary>The object in the version that a webhook or policy asked for; absent when there is none.</summary>
    public static RawJson Shown(IKubernetesObject? o, AdmissionContext context, ResourceDescriptor form, IResourceForms forms) => o switch
    {
        null => RawJson.Empty,
        IMetadataObject whole when Converts(o, context, form) => Encode(forms.Convert(whole, context.Descriptor, form), form),
        _ => Encode(o, context.Descriptor),
    };

    /// <summary>The object after a change of its JSON as a webhook or policy sees it, with defaults filled in.</summary>
    /// <exception cref="DecodeException">The changed JSON is no such object.</exception>
    public static IKubernetesObject Changed(
        IKubernetesObject o, AdmissionContext context, ResourceDescriptor form, IResourceForms forms, Func<byte[], ReadOnlyMemory<byte>> change)
    {
        var converts = Converts(o, context, form);
        var shown = converts ? forms.Convert((IMetadataObject)o, context.Descriptor, form) : o;
        var codec = CodecFor(shown, converts ? form : context.Descriptor);
        var result = codec.ReadJson(change(codec.ToJson(shown)).Span, null);
        if (converts)
            result = forms.Convert((IMetadataObject)result, form, context.Descriptor);
        return context.Default is { } fill ? fill(result) : result;
    }

    /// <summary>A document after a JSON patch.</summary>
    /// <exception cref="ApiException">The patch does not fit.</exception>
    public static ReadOnlyMemory<byte> Patched(byte[] json, ReadOnlySpan<byte> patch)
    {
        var patched = JsonPatch.Apply(JsonNode.Parse(json), patch) ?? new JsonObject();
        var utf8 = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(utf8, ObjectCodec.WriterOptions))
            patched.WriteTo(writer);
        return utf8.WrittenMemory;
    }

    /// <summary>Whether the object looks different in that version. Documents of subresources have but one form.</summary>
    public static bool Converts(IKubernetesObject o, AdmissionContext context, ResourceDescriptor form) =>
        !ReferenceEquals(form, context.Descriptor) && o is IMetadataObject whole && whole.GroupVersionKind == context.Descriptor.Kind;

    /// <summary>The codec of the resource for its own kind, else that of the kind: subresources carry documents of their own.</summary>
    public static ObjectCodec CodecFor(IKubernetesObject o, ResourceDescriptor form) => form.Codec.ObjectType == o.GetType()
        ? form.Codec
        : CodecTable.Find(o.GroupVersionKind) ?? throw new InvalidOperationException($"no codec for {o.GroupVersionKind}");
}
