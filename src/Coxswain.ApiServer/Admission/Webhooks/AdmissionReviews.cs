using Coxswain.Api;
using Coxswain.Api.Admission.V1;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Admission.Webhooks;

/// <summary>The question that a webhook is asked and the rules that its answer must keep.</summary>
internal static class AdmissionReviews
{
    private const string V1 = "admission.k8s.io/v1";
    private const string V1Beta1 = "admission.k8s.io/v1beta1";

    /// <summary>The newest form of the question that the webhook says it understands; null: none that is known here.</summary>
    public static string? VersionFor(Webhook hook)
    {
        foreach (var version in hook.ReviewVersions)
        {
            if (version == "v1")
                return V1;
            if (version == "v1beta1")
                return V1Beta1;
        }

        return null;
    }

    /// <summary>The question as JSON.</summary>
    public static byte[] Question(string version, string uid, AdmissionContext context, ResourceDescriptor form, RawJson value, RawJson old)
    {
        var review = new AdmissionReview { Request = RequestOf(context, form) with { Uid = uid, Object = value, OldObject = old } };
        var json = AdmissionReview.Codec.ToJson(review);
        return version == V1 ? json : Replace(json, "\"apiVersion\":\"admission.k8s.io/v1\""u8, "\"apiVersion\":\"admission.k8s.io/v1beta1\""u8);
    }

    /// <summary>The request as webhooks and policies see it, without the objects.</summary>
    public static AdmissionRequest RequestOf(AdmissionContext context, ResourceDescriptor form)
    {
        var requestKind = context.Kind;
        var sameForm = ReferenceEquals(form, context.Descriptor);
        var kind = sameForm || (context.Subresource.Length > 0 && requestKind != context.Descriptor.Kind) ? requestKind : form.Kind;
        return new()
        {
            Kind = Of(kind),
            Resource = Of(form.Resource),
            SubResource = context.Subresource,
            RequestKind = Of(requestKind),
            RequestResource = Of(context.Resource),
            RequestSubResource = context.Subresource,
            Name = context.Name,
            Namespace = context.Namespace,
            Operation = RequestMatcher.Word(context.Operation),
            UserInfo = context.User,
            DryRun = context.DryRun,
            Options = context.Options is { } options ? Encode(options) : RawJson.Empty,
        };
    }

    /// <summary>The answer, if it is one to the question.</summary>
    /// <exception cref="FormatException">It is not; the message says why.</exception>
    public static AdmissionResponse Answer(ReadOnlySpan<byte> json, string version, string uid, bool mutating)
    {
        string apiVersion, kind;
        AdmissionReview review;
        try
        {
            (apiVersion, kind) = DocumentHeader.Read(json);
            review = AdmissionReview.Codec.Read(json);
        }
        catch (DecodeException e)
        {
            throw new FormatException(e.Message);
        }

        if (review.Response is not { } response)
            throw new FormatException("webhook response was absent");
        if (version == V1Beta1)
            return Loosened(response);

        if (response.Uid != uid)
            throw new FormatException($"expected response.uid={GoText.Quote(uid)}, got {GoText.Quote(response.Uid)}");
        if (apiVersion != version || kind != "AdmissionReview")
            throw new FormatException($"expected webhook response of {version}, Kind=AdmissionReview, got {apiVersion}, Kind={kind}");
        if (!mutating)
        {
            if (response.Patch.Length > 0)
                throw new FormatException("validating webhook may not return response.patch");
            if (response.PatchType is not null)
                throw new FormatException("validating webhook may not return response.patchType");
            return response;
        }

        if (response.Patch.Length > 0 && response.PatchType is null)
            throw new FormatException("webhook returned response.patch but not response.patchType");
        if (response.Patch.Length == 0 && response.PatchType is not null)
            throw new FormatException("webhook returned response.patchType but not response.patch");
        if (response.PatchType is { Length: 0 })
            throw new FormatException("webhook returned invalid response.patchType of \"\"");
        return response;
    }

    /// <summary>The refusal of a webhook as the client sees it.</summary>
    public static Status Denial(string webhook, Status? given)
    {
        var denied = $"admission webhook {GoText.Quote(webhook)} denied the request";
        var status = given ?? Status.Empty;
        return status with
        {
            // A refusal must never look like a success.
            Code = status.Code < 400 ? 400 : status.Code,
            StatusValue = status.StatusValue is "" or "Success" ? "Failure" : status.StatusValue,
            Message = status.Message.Length > 0 ? $"{denied}: {status.Message}" : status.Reason.Length > 0 ? $"{denied}: {status.Reason}" : $"{denied} without explanation",
        };
    }

    /// <summary>Old webhooks name no patch type: there was but one.</summary>
    private static AdmissionResponse Loosened(AdmissionResponse response) =>
        response.Patch.Length > 0 ? response with { PatchType = "JSONPatch" } : response with { PatchType = null };

    private static GroupVersionKindReference Of(GroupVersionKind kind) => new() { Group = kind.Group, Version = kind.Version, Kind = kind.Kind };

    private static GroupVersionResourceReference Of(GroupVersionResource resource) =>
        new() { Group = resource.Group, Version = resource.Version, Resource = resource.Resource };

    /// <summary>Options belong to every group; here they are named by their home.</summary>
    private static RawJson Encode(IKubernetesObject options) => RawJson.Copy(Replace(
        CodecTable.Find(options.GroupVersionKind)!.ToJson(options), "\"apiVersion\":\"v1\""u8, "\"apiVersion\":\"meta.k8s.io/v1\""u8));

    private static byte[] Replace(byte[] json, ReadOnlySpan<byte> what, ReadOnlySpan<byte> with)
    {
        var at = json.AsSpan().IndexOf(what);
        if (at < 0)
            return json;
        return [.. json.AsSpan(0, at), .. with, .. json.AsSpan(at + what.Length)];
    }
}
