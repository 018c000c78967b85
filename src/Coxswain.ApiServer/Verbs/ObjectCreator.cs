using Coxswain.Api;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Authorization;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Brings a new object into being, for POST, create-on-update and apply.</summary>
internal sealed class ObjectCreator(AdmissionChain admission, RoleEscalationCheck escalation)
{
    /// <summary>How often another name is tried where a generated one is taken.</summary>
    private const int NameAttempts = 8;

    /// <param name="value">Decoded, defaulted, with its managed fields and the namespace of the request.</param>
    /// <param name="name">The name in the request's path; empty for POST.</param>
    /// <exception cref="ApiException">The object is refused, or its name is taken.</exception>
    public async Task<CachedObject> CreateAsync(
        ResourceScope scope, ApiRequest request, IMetadataObject value, string name, bool dryRun, IKubernetesObject? options, CancellationToken cancellation)
    {
        var context = scope.StrategyContext(request, dryRun);
        var admissionContext = scope.AdmissionContext(
            request, AdmissionOperation.Create, value.Metadata.Name.Length > 0 ? value.Metadata.Name : name, dryRun, options: options);
        value = (IMetadataObject)(await admission.MutateAsync(admissionContext, value, cancellation))!;
        await escalation.CheckCreateAsync(scope, request, value, cancellation);

        for (var attempt = 1; ; attempt++)
        {
            var filled = Strategy.FillSystemFields(context, value);
            if (await TryCreateAsync(scope, context, admissionContext, filled, request, cancellation) is { } created)
                return created;
            var generated = value.Metadata.Name.Length == 0;
            if (generated && attempt < NameAttempts)
                continue;
            throw new ApiException(generated
                ? Statuses.GenerateNameConflict(scope.Registry.GroupResource, filled.Metadata.Name, 1)
                : await TakenAsync(scope, filled.Metadata.Name, request.Namespace, cancellation));
        }
    }

    /// <returns>Null: the name is taken.</returns>
    private async Task<CachedObject?> TryCreateAsync(
        ResourceScope scope, StrategyContext context, AdmissionContext admissionContext, IMetadataObject value, ApiRequest request, CancellationToken cancellation)
    {
        var registry = scope.Registry;
        if (value.Metadata.ResourceVersion is not ("" or "0"))
            throw new ApiException(Statuses.Unknown("resourceVersion should not be set on objects to be created"));
        var allocation = await registry.Strategy.AllocateAsync(context, value, null, cancellation);
        CachedObject? created = null;
        try
        {
            value = registry.Strategy.BeforeCreate(context, allocation.Object);
            await admission.ValidateAsync(admissionContext, value, cancellation);
            registry.Strategy.Warn(context, value, null, request.Warnings);
            if (context.DryRun)
                created = await registry.FindAsync(value.Metadata.Namespace, value.Metadata.Name, cancellation) is null ? registry.Unwritten(value, 0) : null;
            else
                created = await registry.WriteAsync(value, 0, cancellation);
        }
        finally
        {
            // Whatever was taken for an object that did not come to be goes back, also when the request was refused.
            if (created is null && allocation.Rollback is { } rollback)
                await rollback(CancellationToken.None);
        }

        if (created is not null && (context.DryRun ? allocation.Rollback : allocation.Commit) is { } finish)
            await finish(CancellationToken.None);
        return created;
    }

    private static async Task<Api.Meta.V1.Status> TakenAsync(ResourceScope scope, string name, string @namespace, CancellationToken cancellation)
    {
        var status = Statuses.AlreadyExists(scope.Registry.GroupResource, name);
        return await scope.Registry.FindAsync(@namespace, name, cancellation) is { Metadata.DeletionTimestamp: not null }
            ? status with { Message = "object is being deleted: " + status.Message }
            : status;
    }
}
