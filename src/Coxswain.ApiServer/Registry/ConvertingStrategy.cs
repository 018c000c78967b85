using Coxswain.Api;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Applies the rules of the stored form to objects of another served form.</summary>
internal sealed class ConvertingStrategy(Strategy inner, IConversion conversion) : Strategy
{
    public override bool AllowCreateOnUpdate => inner.AllowCreateOnUpdate;

    public override bool AllowUnconditionalUpdate => inner.AllowUnconditionalUpdate;

    public override bool HasGeneration => inner.HasGeneration;

    public override IReadOnlyList<string> SelectableFields => inner.SelectableFields;

    public override IMetadataObject Default(IMetadataObject o) => Served(inner.Default(Stored(o)));

    public override IMetadataObject PrepareForCreate(StrategyContext c, IMetadataObject o) => Served(inner.PrepareForCreate(c, Stored(o)));

    public override void Validate(StrategyContext c, IMetadataObject o, FieldErrors errors) => inner.Validate(c, Stored(o), errors);

    public override IMetadataObject PrepareForUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old) =>
        Served(inner.PrepareForUpdate(c, Stored(updated), Stored(old)));

    public override void ValidateUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old, FieldErrors errors) =>
        inner.ValidateUpdate(c, Stored(updated), Stored(old), errors);

    public override void Warn(StrategyContext c, IMetadataObject o, IMetadataObject? old, ICollection<string> warnings) =>
        inner.Warn(c, Stored(o), old is null ? null : Stored(old), warnings);

    public override Strategy? Subresource(string name) => inner.Subresource(name) is { } below ? new ConvertingStrategy(below, conversion) : null;

    public override string? SelectableField(IMetadataObject o, string field) => inner.SelectableField(Stored(o), field);

    public override ApiList<string> ServedAnnotations => conversion.ServedAnnotations;

    public override GroupVersionKind KindOf(IMetadataObject o) => conversion.Storage.Kind;

    private IMetadataObject Stored(IMetadataObject o) => conversion.ToStorage(o);

    private IMetadataObject Served(IMetadataObject o) => conversion.FromStorage(o);
}
