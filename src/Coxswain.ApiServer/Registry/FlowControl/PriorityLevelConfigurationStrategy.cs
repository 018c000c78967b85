using Coxswain.Api;
using Coxswain.Api.FlowControl.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.FlowControl;

/// <summary>The rules of priority levels.</summary>
internal sealed class PriorityLevelConfigurationStrategy : Strategy<PriorityLevelConfiguration>
{
    private const int MaxQueues = 10_000_000;

    // Which queues a flow is dealt is told from a hash of so many bits.
    private const int MaxHashBits = 60;

    public override bool HasGeneration => true;

    protected override bool StatusWritesMetadata => false;

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
                    HandSize = queuing is { HandSize: not 0 } ? queuing.HandSize : 8,
                    Queues = queuing is { Queues: not 0 } ? queuing.Queues : 64,
                    QueueLengthLimit = queuing is { QueueLengthLimit: not 0 } ? queuing.QueueLengthLimit : 50,
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
        if ((o.Metadata.Name == "exempt") != (spec.Type == "Exempt"))
            errors.Invalid(path.Child("type"), spec.Type, "type must be 'Exempt' if and only if name is 'exempt'");
        switch (spec.Type)
        {
            case "Exempt":
                if (spec.Limited is not null)
                    errors.Forbidden(path.Child("limited"), "must be nil if the type is not Limited");
                if (spec.Exempt is { } exempt)
                {
                    Shares(exempt.NominalConcurrencyShares, path.Child("exempt"), errors);
                    Lendable(exempt.LendablePercent, path.Child("exempt"), errors);
                }

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

        if (MandatoryFlowControl.Level(o.Metadata.Name, spec.Exempt) is { } wanted && wanted != spec)
            errors.Invalid(path, spec, o.Metadata.Name == "exempt"
                ? "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"
                : $"spec of '{o.Metadata.Name}' must equal the fixed value");
        Conditions(o, errors);
    }

    protected override void ValidateUpdate(
        StrategyContext c, PriorityLevelConfiguration updated, PriorityLevelConfiguration old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
    }

    protected override void ValidateStatus(
        StrategyContext c, PriorityLevelConfiguration updated, PriorityLevelConfiguration old, FieldErrors errors) => Conditions(updated, errors);

    private static void Conditions(PriorityLevelConfiguration o, FieldErrors errors) =>
        FlowRules.Conditions(o.Status.Conditions.Select(condition => condition.Type).ToApiList(), errors);

    private static void Limited(LimitedPriorityLevelConfiguration limited, FieldPath path, FieldErrors errors)
    {
        Shares(limited.NominalConcurrencyShares, path, errors);
        var queuing = path.Child("limitResponse").Child("queuing");
        switch (limited.LimitResponse.Type)
        {
            case "Reject":
                if (limited.LimitResponse.Queuing is not null)
                    errors.Forbidden(queuing, "must be nil if limited.limitResponse.type is not Limited");
                break;
            case "Queue":
                if (limited.LimitResponse.Queuing is null)
                    errors.Required(queuing, "must not be empty if limited.limitResponse.type is Limited");
                else
                    Queuing(limited.LimitResponse.Queuing, queuing, errors);
                break;
            default:
                errors.NotSupported(path.Child("limitResponse").Child("type"), limited.LimitResponse.Type, "Queue", "Reject");
                break;
        }

        Lendable(limited.LendablePercent, path, errors);
        if (limited.BorrowingLimitPercent < 0)
            errors.Invalid(path.Child("borrowingLimitPercent"), limited.BorrowingLimitPercent, "if specified, must be a non-negative integer");
    }

    private static void Shares(int? shares, FieldPath path, FieldErrors errors)
    {
        if (shares < 0)
            errors.Invalid(path.Child("nominalConcurrencyShares"), shares, "must be a non-negative integer");
    }

    private static void Lendable(int? percent, FieldPath path, FieldErrors errors)
    {
        if (percent is < 0 or > 100)
            errors.Invalid(path.Child("lendablePercent"), percent, "must be between 0 and 100, inclusive");
    }

    private static void Queuing(QueuingConfiguration queuing, FieldPath path, FieldErrors errors)
    {
        if (queuing.QueueLengthLimit <= 0)
            errors.Invalid(path.Child("queueLengthLimit"), queuing.QueueLengthLimit, "must be positive");
        if (queuing.Queues <= 0)
            errors.Invalid(path.Child("queues"), queuing.Queues, "must be positive");
        else if (queuing.Queues > MaxQueues)
            errors.Invalid(path.Child("queues"), queuing.Queues, $"must not be greater than {MaxQueues}");
        if (queuing.HandSize <= 0)
            errors.Invalid(path.Child("handSize"), queuing.HandSize, "must be positive");
        else if (queuing.HandSize > queuing.Queues)
            errors.Invalid(path.Child("handSize"), queuing.HandSize, $"should not be greater than queues ({queuing.Queues})");
        else if (Math.Ceiling(Math.Log2(queuing.Queues) * queuing.HandSize) > MaxHashBits)
            errors.Invalid(path.Child("handSize"), queuing.HandSize,
                $"required entropy bits of deckSize {queuing.Queues} and handSize {queuing.HandSize} should not be greater than {MaxHashBits}");
    }
}
