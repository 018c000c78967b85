using Coxswain.Api;
using Coxswain.Api.ServerSideApply;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Keeps metadata.managedFields true on every write.</summary>
internal static class FieldManagement
{
    private static readonly FieldSet Status = FieldSet.OfFields("status");
    private static readonly FieldSet AllButStatus = FieldSet.OfFields("spec");
    private static readonly FieldSet CustomAllButStatus = FieldSet.OfFields("apiVersion", "kind", "metadata", "spec");

    /// <summary>The updated object with the manager recorded as owner of what it set.</summary>
    /// <param name="live">Null: the object is being created.</param>
    public static IMetadataObject Update(ResourceScope scope, CachedObject? live, IMetadataObject updated, string manager, DateTimeOffset now)
    {
        // The entries themselves are compared separately, so they need not be written out.
        var bare = updated.Metadata.ManagedFields.IsAbsent ? updated : updated.WithMetadata(updated.Metadata with { ManagedFields = default });
        var entries = scope.Registry.ManagedFields.Update(
            live?.Json ?? default,
            scope.Registry.Codec.ToJson(bare),
            live?.Metadata.ManagedFields ?? default,
            updated.Metadata.ManagedFields,
            Write(scope, manager, now, isApply: false));
        return updated.WithMetadata(updated.Metadata with { ManagedFields = entries });
    }

    /// <summary>The live object with what is applied merged in.</summary>
    /// <exception cref="ApiException">400: no configuration of the kind. 409: others own fields that differ.</exception>
    public static IMetadataObject Apply(ResourceScope scope, ApiRequest request, CachedObject? live, in WriteOptions options)
    {
        ReadOnlyMemory<byte> configuration;
        var report = options.FieldValidation == FieldValidation.Ignore ? null : new DecodeReport();
        try
        {
            configuration = YamlBody.ToJson(request.Body, report);
        }
        catch (DecodeException e)
        {
            throw new ApiException(Statuses.BadRequest("error decoding YAML: " + e.Message));
        }

        var registry = scope.Registry;
        var applied = registry.ManagedFields.Apply(
            live?.Json ?? default, configuration, live?.Metadata.ManagedFields ?? default, options.Force, Write(scope, options.FieldManager, request.Now, isApply: true));
        // Only what can be applied is looked at more strictly.
        if (report is { IsClean: false })
        {
            var finding = "error converting YAML to JSON: " + report.Findings[0];
            if (options.FieldValidation == FieldValidation.Strict)
                throw new ApiException(Statuses.BadRequest("error strict decoding YAML: " + finding));
            if (!request.Warnings.Contains(finding))
                request.Warnings.Add(finding);
        }

        IMetadataObject value;
        try
        {
            value = (IMetadataObject)registry.Codec.ReadJson(applied.Json.Span, null);
        }
        catch (DecodeException e)
        {
            throw new ApiException(Statuses.BadRequest(e.Message));
        }

        return value.WithMetadata(value.Metadata with { ManagedFields = applied.ManagedFields });
    }

    /// <summary>Whether two objects differ in nothing but the times of managed fields.</summary>
    public static bool SameButTimes(ResourceRegistry registry, CachedObject live, IMetadataObject updated)
    {
        var before = live.Metadata.ManagedFields;
        var after = updated.Metadata.ManagedFields;
        if (before.Count != after.Count)
            return false;
        for (var i = 0; i < before.Count; i++)
            if (before[i] with { Time = null } != after[i] with { Time = null })
                return false;
        // Bytes decide: an empty list and an absent one are written alike, whatever they were in the request.
        var candidate = updated.WithMetadata(updated.Metadata with { ManagedFields = before, ResourceVersion = live.Metadata.ResourceVersion });
        return candidate.Equals(live.Object) || live.JsonEquals(registry.Codec.ToStoredJson(candidate));
    }

    /// <remarks>Who applies to a status owns nothing of the spec that he repeats. Who updates or patches it owns what he wanted to change
    /// there, although it stays as it was: that is what the recorded answers show.</remarks>
    private static FieldWrite Write(ResourceScope scope, string manager, DateTimeOffset now, bool isApply) => new()
    {
        Manager = manager,
        Subresource = scope.SubresourceName,
        Time = now,
        Ignored = scope.SubresourceName is "status" or "approval" ? (isApply ? scope.Registry.IsCustom ? CustomAllButStatus : AllButStatus : FieldSet.Empty)
            : scope.Descriptor.FindSubresource("status") is not null ? Status
            : FieldSet.Empty,
    };
}
