using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Judges the metadata of a template from which whole objects are made: labels and annotations, and nothing else.</summary>
internal static class TemplateMetaValidation
{
    public static void Validate(ObjectMeta metadata, FieldPath path, FieldErrors errors)
    {
        ObjectMetaValidation.Annotations(metadata.Annotations, path.Child("annotations"), errors);
        LabelValidation.Labels(metadata.Labels, path.Child("labels"), errors);
        Absent(metadata.Name.Length == 0, "name");
        Absent(metadata.GenerateName.Length == 0, "generateName");
        Absent(metadata.Namespace.Length == 0, "namespace");
        Absent(metadata.SelfLink.Length == 0, "selfLink");
        Absent(metadata.Uid.Length == 0, "uID");
        Absent(metadata.ResourceVersion.Length == 0, "resourceVersion");
        Absent(metadata.Generation == 0, "generation");
        Absent(metadata.CreationTimestamp is null, "creationTimestamp");
        Absent(metadata.DeletionTimestamp is null, "deletionTimestamp");
        Absent(metadata.DeletionGracePeriodSeconds is null, "deletionGracePeriodSeconds");
        Absent(metadata.OwnerReferences.Count == 0, "ownerReferences");
        Absent(metadata.Finalizers.Count == 0, "finalizers");
        Absent(metadata.ManagedFields.Count == 0, "managedFields");

        void Absent(bool absent, string field)
        {
            if (!absent)
                errors.Forbidden(path.Child(field), "cannot be set");
        }
    }
}
