using Coxswain.Api;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>The rules of one kind, on which the generic registry calls. Kinds derive from <see cref="Strategy{T}"/>.</summary>
/// <remarks>
/// <para>Everything is pure and safe for concurrent use, except <see cref="AllocateAsync"/> and <see cref="AfterDeleteAsync"/>.</para>
/// <para>Order of a create: decode, <see cref="Default"/>, mutating admission, <see cref="FillSystemFields"/>,
/// <see cref="AllocateAsync"/>, <see cref="BeforeCreate"/>, validating admission, write, <see cref="Allocation.Commit"/> or
/// <see cref="Allocation.Rollback"/>. Of an update: decode (or patch) and <see cref="Default"/>, mutating admission,
/// <see cref="AllocateAsync"/>, <see cref="BeforeUpdate"/>, validating admission, write, commit or roll back.
/// Warnings are asked for after validation.</para>
/// </remarks>
public abstract class Strategy
{
    /// <summary>Whether a PUT to a name that does not exist creates the object.</summary>
    public virtual bool AllowCreateOnUpdate => false;

    /// <summary>Whether an update may leave out metadata.resourceVersion.</summary>
    public virtual bool AllowUnconditionalUpdate => true;

    /// <summary>Whether the objects have a metadata.generation.</summary>
    public virtual bool HasGeneration => false;

    /// <summary>Fills in what the client left out. Runs after decoding a request and on the result of a patch.</summary>
    public virtual IMetadataObject Default(IMetadataObject o) => o;

    /// <summary>Clears what clients may not set, and sets what every new object of the kind has.</summary>
    public virtual IMetadataObject PrepareForCreate(StrategyContext c, IMetadataObject o) => o;

    /// <summary>Judges a new object, metadata included.</summary>
    public abstract void Validate(StrategyContext c, IMetadataObject o, FieldErrors errors);

    /// <summary>Takes from the old object what this door may not change, and bumps the generation where the spec changed.</summary>
    public virtual IMetadataObject PrepareForUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old) => updated;

    /// <summary>Judges a change. The rules of metadata common to all kinds have been applied before.</summary>
    public abstract void ValidateUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old, FieldErrors errors);

    /// <summary>Adds what the client should know although the request is valid.</summary>
    public virtual void Warn(StrategyContext c, IMetadataObject o, IMetadataObject? old, ICollection<string> warnings)
    {
    }

    /// <summary>Reserves what the object needs from pools shared with others (cluster IPs, node ports).</summary>
    public virtual ValueTask<Allocation> AllocateAsync(
        StrategyContext c, IMetadataObject o, IMetadataObject? old, CancellationToken cancellation) => new(new Allocation(o));

    /// <summary>Gives back what a deleted object held.</summary>
    public virtual ValueTask AfterDeleteAsync(StrategyContext c, IMetadataObject o, CancellationToken cancellation) => default;

    /// <summary>How many seconds a deletion has to wait, or null where objects of this kind go at once.</summary>
    /// <param name="requested">The grace period that the client asked for, if any.</param>
    public virtual long? GracePeriod(StrategyContext c, IMetadataObject o, long? requested) => null;

    /// <summary>Why nobody may delete the object of this name by itself, or null. Deleting collections is not held up by it.</summary>
    public virtual string? ForbidsDeletion(string name) => null;

    /// <summary>Whether something besides metadata.finalizers keeps a deleted object (a namespace's own finalizers).</summary>
    public virtual bool HoldsDeletion(IMetadataObject o) => false;

    /// <summary>What else changes when an object gets its deletion time (a namespace's phase).</summary>
    public virtual IMetadataObject OnDeletionRequested(StrategyContext c, IMetadataObject o) => o;

    /// <summary>Annotations that only the served form has: upstream keeps their values elsewhere and writes them when it converts. Tables and
    /// partial objects show the metadata without them.</summary>
    public virtual ApiList<string> ServedAnnotations => default;

    /// <summary>The rules for updates of the same object through a subresource; null where there is none such.</summary>
    public virtual Strategy? Subresource(string name) => null;

    /// <summary>The scale subresource of the kind; null where there is none.</summary>
    public virtual IScaleStrategy? Scale => null;

    /// <summary>The value of a field that field selectors may name, besides metadata.name and metadata.namespace;
    /// null where the kind has no such selectable field.</summary>
    public virtual string? SelectableField(IMetadataObject o, string field) => null;

    /// <summary>The names that <see cref="SelectableField"/> knows.</summary>
    public virtual IReadOnlyList<string> SelectableFields => [];

    /// <summary>Sets uid and creation time, and makes a name from metadata.generateName.</summary>
    public static IMetadataObject FillSystemFields(StrategyContext c, IMetadataObject o) =>
        o.WithMetadata(ObjectMetaRules.FillSystemFields(o.Metadata, c.Now));

    /// <summary>Prepares and judges a new object: 1. the kind's preparation, 2. the kind's validation, 3. that of metadata
    /// common to all kinds.</summary>
    /// <exception cref="ApiException">422 with a cause per field.</exception>
    public IMetadataObject BeforeCreate(StrategyContext c, IMetadataObject o)
    {
        o = PrepareForCreate(c, o);
        var errors = new FieldErrors();
        Validate(c, o, errors);
        ThrowIfAny(errors, o);
        ObjectMetaValidation.Validate(o.Metadata, c.Descriptor.Namespaced, NameRules.PathSegment, Paths.Metadata, errors);
        ThrowIfAny(errors, o);
        return o;
    }

    /// <summary>Prepares and judges a change: 1. system fields from the old object, 2. the kind's preparation,
    /// 3. what no update may change in metadata, 4. the kind's validation.</summary>
    /// <exception cref="ApiException">422 with a cause per field.</exception>
    public IMetadataObject BeforeUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old)
    {
        updated = updated.WithMetadata(updated.Metadata with { Generation = old.Metadata.Generation });
        updated = PrepareForUpdate(c, updated, old);
        updated = updated.WithMetadata(ObjectMetaRules.KeepSystemFields(updated.Metadata, old.Metadata));
        var errors = new FieldErrors();
        ObjectMetaValidation.ValidateUpdate(updated.Metadata, old.Metadata, Paths.Metadata, errors);
        ValidateUpdate(c, updated, old, errors);
        ThrowIfAny(errors, updated);
        return updated;
    }

    /// <summary>The kind that refusals name: for some old kinds, one of a group that is no longer served.</summary>
    public virtual GroupVersionKind KindOf(IMetadataObject o) => o.GroupVersionKind;

    private void ThrowIfAny(FieldErrors errors, IMetadataObject o)
    {
        if (errors.Count > 0)
            throw new ApiException(Statuses.Invalid(KindOf(o), o.Metadata.Name, errors));
    }
}
