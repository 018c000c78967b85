using Coxswain.Api.FlowControl.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.FlowControl;

/// <summary>The rules of priority levels.</summary>
internal sealed class PriorityLevelConfigurationStrategy : Strategy<PriorityLevelConfiguration>
{
    public override bool HasGeneration => true;

    protected override PriorityLevelConfiguration WithStatusOf(PriorityLevelConfiguration o, PriorityLevelConfiguration source) =>
        o with { Status = source.Status };

    protected override PriorityLevelConfiguration Default(PriorityLevelConfiguration o)
    {
        var spec = o.Spec;
        if (spec is { Type: "Exempt", Exempt: var exempt })
            spec = spec with
            {
                Exempt = (exempt ?? ExemptPriorityLevelConfiguration.Empty) with
                {
                    NominalConcurrencyShares = exempt?.NominalConcurrencyShares ?? 0,
                    LendablePercent = exempt?.LendablePercent ?? 0,
                },
            };
        if (spec.Limited is not { } limited)
            return o with { Spec = spec };
        var response = limited.LimitResponse;
        if (response is { Type: "Queue", Queuing: var queuing })
            response = response with
            {
                Queuing = (queuing ?? QueuingConfiguration.Empty) with
                {
                    HandSize = queuing is { HandSize: > 0 } ? queuing.HandSize : 8,
                    Queues = queuing is { Queues: > 0 } ? queuing.Queues : 64,
                    QueueLengthLimit = queuing is { QueueLengthLimit: > 0 } ? queuing.QueueLengthLimit : 50,
                },
            };
        return o with
        {
            Spec = spec with
            {
                Limited = limited with
                {
                    NominalConcurrencyShares = limited.NominalConcurrencyShares ?? 30,
                    LendablePercent = limited.LendablePercent ?? 0,
                    LimitResponse = response,
                },
            },
        };
    }

    protected override void ValidateObject(StrategyContext c, PriorityLevelConfiguration o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        switch (spec.Type)
        {
            case "Exempt":
                if (spec.Limited is not null)
                    errors.Forbidden(path.Child("limited"), "must be nil if the type is not Limited");
                break;
            case "Limited":
                if (spec.Exempt is not null)
                    errors.Forbidden(path.Child("exempt"), "must be nil if the type is Limited");
                if (spec.Limited is null)
                    errors.Required(path.Child("limited"), "must not be empty when type is Limited");
                else
                    Limited(spec.Limited, path.Child("limited"), errors);
                break;
            default:
                errors.NotSupported(path.Child("type"), spec.Type, "Exempt", "Limited");
                break;
        }
    }

    private static void Limited(LimitedPriorityLevelConfiguration limited, FieldPath path, FieldErrors errors)
    {
        if (limited.NominalConcurrencyShares < 0)
            errors.Invalid(path.Child("nominalConcurrencyShares"), limited.NominalConcurrencyShares, "must be a non-negative integer");
        switch (limited.LimitResponse.Type)
        {
            case "Reject":
                if (limited.LimitResponse.Queuing is not null)
                    errors.Forbidden(path.Child("limitResponse").Child("queuing"), "must be nil if limited.limitResponse.type is not Limited");
                break;
            case "Queue":
                if (limited.LimitResponse.Queuing is not { } queuing)
                {
                    errors.Required(path.Child("limitResponse").Child("queuing"), "must not be empty if limited.limitResponse.type is Limited");
                    break;
                }

                if (queuing.QueueLengthLimit <= 0)
                    errors.Invalid(path.Child("limitResponse").Child("queuing").Child("queueLengthLimit"), queuing.QueueLengthLimit, "must be positive");
                if (queuing.HandSize > queuing.Queues)
                    errors.Invalid(path.Child("limitResponse").Child("queuing").Child("handSize"), queuing.HandSize,
                        $"should not be greater than queues ({queuing.Queues})");
                break;
            default:
                errors.NotSupported(path.Child("limitResponse").Child("type"), limited.LimitResponse.Type, "Queue", "Reject");
                break;
        }

        if (limited.LendablePercent is < 0 or > 100)
            errors.Invalid(path.Child("lendablePercent"), limited.LendablePercent, "must be between 0 and 100, inclusive");
        if (limited.BorrowingLimitPercent < 0)
            errors.Invalid(path.Child("borrowingLimitPercent"), limited.BorrowingLimitPercent, "if specified, must be a non-negative integer");
    }
}
