using Coxswain.Api;

namespace Coxswain.ApiServer.Admission.Webhooks;

/// <summary>The objects of a request as JSON, and back.</summary>
internal static class AdmittedForm
{
    public static RawJson Encode(IKubernetesObject o, ResourceDescriptor form) => RawJson.Copy(CodecFor(o, form).ToJson(o));

    /// <summary>The codec of the resource for its own kind, else that of the kind: subresources carry documents of their own.</summary>
    public static ObjectCodec CodecFor(IKubernetesObject o, ResourceDescriptor form) => form.Codec.ObjectType == o.GetType()
        ? form.Codec
        : CodecTable.Find(o.GroupVersionKind) ?? throw new InvalidOperationException($"no codec for {o.GroupVersionKind}");
}
