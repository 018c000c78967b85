using Coxswain.Api.Meta.V1;

namespace Coxswain.Api.ServerSideApply;

/// <summary>Fields that an apply would change though others own them.</summary>
internal sealed class ApplyConflicts
{
    private readonly List<(FieldOwner Owner, FieldSet Fields)> _conflicts = [];

    public bool IsEmpty => _conflicts.Count == 0;

    public void Add(FieldOwner owner, FieldSet fields)
    {
        if (!fields.IsEmpty)
            _conflicts.Add((owner, fields));
    }

    /// <summary>Those outside a set.</summary>
    public ApplyConflicts Without(FieldSet allowed)
    {
        var result = new ApplyConflicts();
        foreach (var (owner, fields) in _conflicts)
            result.Add(owner, fields.Difference(allowed));
        return result;
    }

    public ApiException ToException()
    {
        var all = _conflicts
            .Select(conflict => (Owner: conflict.Owner.Describe(), Paths: conflict.Fields.Paths().ToList()))
            .OrderBy(conflict => conflict.Owner, StringComparer.Ordinal)
            .ToList();
        var causes = all.SelectMany(conflict => conflict.Paths.Select(path => new StatusCause
        {
            Reason = CauseType.FieldManagerConflict,
            Message = $"conflict with {conflict.Owner}",
            Field = path,
        })).ToApiList();
        var message = causes.Count == 1
            ? $"Apply failed with 1 conflict: {causes[0].Message}: {causes[0].Field}"
            : $"Apply failed with {causes.Count} conflicts: "
                + string.Join('\n', all.SelectMany(conflict => conflict.Paths.Select(path => "- " + path).Prepend($"conflicts with {conflict.Owner}:")));
        return new(Statuses.ApplyConflict(causes, message));
    }
}
