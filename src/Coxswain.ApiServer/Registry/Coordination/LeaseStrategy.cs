using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Coordination;

/// <summary>The rules of leases.</summary>
internal sealed class LeaseStrategy : Strategy<Lease>
{
    public override bool AllowCreateOnUpdate => true;

    public override bool AllowUnconditionalUpdate => false;

    protected override void ValidateObject(StrategyContext c, Lease o, FieldErrors errors)
    {
        var spec = o.Spec;
        if (spec.LeaseDurationSeconds <= 0)
            errors.Invalid(Paths.Spec.Child("leaseDurationSeconds"), spec.LeaseDurationSeconds, "must be greater than 0");
        if (spec.LeaseTransitions < 0)
            errors.Invalid(Paths.Spec.Child("leaseTransitions"), spec.LeaseTransitions, "must to greater or equal than 0");
        if (spec.Strategy is { } strategy)
        {
            // The path is upstream's.
            var path = Paths.Spec.Child("strategy").Child("strategy");
            if (strategy.Contains('/'))
                errors.Invalid(path, strategy, ValidationRules.QualifiedName(strategy));
            else
                CommonRules.OptionalOneOf(strategy, path, errors, "OldestEmulationVersion");
        }

        if (!string.IsNullOrEmpty(spec.PreferredHolder) && string.IsNullOrEmpty(spec.Strategy))
            errors.Forbidden(Paths.Spec.Child("preferredHolder"), "may only be specified if `strategy` is defined");
    }
}
