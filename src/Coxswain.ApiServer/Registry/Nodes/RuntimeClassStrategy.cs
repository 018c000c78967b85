using Coxswain.Api.Core.V1;
using Coxswain.Api.Node.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Nodes;

/// <summary>The rules of runtime classes.</summary>
internal sealed class RuntimeClassStrategy : Strategy<RuntimeClass>
{
    public override bool AllowCreateOnUpdate => true;

    protected override void ValidateObject(StrategyContext c, RuntimeClass o, FieldErrors errors)
    {
        errors.Invalid("handler", o.Handler, ValidationRules.Dns1123Label(o.Handler));
        if (o.Overhead is { } overhead)
            ResourceRequirementsValidation.Validate(
                new ResourceRequirements { Limits = overhead.PodFixed }, [], new FieldPath("overhead").Child("podFixed"), errors);
        if (o.Scheduling is not { } scheduling)
            return;
        LabelValidation.Labels(scheduling.NodeSelector, new FieldPath("scheduling").Child("nodeSelector"), errors);
        SchedulingValidation.Tolerations(scheduling.Tolerations, new FieldPath("scheduling").Child("tolerations"), errors);
        for (var i = 1; i < scheduling.Tolerations.Count; i++)
            if (scheduling.Tolerations.AsSpan()[..i].Contains(scheduling.Tolerations[i]))
                errors.Duplicate(new FieldPath("scheduling").Child("tolerations").Index(i), scheduling.Tolerations[i]);
    }

    protected override void Warn(StrategyContext c, RuntimeClass o, RuntimeClass? old, ICollection<string> warnings)
    {
        if (o.Scheduling is not { } scheduling)
            return;
        foreach (var (label, _) in CommonRules.Sorted(scheduling.NodeSelector))
            if (NodeLabelWarnings.Deprecation(label) is { } message)
                warnings.Add($"{new FieldPath("scheduling").Child("nodeSelector").Key(label)}: {message}");
    }

    protected override void ValidateUpdate(StrategyContext c, RuntimeClass updated, RuntimeClass old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        CommonRules.Unchanged(updated.Handler, old.Handler, "handler", errors);
    }
}
