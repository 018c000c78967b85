using System.Text;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Judges metadata, which is alike for all kinds.</summary>
public static class ObjectMetaValidation
{
    private const int MaxAnnotationBytes = 256 * 1024;
    private const int MaxManagerLength = 128;
    private const int MaxSubresourceLength = 256;
    private const string Immutable = "field is immutable";

    /// <summary>The metadata of a new object.</summary>
    public static void Validate(ObjectMeta metadata, bool namespaced, NameRule nameRule, FieldPath path, FieldErrors errors)
    {
        if (metadata.GenerateName.Length > 0)
            errors.Invalid(path.Child("generateName"), metadata.GenerateName, nameRule(metadata.GenerateName, true));
        if (metadata.Name.Length == 0)
            errors.Required(path.Child("name"), "name or generateName is required");
        else
            errors.Invalid(path.Child("name"), metadata.Name, nameRule(metadata.Name, false));

        if (!namespaced)
        {
            if (metadata.Namespace.Length > 0)
                errors.Forbidden(path.Child("namespace"), "not allowed on this type");
        }
        else if (metadata.Namespace.Length == 0)
        {
            errors.Required(path.Child("namespace"));
        }
        else
        {
            errors.Invalid(path.Child("namespace"), metadata.Namespace, ValidationRules.Dns1123Label(metadata.Namespace));
        }

        if (metadata.Generation < 0)
            errors.Invalid(path.Child("generation"), metadata.Generation, CommonRules.NotNegative);
        LabelValidation.Labels(metadata.Labels, path.Child("labels"), errors);
        Annotations(metadata.Annotations, path.Child("annotations"), errors);
        OwnerReferences(metadata.OwnerReferences, path.Child("ownerReferences"), errors);
        Finalizers(metadata.Finalizers, path.Child("finalizers"), errors);
        ManagedFields(metadata.ManagedFields, path.Child("managedFields"), errors);
    }

    /// <summary>What an update may not do to metadata.</summary>
    public static void ValidateUpdate(ObjectMeta updated, ObjectMeta old, FieldPath path, FieldErrors errors)
    {
        // A mend of finalizers only may shrink them once the object is being deleted.
        if (old.DeletionTimestamp is not null)
            NoNewFinalizers(updated.Finalizers, old.Finalizers, path.Child("finalizers"), errors);
        if (updated.ResourceVersion.Length == 0)
            errors.Invalid(path.Child("resourceVersion"), updated.ResourceVersion, "must be specified for an update");
        if (updated.Generation < old.Generation)
            errors.Invalid(path.Child("generation"), updated.Generation, "must not be decremented");

        if (updated.Name != old.Name)
            errors.Invalid(path.Child("name"), updated.Name, Immutable);
        if (updated.Namespace != old.Namespace)
            errors.Invalid(path.Child("namespace"), updated.Namespace, Immutable);
        if (updated.Uid != old.Uid)
            errors.Invalid(path.Child("uid"), updated.Uid, Immutable);
        if (!SameSecond(updated.CreationTimestamp, old.CreationTimestamp))
            errors.Invalid(path.Child("creationTimestamp"), updated.CreationTimestamp, Immutable);
        if (!SameSecond(updated.DeletionTimestamp, old.DeletionTimestamp))
            errors.Invalid(path.Child("deletionTimestamp"), updated.DeletionTimestamp, Immutable);
        if (updated.DeletionGracePeriodSeconds != old.DeletionGracePeriodSeconds)
            errors.Invalid(path.Child("deletionGracePeriodSeconds"), updated.DeletionGracePeriodSeconds, Immutable);

        if (updated.Labels != old.Labels)
            LabelValidation.Labels(updated.Labels, path.Child("labels"), errors);
        if (updated.Annotations != old.Annotations)
            Annotations(updated.Annotations, path.Child("annotations"), errors);
        OwnerReferences(updated.OwnerReferences, path.Child("ownerReferences"), errors);
        ManagedFields(updated.ManagedFields, path.Child("managedFields"), errors);
    }

    /// <summary>Finalizers of the built-in kinds: the few standard names, or names with a domain.</summary>
    public static void BuiltInFinalizers(ObjectMeta metadata, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < metadata.Finalizers.Count; i++)
            if (!metadata.Finalizers[i].Contains('/') && metadata.Finalizers[i] is not ("orphan" or "foregroundDeletion" or "kubernetes"))
                errors.Invalid(path.Child("finalizers").Index(i), metadata.Finalizers[i],
                    "name is neither a standard finalizer name nor is it fully qualified");
    }

    /// <summary>Keys are qualified names in any case; the size of all is limited.</summary>
    public static void Annotations(ApiMap<string> annotations, FieldPath path, FieldErrors errors)
    {
        var size = 0L;
        foreach (var (key, value) in annotations)
        {
            errors.Invalid(path, key, ValidationRules.QualifiedName(key.ToLowerInvariant()));
            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value);
        }

        if (size > MaxAnnotationBytes)
            errors.TooLong(path, MaxAnnotationBytes);
    }

    private static void OwnerReferences(ApiList<OwnerReference> owners, FieldPath path, FieldErrors errors)
    {
        string? controller = null;
        foreach (var owner in owners)
        {
            var slash = owner.ApiVersion.IndexOf('/', StringComparison.Ordinal);
            if (slash == owner.ApiVersion.Length - 1 || owner.ApiVersion.IndexOf('/', slash + 1) >= 0)
                errors.Invalid(path.Child("apiVersion"), owner.ApiVersion, "version must not be empty");
            if (owner.Kind.Length == 0)
                errors.Invalid(path.Child("kind"), owner.Kind, "must not be empty");
            if (owner.Name.Length == 0)
                errors.Invalid(path.Child("name"), owner.Name, "must not be empty");
            if (owner.Uid.Length == 0)
                errors.Invalid(path.Child("uid"), owner.Uid, "must not be empty");
            if (owner is { ApiVersion: "v1", Kind: "Event" })
                errors.Invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner");

            if (owner.Controller != true)
                continue;
            var name = $"{owner.Kind}/{owner.Name}";
            if (controller is null)
                controller = name;
            else
                errors.Invalid(path, owners,
                    $"Only one reference can have Controller set to true. Found \"true\" in references for {controller} and {name}");
        }
    }

    private static void Finalizers(ApiList<string> finalizers, FieldPath path, FieldErrors errors)
    {
        var (orphan, foreground) = (false, false);
        foreach (var finalizer in finalizers)
        {
            errors.Invalid(path, finalizer, ValidationRules.QualifiedName(finalizer));
            orphan |= finalizer == "orphan";
            foreground |= finalizer == "foregroundDeletion";
        }

        if (orphan && foreground)
            errors.Invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
    }

    private static void NoNewFinalizers(ApiList<string> updated, ApiList<string> old, FieldPath path, FieldErrors errors)
    {
        SortedSet<string>? extra = null;
        foreach (var finalizer in updated)
            if (!old.AsSpan().Contains(finalizer))
                (extra ??= new(StringComparer.Ordinal)).Add(finalizer);
        if (extra is not null)
            errors.Forbidden(path, "no new finalizers can be added if the object is being deleted, found new finalizers "
                + $"[]string{{{string.Join(", ", extra.Select(GoText.Quote))}}}");
    }

    private static void ManagedFields(ApiList<ManagedFieldsEntry> entries, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry.Operation is not ("Apply" or "Update"))
                errors.Invalid(path.Index(i).Child("operation"), entry.Operation, "must be `Apply` or `Update`");
            if (entry.FieldsType.Length > 0 && entry.FieldsType != "FieldsV1")
                errors.Invalid(path.Index(i).Child("fieldsType"), entry.FieldsType, "must be `FieldsV1`");
            if (entry.Manager.Length > MaxManagerLength)
                errors.TooLong(path.Index(i).Child("manager"), MaxManagerLength);
            if (entry.Subresource.Length > MaxSubresourceLength)
                errors.TooLong(path.Index(i).Child("subresource"), MaxSubresourceLength);
        }
    }

    // Times are stored in whole seconds.
    private static bool SameSecond(DateTimeOffset? a, DateTimeOffset? b) => a?.ToUnixTimeSeconds() == b?.ToUnixTimeSeconds();
}
