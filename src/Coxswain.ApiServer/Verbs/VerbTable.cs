using Coxswain.Api;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Who handles what: verbs of resources, and subresources that are more than another door to the same object.</summary>
internal sealed class VerbTable
{
    public required IVerbHandler Get { get; init; }
    public required IVerbHandler List { get; init; }
    public required IVerbHandler Watch { get; init; }
    public required IVerbHandler Create { get; init; }
    public required IVerbHandler Update { get; init; }
    public required IVerbHandler Patch { get; init; }
    public required IVerbHandler Delete { get; init; }
    public required IVerbHandler DeleteCollection { get; init; }

    /// <summary>Handlers of whole subresources ("pods/eviction") and of create-only resources ("subjectaccessreviews").</summary>
    public required IReadOnlyDictionary<string, IVerbHandler> Special { get; init; }

    /// <exception cref="ApiException">405.</exception>
    public IVerbHandler For(ResourceScope scope, ApiRequest request)
    {
        if (Special.Count > 0 && SpecialOf(scope) is { } special)
            return special;
        return request.Verb switch
        {
            "get" => Get,
            "list" => List,
            "watch" => Watch,
            "create" => Create,
            "update" => Update,
            "patch" => Patch,
            "delete" => Delete,
            "deletecollection" => DeleteCollection,
            _ => throw new ApiException(Statuses.MethodNotAllowed()),
        };
    }

    private IVerbHandler? SpecialOf(ResourceScope scope)
    {
        if (scope.Subresource is null)
            return scope.Descriptor.HasVerb("get") && scope.Descriptor.HasVerb("create") ? null : Special.GetValueOrDefault(scope.Descriptor.Plural);
        return scope.Subresource.Name switch
        {
            "status" => null,
            "scale" => Special.GetValueOrDefault("*/scale"),
            var name => Special.GetValueOrDefault($"{scope.Descriptor.Plural}/{name}"),
        };
    }
}
