using Coxswain.Api;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>The rules of one kind, typed. What is not overridden behaves as most kinds do.</summary>
public abstract class Strategy<T> : Strategy
    where T : class, IResource<T>, new()
{
    private static readonly T Blank = new();

    /// <summary>What a name of this kind may look like.</summary>
    protected virtual NameRule NameRule => NameRules.DnsSubdomain;

    /// <summary>The object with the status of another. Kinds with a status say how; the rest has none.</summary>
    protected virtual T WithStatusOf(T o, T source) => o;

    /// <inheritdoc cref="Strategy.Default"/>
    protected virtual T Default(T o) => o;

    /// <inheritdoc cref="Strategy.PrepareForCreate"/>
    protected virtual T PrepareForCreate(StrategyContext c, T o)
    {
        o = WithStatusOf(o, Blank);
        return HasGeneration ? WithGeneration(o, 1) : o;
    }

    /// <summary>Judges all but the metadata of an object, new or changed.</summary>
    protected virtual void ValidateObject(StrategyContext c, T o, FieldErrors errors)
    {
    }

    /// <inheritdoc cref="Strategy.Validate"/>
    protected virtual void Validate(StrategyContext c, T o, FieldErrors errors)
    {
        ValidateMetadata(o, errors);
        ValidateObject(c, o, errors);
    }

    /// <summary>Judges metadata as the built-in kinds do.</summary>
    protected void ValidateMetadata(T o, FieldErrors errors)
    {
        ObjectMetaValidation.Validate(o.Metadata, T.Descriptor.Namespaced, NameRule, Paths.Metadata, errors);
        ObjectMetaValidation.BuiltInFinalizers(o.Metadata, Paths.Metadata, errors);
    }

    /// <summary>Judges a change of metadata as the built-in kinds do.</summary>
    protected static void ValidateMetadataUpdate(T updated, T old, FieldErrors errors)
    {
        ObjectMetaValidation.ValidateUpdate(updated.Metadata, old.Metadata, Paths.Metadata, errors);
        ObjectMetaValidation.BuiltInFinalizers(updated.Metadata, Paths.Metadata, errors);
    }

    /// <inheritdoc cref="Strategy.PrepareForUpdate"/>
    protected virtual T PrepareForUpdate(StrategyContext c, T updated, T old)
    {
        updated = WithStatusOf(updated, old);
        return HasGeneration && SpecChanged(updated, old) ? WithGeneration(updated, old.Metadata.Generation + 1) : updated;
    }

    /// <inheritdoc cref="Strategy.ValidateUpdate"/>
    /// <remarks>The rules of metadata have been applied once before; as upstream's, most kinds apply them again, so that each
    /// breach gives two causes.</remarks>
    protected virtual void ValidateUpdate(StrategyContext c, T updated, T old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        ValidateObject(c, updated, errors);
    }

    /// <inheritdoc cref="Strategy.Warn"/>
    protected virtual void Warn(StrategyContext c, T o, T? old, ICollection<string> warnings)
    {
    }

    /// <summary>Judges the status that a status update carries.</summary>
    protected virtual void ValidateStatus(StrategyContext c, T updated, T old, FieldErrors errors) =>
        ValidateMetadataUpdate(updated, old, errors);

    /// <summary>Whether a status update may change labels, annotations, owners and finalizers too, as most kinds let it.</summary>
    protected virtual bool StatusWritesMetadata => true;

    /// <summary>What a status update lets through of an object.</summary>
    protected virtual T PrepareForStatusUpdate(StrategyContext c, T updated, T old) => StatusOnto(old, updated);

    /// <inheritdoc cref="Strategy.SelectableField"/>
    protected virtual string? SelectableField(T o, string field) => null;

    /// <inheritdoc cref="Strategy.AllocateAsync"/>
    protected virtual ValueTask<Allocation> AllocateAsync(StrategyContext c, T o, T? old, CancellationToken cancellation) =>
        new(new Allocation(o));

    /// <inheritdoc cref="Strategy.AfterDeleteAsync"/>
    protected virtual ValueTask AfterDeleteAsync(StrategyContext c, T o, CancellationToken cancellation) => default;

    /// <summary>The old object with the status and the metadata of the updated one.</summary>
    protected T StatusOnto(T old, T updated) => WithStatusOf((T)old.WithMetadata(updated.Metadata), updated);

    /// <summary>Whether anything but metadata and status differs.</summary>
    protected bool SpecChanged(T updated, T old) => !updated.Equals(StatusOnto(old, updated));

    protected static T WithGeneration(T o, long generation) => (T)o.WithMetadata(o.Metadata with { Generation = generation });

    /// <inheritdoc/>
    public override Strategy? Subresource(string name) => name == "status" ? new StatusStrategy(this) : null;

    /// <inheritdoc/>
    public sealed override IMetadataObject Default(IMetadataObject o) => Default((T)o);

    /// <inheritdoc/>
    public sealed override IMetadataObject PrepareForCreate(StrategyContext c, IMetadataObject o) => PrepareForCreate(c, (T)o);

    /// <inheritdoc/>
    public sealed override void Validate(StrategyContext c, IMetadataObject o, FieldErrors errors) => Validate(c, (T)o, errors);

    /// <inheritdoc/>
    public sealed override IMetadataObject PrepareForUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old) =>
        PrepareForUpdate(c, (T)updated, (T)old);

    /// <inheritdoc/>
    public sealed override void ValidateUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old, FieldErrors errors) =>
        ValidateUpdate(c, (T)updated, (T)old, errors);

    /// <inheritdoc/>
    public sealed override void Warn(StrategyContext c, IMetadataObject o, IMetadataObject? old, ICollection<string> warnings) =>
        Warn(c, (T)o, (T?)old, warnings);

    /// <inheritdoc/>
    public sealed override string? SelectableField(IMetadataObject o, string field) => SelectableField((T)o, field);

    /// <inheritdoc/>
    public sealed override ValueTask<Allocation> AllocateAsync(
        StrategyContext c, IMetadataObject o, IMetadataObject? old, CancellationToken cancellation) =>
        AllocateAsync(c, (T)o, (T?)old, cancellation);

    /// <inheritdoc/>
    public sealed override ValueTask AfterDeleteAsync(StrategyContext c, IMetadataObject o, CancellationToken cancellation) =>
        AfterDeleteAsync(c, (T)o, cancellation);

    /// <summary>The door of the status subresource: only status and metadata come from the client.</summary>
    private sealed class StatusStrategy(Strategy<T> kind) : Strategy
    {
        public override bool AllowUnconditionalUpdate => kind.AllowUnconditionalUpdate;

        public override GroupVersionKind KindOf(IMetadataObject o) => kind.KindOf(o);

        public override IMetadataObject Default(IMetadataObject o) => kind.Default((T)o);

        public override void Validate(StrategyContext c, IMetadataObject o, FieldErrors errors) =>
            throw new InvalidOperationException("a status is never created");

        public override IMetadataObject PrepareForUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old)
        {
            var prepared = kind.PrepareForStatusUpdate(c, (T)updated, (T)old);
            return kind.StatusWritesMetadata ? prepared : prepared.WithMetadata(old.Metadata with
            {
                ManagedFields = updated.Metadata.ManagedFields,
                ResourceVersion = updated.Metadata.ResourceVersion,
            });
        }

        public override void ValidateUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old, FieldErrors errors) =>
            kind.ValidateStatus(c, (T)updated, (T)old, errors);
    }
}
