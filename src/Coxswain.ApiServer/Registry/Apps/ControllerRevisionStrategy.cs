using Coxswain.Api.Apps.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Apps;

/// <summary>The rules of controller revisions, whose data never changes.</summary>
internal sealed class ControllerRevisionStrategy : Strategy<ControllerRevision>
{
    protected override void ValidateObject(StrategyContext c, ControllerRevision o, FieldErrors errors)
    {
        if (o.Data.IsAbsent)
            errors.Required("data", "data is mandatory");
        CommonRules.NonNegative(o.Revision, "revision", errors);
    }

    protected override void ValidateUpdate(StrategyContext c, ControllerRevision updated, ControllerRevision old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        CommonRules.NonNegative(updated.Revision, "revision", errors);
        CommonRules.Unchanged(updated.Data, old.Data, "data", errors);
    }
}
