using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of services.</summary>
internal sealed class ServiceStrategy(IServiceAllocator allocator) : Strategy<Service>
{
    private static readonly string[] Selectable = ["spec.clusterIP", "spec.type"];

    public override bool HasGeneration => false;

    public override IReadOnlyList<string> SelectableFields => Selectable;

    protected override NameRule NameRule => NameRules.Dns1035Label;

    protected override Service WithStatusOf(Service o, Service source) => o with { Status = source.Status };

    protected override Service Default(Service o) => ServiceDefaults.Apply(o);

    protected override async ValueTask<Allocation> AllocateAsync(StrategyContext c, Service o, Service? old, CancellationToken cancellation)
    {
        o = ServiceRequests.Normalize(o, old);
        var errors = new FieldErrors();
        if (o.Spec.Type is "ClusterIP" or "NodePort" or "LoadBalancer")
        {
            ServiceFamilyValidation.Validate(o, old, errors);
            if (errors.Count == 0)
                o = allocator.Families.Fill(o, old, errors);
            if (errors.Count == 0 && old is not null)
                ServiceValidation.Update(o, old, errors);
        }

        if (errors.Count > 0)
            throw new ApiException(Statuses.Invalid(Service.ResourceKind, o.Metadata.Name, errors));
        return await allocator.AllocateAsync(o, old, c.DryRun, cancellation);
    }

    protected override ValueTask AfterDeleteAsync(StrategyContext c, Service o, CancellationToken cancellation) =>
        c.DryRun ? default : allocator.ReleaseAsync(o, cancellation);

    protected override Service PrepareForCreate(StrategyContext c, Service o) =>
        ServiceRequests.DropTypeDependent(o with { Status = ServiceStatus.Empty }, null);

    protected override Service PrepareForUpdate(StrategyContext c, Service updated, Service old) =>
        ServiceRequests.DropTypeDependent(updated with { Status = old.Status }, old);

    protected override void ValidateObject(StrategyContext c, Service o, FieldErrors errors) => ServiceValidation.Validate(o, null, errors);

    protected override void ValidateUpdate(StrategyContext c, Service updated, Service old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        ServiceValidation.Update(updated, old, errors);
        ValidateMetadata(updated, errors);
        ServiceValidation.Validate(updated, old, errors);
    }

    protected override void ValidateStatus(StrategyContext c, Service updated, Service old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        ServiceValidation.Status(updated, errors);
    }

    protected override void Warn(StrategyContext c, Service o, Service? old, ICollection<string> warnings) => ServiceWarnings.Add(o, warnings);

    protected override string? SelectableField(Service o, string field) => field switch
    {
        "spec.clusterIP" => o.Spec.ClusterIP,
        "spec.type" => o.Spec.Type,
        _ => null,
    };
}
