using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Http;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Verbs;

/// <summary>What DeleteOptions say and mean.</summary>
internal static class DeleteRules
{
    public const string Orphan = "orphan";
    public const string Foreground = "foregroundDeletion";

    /// <summary>The options of the body; without a body, of the query.</summary>
    /// <exception cref="ApiException">400: they cannot be read. 422: they contradict each other.</exception>
    public static DeleteOptions Parse(ApiRequest request)
    {
        var options = request.Object as DeleteOptions ?? (request.Body.IsEmpty ? FromQuery(request.Query) : FromBody(request));
        Check(options);
        return options;
    }

    public static bool IsDryRun(DeleteOptions options) => options.DryRun.Count > 0;

    /// <exception cref="ApiException">409: the object is another one, or has changed.</exception>
    public static void CheckPreconditions(ResourceRegistry registry, IMetadataObject live, DeleteOptions options)
    {
        if (options.Preconditions is not { } wanted)
            return;
        var metadata = live.Metadata;
        if (registry.Descriptor.Plural == "namespaces")
        {
            CheckNamespace(registry.GroupResource, metadata, wanted);
            return;
        }

        var kind = registry.Strategy.KindOf(live);
        var resource = new GroupResource(kind.Group, kind.Kind);
        if (wanted.Uid is { } uid && uid != metadata.Uid)
            throw new ApiException(Statuses.Conflict(resource, metadata.Name,
                $"the UID in the precondition ({uid}) does not match the UID in record ({metadata.Uid}). The object might have been deleted and then recreated"));
        if (wanted.ResourceVersion is { } version && version != metadata.ResourceVersion)
            throw new ApiException(Statuses.Conflict(resource, metadata.Name,
                $"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({metadata.ResourceVersion}). "
                + "The object might have been modified"));
    }

    /// <summary>Namespaces are deleted by code of their own, which has its own words.</summary>
    private static void CheckNamespace(GroupResource resource, ObjectMeta metadata, Preconditions wanted)
    {
        if (wanted.Uid is { } uid && uid != metadata.Uid)
            throw new ApiException(Statuses.Conflict(resource, metadata.Name,
                $"Precondition failed: UID in precondition: {uid}, UID in object meta: {metadata.Uid}"));
        if (wanted.ResourceVersion is { } version && version != metadata.ResourceVersion)
            throw new ApiException(Statuses.Conflict(resource, metadata.Name,
                $"Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {metadata.ResourceVersion}"));
    }

    /// <summary>The finalizers by which the garbage collector learns what to do with dependents, added or taken away as asked.</summary>
    public static ApiList<string> GarbageFinalizers(ObjectMeta metadata, DeleteOptions options, bool orphansByDefault)
    {
        var orphan = ShouldOrphan(metadata, options, orphansByDefault);
        var foreground = !orphan && ShouldWaitForDependents(metadata, options);
        var has = (Orphan: metadata.Finalizers.AsSpan().Contains(Orphan), Foreground: metadata.Finalizers.AsSpan().Contains(Foreground));
        if (has == (orphan, foreground))
            return metadata.Finalizers;
        var finalizers = new List<string>();
        foreach (var finalizer in metadata.Finalizers)
            if (finalizer is not (Orphan or Foreground))
                finalizers.Add(finalizer);
        if (orphan)
            finalizers.Add(Orphan);
        if (foreground)
            finalizers.Add(Foreground);
        return finalizers.Count == 0 ? default : [.. finalizers];
    }

    private static bool ShouldOrphan(ObjectMeta metadata, DeleteOptions options, bool byDefault)
    {
#pragma warning disable CS0618 // orphanDependents is deprecated, but clients of old still send it.
        if (options.OrphanDependents is { } said)
            return said;
#pragma warning restore CS0618
        if (options.PropagationPolicy is { } policy)
            return policy == "Orphan";
        foreach (var finalizer in metadata.Finalizers)
        {
            if (finalizer == Orphan)
                return true;
            if (finalizer == Foreground)
                return false;
        }

        return byDefault;
    }

    private static bool ShouldWaitForDependents(ObjectMeta metadata, DeleteOptions options)
    {
        if (options.OrphanDependents is not null)
            return false;
        if (options.PropagationPolicy is { } policy)
            return policy == "Foreground";
        foreach (var finalizer in metadata.Finalizers)
        {
            if (finalizer == Foreground)
                return true;
            if (finalizer == Orphan)
                return false;
        }

        return false;
    }

    private static DeleteOptions FromBody(ApiRequest request)
    {
        var form = BodyForms.Of(request.ContentType, request.Body.Span);
        if (form == BodyForm.Unknown)
            throw new ApiException(Statuses.UnsupportedMediaType("application/json", "application/yaml", "application/vnd.kubernetes.protobuf"));
        return (DeleteOptions)BodyDecoder.DecodeOptions(request, "DeleteOptions");
    }

    private static DeleteOptions FromQuery(QueryParameters query)
    {
        if (query.All.Count == 0)
            return DeleteOptions.Empty;
        return new()
        {
            GracePeriodSeconds = ListQueryOptions.Number(query, "gracePeriodSeconds"),
            OrphanDependents = query.Has("orphanDependents") ? query.Flag("orphanDependents") : null,
            PropagationPolicy = query.Find("propagationPolicy"),
            DryRun = query.Has("dryRun") ? [.. query.Values("dryRun")] : default,
            IgnoreStoreReadErrorWithClusterBreakingPotential =
                query.Has("ignoreStoreReadErrorWithClusterBreakingPotential") ? query.Flag("ignoreStoreReadErrorWithClusterBreakingPotential") : null,
        };
    }

    private static void Check(DeleteOptions options)
    {
        var errors = new FieldErrors();
        if (options.PropagationPolicy is { } policy)
        {
            if (options.OrphanDependents is not null)
                errors.Invalid("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set");
            if (policy is not ("Foreground" or "Background" or "Orphan"))
                errors.NotSupported("propagationPolicy", policy, "Foreground", "Background", "Orphan", "nil");
        }

        WriteOptions.DryRunOf(options.DryRun, errors);
        if (errors.Count > 0)
            throw new ApiException(Statuses.Invalid(new("meta.k8s.io", "v1", "DeleteOptions"), "", errors));
    }
}
