using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.CustomResources;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.CustomResources.Validation;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>The rules of one version of a custom kind, as its definition gives them.</summary>
internal sealed class CustomResourceStrategy(CustomVersion version) : Strategy
{
    private const string Status = "status";

    private readonly StatusDoor? _status = version.HasStatus ? new(version) : null;

    public override bool AllowUnconditionalUpdate => false;

    public override bool HasGeneration => true;

    public override IScaleStrategy? Scale => version.Scale;

    public override Strategy? Subresource(string name) => name == Status ? _status : null;

    public override IReadOnlyList<string> SelectableFields { get; } = [.. version.Fields.Select(field => field.Label)];

    public override string? SelectableField(IMetadataObject o, string field)
    {
        foreach (var (label, path) in version.Fields)
        {
            if (label == field)
                return Text(CustomContent.At(((CustomObject)o).Parse(), path));
        }

        return null;
    }

    public override IMetadataObject PrepareForCreate(StrategyContext c, IMetadataObject o)
    {
        var value = (CustomObject)o;
        if (version.HasStatus)
            value = value with { Content = CustomContent.With(value.Content, Status, default) };
        return value with { Metadata = value.Metadata with { Generation = 1 } };
    }

    public override IMetadataObject PrepareForUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old)
    {
        var (value, before) = ((CustomObject)updated, (CustomObject)old);
        if (version.HasStatus)
            value = value with { Content = CustomContent.With(value.Content, Status, CustomContent.Member(before.Content, Status)) };
        return value.Content == before.Content
            ? value
            : value with { Metadata = value.Metadata with { Generation = before.Metadata.Generation + 1 } };
    }

    public override void Validate(StrategyContext c, IMetadataObject o, FieldErrors errors)
    {
        var value = (CustomObject)o;
        if (!TypeMeta(version, value, errors))
            return;
        ObjectMetaValidation.Validate(value.Metadata, version.Descriptor.Namespaced, NameRules.DnsSubdomain, Paths.Metadata, errors);
        var whole = value.ParseWhole(version.Codec);
        Judge(whole, null, "", errors);
        version.Scale?.Validate(whole, errors);
        EmbeddedRules.Validate(version.Schema, whole, "", errors);
        UniqueRules.Validate(version.Schema, whole, "", errors);
        Expressions(version, whole, null, errors);
    }

    public override void ValidateUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old, FieldErrors errors)
    {
        var value = (CustomObject)updated;
        if (!TypeMeta(version, value, errors))
            return;
        ObjectMetaValidation.ValidateUpdate(value.Metadata, old.Metadata, Paths.Metadata, errors);
        var (whole, before) = (value.ParseWhole(version.Codec), ((CustomObject)old).ParseWhole(version.Codec));
        Judge(whole, before, "", errors);
        version.Scale?.Validate(whole, errors);
        EmbeddedRules.Validate(version.Schema, whole, "", errors);
        Lists(version, whole, before, errors);
        Expressions(version, whole, before, errors);
    }

    private void Judge(JsonElement whole, JsonElement? before, string prefix, FieldErrors errors)
    {
        if (version.Rules is null)
            return;
        var findings = new ValueFindings();
        version.Rules.Validate(whole, before, "", findings);
        errors.AddRange(findings.Under(prefix));
    }

    /// <summary>Lists that were wrong before a schema knew better may stay so.</summary>
    private static void Lists(CustomVersion version, JsonElement whole, JsonElement before, FieldErrors errors)
    {
        var earlier = new FieldErrors();
        UniqueRules.Validate(version.Schema, before, "", earlier);
        if (earlier.Count == 0)
            UniqueRules.Validate(version.Schema, whole, "", errors);
    }

    private static void Expressions(CustomVersion version, JsonElement whole, JsonElement? before, FieldErrors errors)
    {
        if (version.Expressions is not { } rules)
            return;
        if (CelRules.Blocks(errors))
        {
            errors.Invalid("<nil>", null,
                "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation");
            return;
        }

        rules.Validate(whole, before, "", errors);
    }

    private static bool TypeMeta(CustomVersion version, CustomObject value, FieldErrors errors)
    {
        var expected = version.Descriptor.Kind;
        if (value.GroupVersionKind.Kind != expected.Kind)
            errors.Invalid("kind", value.GroupVersionKind.Kind, "must be " + expected.Kind);
        if (value.GroupVersionKind.GroupVersion != expected.GroupVersion)
            errors.Invalid("apiVersion", value.GroupVersionKind.ApiVersion, "must be " + expected.ApiVersion);
        return errors.Count == 0;
    }

    private static string Text(JsonElement? value) => value?.ValueKind switch
    {
        JsonValueKind.String => value.Value.GetString()!,
        null or JsonValueKind.Null => "",
        _ => value.Value.GetRawText(),
    };

    /// <summary>Writes the status and who owns it, and nothing else.</summary>
    private sealed class StatusDoor(CustomVersion version) : Strategy
    {
        public override bool AllowUnconditionalUpdate => false;

        public override void Validate(StrategyContext c, IMetadataObject o, FieldErrors errors) =>
            throw new InvalidOperationException("a status is never created");

        public override IMetadataObject PrepareForUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old)
        {
            var (value, before) = ((CustomObject)updated, (CustomObject)old);
            return before with
            {
                Metadata = before.Metadata with { ManagedFields = value.Metadata.ManagedFields },
                Content = CustomContent.With(before.Content, Status, CustomContent.Member(value.Content, Status)),
            };
        }

        public override void ValidateUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old, FieldErrors errors)
        {
            var value = (CustomObject)updated;
            if (!TypeMeta(version, value, errors))
                return;
            ObjectMetaValidation.ValidateUpdate(value.Metadata, old.Metadata, Paths.Metadata, errors);
            var (whole, before) = (value.ParseWhole(version.Codec), ((CustomObject)old).ParseWhole(version.Codec));
            if (version.Rules?.Property(Status) is { } rules && whole.TryGetProperty(Status, out var status))
            {
                var findings = new ValueFindings();
                rules.Validate(status, before.TryGetProperty(Status, out var earlier) ? earlier : null, Status, findings);
                errors.AddRange(findings.Under(""));
            }

            version.Scale?.Validate(whole, errors);
            Lists(version, whole, before, errors);
            Expressions(version, whole, before, errors);
        }
    }
}
