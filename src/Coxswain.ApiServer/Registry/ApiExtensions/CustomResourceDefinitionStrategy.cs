using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.ApiExtensions;

/// <summary>The rules of custom resource definitions: names, versions and scope. Schemas are judged by whoever serves them.</summary>
internal sealed class CustomResourceDefinitionStrategy : Strategy<CustomResourceDefinition>
{
    public override bool HasGeneration => true;

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
        return WithGeneration(
            o with { Status = new CustomResourceDefinitionStatus { StoredVersions = Api.ApiList.ToApiList(stored) } }, 1);
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
        ValidateObject(c, o, errors);
    }

    protected override void ValidateObject(StrategyContext c, CustomResourceDefinition o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        if (spec.Group.Length == 0)
            errors.Required(path.Child("group"));
        else if (ValidationRules.Dns1123Subdomain(spec.Group) is { Count: > 0 } messages)
            errors.Invalid(path.Child("group"), spec.Group, string.Join(',', messages));
        else if (!spec.Group.Contains('.'))
            errors.Invalid(path.Child("group"), spec.Group, "should be a domain with at least one dot");
        CommonRules.OneOf(spec.Scope, path.Child("scope"), errors, "Cluster", "Namespaced");
        Versions(spec, path.Child("versions"), errors);
        Names(spec.Names, path.Child("names"), errors);
    }

    protected override void ValidateUpdate(StrategyContext c, CustomResourceDefinition updated, CustomResourceDefinition old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        ValidateObject(c, updated, errors);
        CommonRules.Unchanged(updated.Spec.Group, old.Spec.Group, Paths.Spec.Child("group"), errors);
        CommonRules.Unchanged(updated.Spec.Names.Plural, old.Spec.Names.Plural, Paths.Spec.Child("names").Child("plural"), errors);
        var established = false;
        foreach (var condition in old.Status.Conditions)
            established |= condition is { Type: "Established", Status: "True" };
        if (!established)
            return;
        CommonRules.Unchanged(updated.Spec.Scope, old.Spec.Scope, Paths.Spec.Child("scope"), errors);
        CommonRules.Unchanged(updated.Spec.Names.Kind, old.Spec.Names.Kind, Paths.Spec.Child("names").Child("kind"), errors);
    }

    private static void Versions(CustomResourceDefinitionSpec spec, FieldPath path, FieldErrors errors)
    {
        var stored = 0;
        for (var i = 0; i < spec.Versions.Count; i++)
        {
            var version = spec.Versions[i];
            stored += version.Storage ? 1 : 0;
            if (ValidationRules.Dns1035Label(version.Name) is { Count: > 0 } messages)
                errors.Invalid(path.Index(i).Child("name"), version.Name, string.Join(',', messages));
            if (version.Schema?.OpenAPIV3Schema is null)
                errors.Required(path.Index(i).Child("schema").Child("openAPIV3Schema"), "schemas are required");
            for (var j = 0; j < i; j++)
                if (spec.Versions[j].Name == version.Name)
                {
                    errors.Invalid(path, spec.Versions, "must contain unique version names");
                    break;
                }
        }

        if (stored != 1)
            errors.Invalid(path, spec.Versions, "must have exactly one version marked as storage version");
    }

    private static void Names(CustomResourceDefinitionNames names, FieldPath path, FieldErrors errors)
    {
        Name(names.Plural, "plural", lowered: false);
        Name(names.Singular, "singular", lowered: false);
        Name(names.Kind, "kind", lowered: true);
        Name(names.ListKind, "listKind", lowered: true);
        for (var i = 0; i < names.ShortNames.Count; i++)
            if (ValidationRules.Dns1035Label(names.ShortNames[i]) is { Count: > 0 } messages)
                errors.Invalid(path.Child("shortNames").Index(i), names.ShortNames[i], string.Join(',', messages));
        if (names.Kind.Length > 0 && names.Kind == names.ListKind)
            errors.Invalid(path.Child("listKind"), names.ListKind, "kind and listKind may not be the same");
        for (var i = 0; i < names.Categories.Count; i++)
            if (ValidationRules.Dns1035Label(names.Categories[i]) is { Count: > 0 } messages)
                errors.Invalid(path.Child("categories").Index(i), names.Categories[i], string.Join(',', messages));

        void Name(string value, string field, bool lowered)
        {
            if (value.Length == 0)
                errors.Required(path.Child(field));
            else if (ValidationRules.Dns1035Label(lowered ? value.ToLowerInvariant() : value) is { Count: > 0 } messages)
                errors.Invalid(path.Child(field), value, (lowered ? "may have mixed case, but should otherwise match: " : "") + string.Join(',', messages));
        }
    }
}
