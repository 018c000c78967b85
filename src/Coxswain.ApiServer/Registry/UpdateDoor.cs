using Coxswain.Api;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>A subresource through which part of an object can be updated, with rules of its own.</summary>
/// <param name="take">Puts what the door lets through onto the old object.</param>
internal sealed class UpdateDoor<T>(Strategy kind, Func<T, T, T> take, Action<T, T, FieldErrors> validate) : Strategy
    where T : class, IResource<T>
{
    public override bool AllowUnconditionalUpdate => kind.AllowUnconditionalUpdate;

    public override IMetadataObject Default(IMetadataObject o) => kind.Default(o);

    public override void Validate(StrategyContext c, IMetadataObject o, FieldErrors errors) =>
        throw new InvalidOperationException($"{c.Subresource} cannot be created");

    public override IMetadataObject PrepareForUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old) => take((T)updated, (T)old);

    public override void ValidateUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old, FieldErrors errors) =>
        validate((T)updated, (T)old, errors);
}
