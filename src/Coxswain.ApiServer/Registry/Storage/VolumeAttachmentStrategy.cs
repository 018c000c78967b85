using Coxswain.Api.Storage.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Storage;

/// <summary>The rules of volume attachments.</summary>
internal sealed class VolumeAttachmentStrategy : Strategy<VolumeAttachment>
{
    protected override bool StatusWritesMetadata => false;

    protected override VolumeAttachment WithStatusOf(VolumeAttachment o, VolumeAttachment source) => o with { Status = source.Status };

    protected override void Validate(StrategyContext c, VolumeAttachment o, FieldErrors errors)
    {
        ValidateMetadata(o, errors);
        ValidateObject(c, o, errors);
        VolumeSourceRules.CsiDriverName(o.Spec.Attacher, Paths.Spec.Child("attacher"), errors);
        if (o.Spec.Source.PersistentVolumeName is { } name)
            errors.Invalid(Paths.Spec.Child("source").Child("persistentVolumeName"), name, ValidationRules.Dns1123Subdomain(name));
    }

    protected override void ValidateObject(StrategyContext c, VolumeAttachment o, FieldErrors errors)
    {
        var path = Paths.Spec;
        // Attachers once had looser names; for those, only this much is asked.
        if (o.Spec.Attacher.Length == 0)
            errors.Required(path.Child("attacher"));
        var source = o.Spec.Source;
        if (source.InlineVolumeSpec is null && source.PersistentVolumeName is null)
            errors.Required(path.Child("source"), "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        if (source.InlineVolumeSpec is not null && source.PersistentVolumeName is not null)
            errors.Forbidden(path.Child("source"), "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        if (source.PersistentVolumeName is { Length: 0 })
            errors.Required(path.Child("source").Child("persistentVolumeName"), "must specify non empty persistentVolumeName");
        if (source.InlineVolumeSpec is not null)
            PersistentVolumeValidation.Spec(source.InlineVolumeSpec, inline: true, path.Child("source").Child("inlineVolumeSpec"), errors);
        errors.Invalid(path.Child("nodeName"), o.Spec.NodeName, ValidationRules.Dns1123Subdomain(o.Spec.NodeName));
    }

    protected override void ValidateUpdate(StrategyContext c, VolumeAttachment updated, VolumeAttachment old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        CommonRules.Unchanged(updated.Spec, old.Spec, Paths.Spec, errors);
    }
}
