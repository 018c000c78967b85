using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of namespaces, which end only when their content is gone.</summary>
internal sealed class NamespaceStrategy : Strategy<Namespace>
{
    private const string NameLabel = "kubernetes.io/metadata.name";
    private static readonly FieldPath Finalizers = Paths.Spec.Child("finalizers");
    private readonly Strategy finalize;

    public NamespaceStrategy() => finalize = new UpdateDoor<Namespace>(
        this, (updated, old) => updated with { Status = old.Status }, ValidateFinalize);

    public override IReadOnlyList<string> SelectableFields { get; } = ["status.phase"];

    protected override NameRule NameRule => NameRules.DnsLabel;

    public override Strategy? Subresource(string name) => name == "finalize" ? finalize : base.Subresource(name);

    public override bool HoldsDeletion(IMetadataObject o) => ((Namespace)o).Spec.Finalizers.Count > 0;

    public override IMetadataObject OnDeletionRequested(StrategyContext c, IMetadataObject o)
    {
        var n = (Namespace)o;
        return n with { Status = n.Status with { Phase = "Terminating" } };
    }

    protected override Namespace WithStatusOf(Namespace o, Namespace source) => o with { Status = source.Status };

    protected override Namespace Default(Namespace o) => Labelled(o.Status.Phase.Length > 0 ? o : o with { Status = o.Status with { Phase = "Active" } });

    protected override Namespace PrepareForCreate(StrategyContext c, Namespace o)
    {
        var finalizers = o.Spec.Finalizers;
        if (!finalizers.AsSpan().Contains("kubernetes"))
            finalizers = finalizers.Add("kubernetes");
        return Labelled(o) with { Spec = o.Spec with { Finalizers = finalizers }, Status = new NamespaceStatus { Phase = "Active" } };
    }

    protected override void ValidateObject(StrategyContext c, Namespace o, FieldErrors errors)
    {
        foreach (var finalizer in o.Spec.Finalizers)
            Finalizer(finalizer, Finalizers, errors);
    }

    protected override Namespace PrepareForUpdate(StrategyContext c, Namespace updated, Namespace old) =>
        updated with { Spec = updated.Spec with { Finalizers = old.Spec.Finalizers }, Status = old.Status };

    protected override void ValidateUpdate(StrategyContext c, Namespace updated, Namespace old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
    }

    protected override void ValidateStatus(StrategyContext c, Namespace updated, Namespace old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        if (updated.Metadata.DeletionTimestamp is null)
        {
            if (updated.Status.Phase != "Active")
                errors.Invalid(Paths.Status.Child("Phase"), updated.Status.Phase, "may only be 'Active' if `deletionTimestamp` is empty");
        }
        else if (updated.Status.Phase != "Terminating")
        {
            errors.Invalid(Paths.Status.Child("Phase"), updated.Status.Phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
        }
    }

    protected override string? SelectableField(Namespace o, string field) => field == "status.phase" ? o.Status.Phase : null;

    private static Namespace Labelled(Namespace o) =>
        o.Metadata.Name.Length == 0 || o.Metadata.Labels.GetValueOrDefault(NameLabel) == o.Metadata.Name
            ? o
            : o with { Metadata = o.Metadata with { Labels = o.Metadata.Labels.With(NameLabel, o.Metadata.Name) } };

    private static void ValidateFinalize(Namespace updated, Namespace old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        for (var i = 0; i < updated.Spec.Finalizers.Count; i++)
            Finalizer(updated.Spec.Finalizers[i], Finalizers.Index(i), errors);
    }

    private static void Finalizer(string finalizer, FieldPath path, FieldErrors errors)
    {
        var messages = ValidationRules.QualifiedName(finalizer);
        errors.Invalid(path, finalizer, messages);
        if (messages.Count == 0 && !finalizer.Contains('/') && finalizer is not ("kubernetes" or "orphan" or "foregroundDeletion"))
            errors.Invalid(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified");
    }
}
