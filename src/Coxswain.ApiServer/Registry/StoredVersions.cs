using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.ApiServer.CustomResources;

namespace Coxswain.ApiServer.Registry;

/// <summary>Reads values that are not in this server's own form: upstream's protobuf, JSON of other hands, and older versions that
/// another server left in the store.</summary>
internal static class StoredVersions
{
    /// <summary>Older versions with the same fields, types and protobuf numbers down to the last struct, by group and kind. They differ
    /// in defaults only.</summary>
    private static readonly Dictionary<(string Group, string Kind), string[]> SameShapes = new()
    {
        [("admissionregistration.k8s.io", "MutatingAdmissionPolicy")] = ["v1beta1", "v1alpha1"],
        [("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding")] = ["v1beta1", "v1alpha1"],
        [("admissionregistration.k8s.io", "MutatingWebhookConfiguration")] = ["v1beta1"],
        [("admissionregistration.k8s.io", "ValidatingAdmissionPolicy")] = ["v1beta1", "v1alpha1"],
        [("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding")] = ["v1beta1", "v1alpha1"],
        [("admissionregistration.k8s.io", "ValidatingWebhookConfiguration")] = ["v1beta1"],
        [("apiregistration.k8s.io", "APIService")] = ["v1beta1"],
        [("apps", "ControllerRevision")] = ["v1beta2", "v1beta1"],
        [("apps", "DaemonSet")] = ["v1beta2"],
        [("apps", "Deployment")] = ["v1beta2"],
        [("apps", "ReplicaSet")] = ["v1beta2"],
        [("apps", "StatefulSet")] = ["v1beta2", "v1beta1"],
        [("batch", "CronJob")] = ["v1beta1"],
        [("certificates.k8s.io", "CertificateSigningRequest")] = ["v1beta1"],
        [("coordination.k8s.io", "Lease")] = ["v1beta1"],
        [("flowcontrol.apiserver.k8s.io", "FlowSchema")] = ["v1beta3", "v1beta2", "v1beta1"],
        [("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration")] = ["v1beta3"],
        [("networking.k8s.io", "IngressClass")] = ["v1beta1"],
        [("networking.k8s.io", "IPAddress")] = ["v1beta1"],
        [("networking.k8s.io", "ServiceCIDR")] = ["v1beta1"],
        [("node.k8s.io", "RuntimeClass")] = ["v1beta1"],
        [("policy", "PodDisruptionBudget")] = ["v1beta1"],
        [("rbac.authorization.k8s.io", "ClusterRole")] = ["v1beta1"],
        [("rbac.authorization.k8s.io", "ClusterRoleBinding")] = ["v1beta1"],
        [("rbac.authorization.k8s.io", "Role")] = ["v1beta1"],
        [("rbac.authorization.k8s.io", "RoleBinding")] = ["v1beta1"],
        [("resource.k8s.io", "DeviceClass")] = ["v1beta2", "v1beta1"],
        [("resource.k8s.io", "ResourceClaim")] = ["v1beta2"],
        [("resource.k8s.io", "ResourceClaimTemplate")] = ["v1beta2"],
        [("resource.k8s.io", "ResourceSlice")] = ["v1beta2"],
        [("scheduling.k8s.io", "PriorityClass")] = ["v1beta1"],
        [("storage.k8s.io", "CSIDriver")] = ["v1beta1"],
        [("storage.k8s.io", "CSINode")] = ["v1beta1"],
        [("storage.k8s.io", "CSIStorageCapacity")] = ["v1beta1"],
        [("storage.k8s.io", "StorageClass")] = ["v1beta1"],
        [("storage.k8s.io", "VolumeAttachment")] = ["v1beta1"],
        [("storage.k8s.io", "VolumeAttributesClass")] = ["v1beta1"],
    };

    /// <summary>Kinds that upstream stores in another version than the one that is served, so that its former release can read them.</summary>
    private static readonly Dictionary<GroupVersionKind, string> WrittenAs = new()
    {
        [new("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicy")] = "v1beta1",
        [new("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBinding")] = "v1beta1",
    };

    /// <summary>The versions of a kind that can be read as they are, besides its own.</summary>
    public static IReadOnlyList<string> SameShapeOf(GroupVersionKind kind) => SameShapes.GetValueOrDefault((kind.Group, kind.Kind)) ?? [];

    /// <summary>The version as which objects of a kind are written.</summary>
    public static GroupVersionKind Written(GroupVersionKind kind) => WrittenAs.TryGetValue(kind, out var version) ? kind with { Version = version } : kind;

    /// <summary>Reads a value as an object of the codec's kind.</summary>
    /// <exception cref="DecodeException">It is of a version that cannot be read, or none of this kind's at all.</exception>
    public static IMetadataObject Read(ObjectCodec codec, ReadOnlySpan<byte> value)
    {
        if (ProtobufEnvelope.IsEnvelope(value))
        {
            var document = ProtobufEnvelope.Read(value.ToArray());
            var kind = document.TryGetKind(out var known) ? known : throw Unknown(codec, document.ApiVersion, document.Kind);
            if (IsReadAsIs(codec, kind) || IsSameInProtobuf(kind))
                return Mend(kind, (IMetadataObject)codec.ReadProtobuf(document.Message.Span));
            return ConversionFrom(codec, kind, out var former) is { } conversion
                ? conversion.ToStorage((IMetadataObject)former.ReadProtobuf(document.Message.Span))
                : throw Unknown(codec, document.ApiVersion, document.Kind);
        }
        else
        {
            var header = DocumentHeader.Read(value);
            var kind = header.ToGroupVersionKind();
            if (IsReadAsIs(codec, kind))
                return Mend(kind, (IMetadataObject)codec.ReadJson(value, null));
            if (ConversionFrom(codec, kind, out var former) is { } conversion)
                return conversion.ToStorage((IMetadataObject)former.ReadJson(value, null));
            return FormerDefinition.Is(kind)
                ? (IMetadataObject)codec.ReadJson(FormerDefinition.ToCurrent(value), null)
                : throw Unknown(codec, header.ApiVersion, header.Kind);
        }
    }

    private static bool IsReadAsIs(ObjectCodec codec, GroupVersionKind kind) => kind == codec.Kind
        || (kind.Group == codec.Kind.Group && kind.Kind == codec.Kind.Kind && SameShapeOf(codec.Kind).Contains(kind.Version));

    /// <summary>The nominal shares of a priority level were called assured shares once; in protobuf a field has a number only.</summary>
    private static bool IsSameInProtobuf(GroupVersionKind kind) =>
        kind is { Group: "flowcontrol.apiserver.k8s.io", Kind: "PriorityLevelConfiguration", Version: "v1beta2" or "v1beta1" };

    /// <summary>A version that is served besides the stored one is converted as it is for clients.</summary>
    private static IConversion? ConversionFrom(ObjectCodec codec, GroupVersionKind kind, out ObjectCodec former)
    {
        // Events had a beta of the same shape.
        var served = kind is { Group: "events.k8s.io", Version: "v1beta1" } ? kind with { Version = "v1" } : kind;
        former = CodecTable.Find(served)!;
        foreach (var descriptor in ResourceTable.All)
            if (descriptor.Kind == served)
                return ConversionTable.Find(descriptor) is { } conversion && conversion.Storage.Kind == codec.Kind ? conversion : null;
        return null;
    }

    /// <summary>Where the same words mean something else.</summary>
    private static IMetadataObject Mend(GroupVersionKind kind, IMetadataObject o)
    {
        // An empty selector chose no pods in the beta; now it chooses all. Upstream writes a selector that nothing matches.
        if (kind.Version == "v1beta1" && o is PodDisruptionBudget { Spec.Selector: { MatchLabels.Count: 0, MatchExpressions.Count: 0 } } budget)
        {
            return budget with
            {
                Spec = budget.Spec with
                {
                    Selector = new()
                    {
                        MatchExpressions = [new LabelSelectorRequirement { Key = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match", Operator = "Exists" }],
                    },
                },
            };
        }

        return o;
    }

    private static DecodeException Unknown(ObjectCodec codec, string apiVersion, string kind)
    {
        var readable = string.Join(", ", SameShapeOf(codec.Kind).Select(version => codec.Kind with { Version = version }).Prepend(codec.Kind).Select(k => k.ApiVersion));
        return new($"no kind {GoText.Quote(kind)} is registered for version {GoText.Quote(apiVersion)}: "
            + $"of {codec.Kind.Kind}, this server reads {readable}; the server that wrote the value must store it anew as one of these");
    }
}
