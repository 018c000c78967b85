using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Registry;
using Coxswain.Client;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>Looks after definitions: accepts their names, so that they are served, and when they go, deletes the objects first.</summary>
/// <remarks>One definition at a time, as each looks at the names of the others. Level-triggered: it acts on the cache's present
/// state, and what fails is tried again after a while.</remarks>
internal sealed partial class DefinitionController(
    RegistryTable registries, IApiClient api, TimeProvider clock, ILogger<DefinitionController> log)
{
    public const string Finalizer = "customresourcecleanup.apiextensions.k8s.io";

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly CustomApiServices _services = new(registries, api, clock);
    private readonly ResourceRegistry? _registry = registries.Find(CustomResourceDefinition.Descriptor.Resource);

    public async Task RunAsync(CancellationToken cancellation)
    {
        if (_registry is null)
            return;
        await _registry.Cache.ReadyAsync(cancellation);
        while (true)
        {
            // The subscription is there before the state is read, so that no change is missed.
            using var changes = _registry.Cache.Watch(new() { KeyPrefix = _registry.KeyPrefix, After = _registry.Cache.Revision });
            while (changes.TryRead(out _))
            {
                // What has happened before is part of the state.
            }

            var settled = await SettleAsync(cancellation);
            using var retry = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            using var timer = settled ? null : clock.CreateTimer(static source => ((CancellationTokenSource)source!).Cancel(), retry, RetryDelay, Timeout.InfiniteTimeSpan);
            try
            {
                await changes.WaitToReadAsync(retry.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // Time to look again at what could not be done.
            }
        }
    }

    /// <summary>Brings all definitions to where they should be.</summary>
    /// <returns>False: some were not, and are to be looked at again.</returns>
    internal async Task<bool> SettleAsync(CancellationToken cancellation)
    {
        var settled = true;
        foreach (var name in _registry!.Cache.Snapshot().Range(_registry.KeyPrefix).Select(cached => cached.Name).ToList())
        {
            try
            {
                settled &= await SettleAsync(name, cancellation);
            }
            catch (ApiException refused)
            {
                // Somebody else was faster, or something is not ready.
                if (refused.Code is not (404 or 409))
                    LogFailed(refused, name);
                settled = false;
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // One definition must not keep the others from being served.
                LogFailed(error, name);
                settled = false;
            }
        }

        try
        {
            await _services.SettleAsync(cancellation);
        }
        catch (ApiException refused)
        {
            if (refused.Code is not (404 or 409))
                LogFailed(refused, "its API services");
            settled = false;
        }

        return settled;
    }

    private async Task<bool> SettleAsync(string name, CancellationToken cancellation)
    {
        // The newest state: what this controller has just written must be seen.
        if ((await _registry!.FindAsync("", name, cancellation))?.Object is not CustomResourceDefinition definition)
            return true;
        if (definition.Metadata.DeletionTimestamp is not null)
            return await FinalizeAsync(definition, cancellation);

        var group = _registry.Cache.Snapshot().Range(_registry.KeyPrefix)
            .Select(cached => (CustomResourceDefinition)cached.Object).Where(other => other.Spec.Group == definition.Spec.Group);
        var status = definition.Spec.Names.Equals(definition.Status.AcceptedNames) && DefinitionNames.IsTrue(definition.Status, DefinitionNames.Established)
            ? definition.Status
            : DefinitionNames.Accept(definition, group, Now());
        status = ApiApproval.Judge(definition, status, Now());
        if (!status.Equals(definition.Status))
            await api.UpdateStatusAsync(definition with { Status = status }, cancellation);
        return true;
    }

    /// <summary>Deletes the objects of a definition that goes, and lets it go when there are none left.</summary>
    private async Task<bool> FinalizeAsync(CustomResourceDefinition definition, CancellationToken cancellation)
    {
        if (!definition.Metadata.Finalizers.AsSpan().Contains(Finalizer))
            return true;
        var status = definition.Status;
        if (DefinitionNames.IsTrue(status, DefinitionNames.Established) && registries.Custom.OfDefinition(definition.Metadata.Name) is { } objects)
        {
            var working = DefinitionNames.With(
                status, DefinitionNames.Terminating, "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress", Now());
            if (!working.Equals(status))
                definition = await api.UpdateStatusAsync(definition with { Status = working }, cancellation);
            if (!await DeleteObjectsAsync(objects, cancellation))
                return false;
            status = DefinitionNames.With(
                definition.Status, DefinitionNames.Terminating, "False", "InstanceDeletionCompleted", "removed all instances", Now());
        }
        else
        {
            status = DefinitionNames.With(
                status, DefinitionNames.Terminating, "False", "NeverEstablished", "resource was never established", Now());
        }

        definition = await api.UpdateStatusAsync(definition with { Status = status }, cancellation);
        var left = definition.Metadata.Finalizers.Where(finalizer => finalizer != Finalizer).ToApiList();
        await api.UpdateAsync(definition with { Metadata = definition.Metadata with { Finalizers = left } }, cancellation);
        return true;
    }

    /// <returns>Whether all are gone.</returns>
    private async Task<bool> DeleteObjectsAsync(ResourceRegistry objects, CancellationToken cancellation)
    {
        var resource = objects.Descriptor.Resource;
        var there = await objects.ReadAsync(cancellation);
        foreach (var @namespace in there.Range(objects.KeyPrefix).Select(cached => cached.Namespace).Distinct(StringComparer.Ordinal).ToList())
            await api.DeleteCollectionPartialAsync(resource, new ListQuery { Namespace = @namespace }, new DeleteOptions(), cancellation);
        return (await objects.ReadAsync(cancellation)).CountOf(objects.KeyPrefix) == 0;
    }

    private DateTimeOffset Now()
    {
        var now = clock.GetUtcNow();
        return new(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
    }

    [LoggerMessage(LogLevel.Warning, "The definition {Name} could not be settled; it is tried again")]
    private partial void LogFailed(Exception error, string name);
}
