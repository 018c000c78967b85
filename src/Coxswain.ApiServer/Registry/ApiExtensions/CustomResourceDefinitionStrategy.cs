using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.CustomResources;

namespace Coxswain.ApiServer.Registry.ApiExtensions;

/// <summary>The rules of custom resource definitions.</summary>
internal sealed class CustomResourceDefinitionStrategy : Strategy<CustomResourceDefinition>
{
    public override bool HasGeneration => true;

    // The first request only marks a definition: its objects go before it.
    public override bool HoldsDeletion(IMetadataObject o) => o.Metadata.DeletionTimestamp is null;

    public override IMetadataObject OnDeletionRequested(StrategyContext c, IMetadataObject o)
    {
        var definition = (CustomResourceDefinition)o;
        var (metadata, status) = (definition.Metadata, definition.Status);
        if (DefinitionNames.IsTrue(status, DefinitionNames.Terminating) || metadata.Finalizers.AsSpan().Contains(DefinitionController.Finalizer))
            return definition;
        return definition with
        {
            Metadata = metadata with
            {
                Finalizers = metadata.Finalizers.Add(DefinitionController.Finalizer),
                // Unlike other kinds, no grace and no new generation.
                DeletionGracePeriodSeconds = null,
                Generation = Math.Max(1, metadata.Generation - 1),
            },
            Status = DefinitionNames.With(
                status, DefinitionNames.Terminating, "True", "InstanceDeletionPending",
                "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon", c.Now),
        };
    }

    protected override CustomResourceDefinition WithStatusOf(CustomResourceDefinition o, CustomResourceDefinition source) =>
        o with { Status = source.Status };

    protected override CustomResourceDefinition Default(CustomResourceDefinition o)
    {
        var names = o.Spec.Names;
        names = names with
        {
            Singular = names.Singular.Length > 0 ? names.Singular : names.Kind.ToLowerInvariant(),
            ListKind = names.ListKind.Length > 0 || names.Kind.Length == 0 ? names.ListKind : names.Kind + "List",
        };
        var conversion = o.Spec.Conversion ?? new CustomResourceConversion { Strategy = "None" };
        if (conversion.Webhook?.ClientConfig?.Service is { Port: null } service)
            conversion = conversion with
            {
                Webhook = conversion.Webhook with { ClientConfig = conversion.Webhook.ClientConfig with { Service = service with { Port = 443 } } },
            };
        return o with { Spec = o.Spec with { Names = names, Conversion = conversion } };
    }

    protected override CustomResourceDefinition PrepareForCreate(StrategyContext c, CustomResourceDefinition o)
    {
        var stored = new List<string>();
        foreach (var version in o.Spec.Versions)
            if (version.Storage && !stored.Contains(version.Name))
                stored.Add(version.Name);
        return WithGeneration(o with { Status = new CustomResourceDefinitionStatus { StoredVersions = stored.ToApiList() } }, 1);
    }

    protected override CustomResourceDefinition PrepareForUpdate(StrategyContext c, CustomResourceDefinition updated, CustomResourceDefinition old)
    {
        updated = base.PrepareForUpdate(c, updated, old);
        foreach (var version in updated.Spec.Versions)
            if (version.Storage && !updated.Status.StoredVersions.AsSpan().Contains(version.Name))
                updated = updated with { Status = updated.Status with { StoredVersions = updated.Status.StoredVersions.Add(version.Name) } };
        return updated;
    }

    protected override void Validate(StrategyContext c, CustomResourceDefinition o, FieldErrors errors)
    {
        var required = $"{o.Spec.Names.Plural}.{o.Spec.Group}";
        ObjectMetaValidation.Validate(o.Metadata, namespaced: false,
            (name, prefix) => NameRules.DnsSubdomain(name, prefix) is { Count: > 0 } messages ? messages
                : name != required ? ["must be spec.names.plural+\".\"+spec.group"] : [],
            Paths.Metadata, errors);
        DefinitionRules.Spec(o.Spec, null, errors);
        Common(o, null, errors);
    }

    protected override void ValidateUpdate(StrategyContext c, CustomResourceDefinition updated, CustomResourceDefinition old, FieldErrors errors)
    {
        ObjectMetaValidation.ValidateUpdate(updated.Metadata, old.Metadata, Paths.Metadata, errors);
        DefinitionRules.Spec(updated.Spec, old, errors);
        if (DefinitionNames.IsTrue(old.Status, DefinitionNames.Established))
        {
            CommonRules.Unchanged(updated.Spec.Scope, old.Spec.Scope, Paths.Spec.Child("scope"), errors);
            CommonRules.Unchanged(updated.Spec.Names.Kind, old.Spec.Names.Kind, Paths.Spec.Child("names").Child("kind"), errors);
        }

        CommonRules.Unchanged(updated.Spec.Group, old.Spec.Group, Paths.Spec.Child("group"), errors);
        CommonRules.Unchanged(updated.Spec.Names.Plural, old.Spec.Names.Plural, Paths.Spec.Child("names").Child("plural"), errors);
        Common(updated, old, errors);
    }

    protected override void ValidateStatus(StrategyContext c, CustomResourceDefinition updated, CustomResourceDefinition old, FieldErrors errors)
    {
        ObjectMetaValidation.ValidateUpdate(updated.Metadata, old.Metadata, Paths.Metadata, errors);
        DefinitionRules.Names(updated.Status.AcceptedNames, Paths.Status.Child("acceptedNames"), errors);
    }

    private static void Common(CustomResourceDefinition o, CustomResourceDefinition? old, FieldErrors errors)
    {
        DefinitionRules.Names(o.Status.AcceptedNames, Paths.Status.Child("acceptedNames"), errors);
        DefinitionRules.StoredVersions(o.Status.StoredVersions, o.Spec.Versions, Paths.Status.Child("storedVersions"), errors);
        ApiApproval.Validate(o, old, errors);
        if (o.Spec.PreserveUnknownFields && old is not { Spec.PreserveUnknownFields: true })
        {
            errors.Invalid(Paths.Spec.Child("preserveUnknownFields"), true,
                "cannot set to true, set x-preserve-unknown-fields to true in spec.versions[*].schema instead");
        }
    }
}
