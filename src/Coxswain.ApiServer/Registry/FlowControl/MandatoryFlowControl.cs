using Coxswain.Api.FlowControl.V1;

namespace Coxswain.ApiServer.Registry.FlowControl;

/// <summary>The schemas and levels without which requests could be lost: nobody may change them.</summary>
internal static class MandatoryFlowControl
{
    private static readonly FlowSchemaSpec ExemptSchema = new()
    {
        PriorityLevelConfiguration = new PriorityLevelConfigurationReference { Name = "exempt" },
        MatchingPrecedence = 1,
        Rules = [Everything("system:masters")],
    };

    private static readonly FlowSchemaSpec CatchAllSchema = new()
    {
        PriorityLevelConfiguration = new PriorityLevelConfigurationReference { Name = "catch-all" },
        MatchingPrecedence = 10000,
        DistinguisherMethod = new FlowDistinguisherMethod { Type = "ByUser" },
        Rules = [Everything("system:unauthenticated", "system:authenticated")],
    };

    private static readonly PriorityLevelConfigurationSpec CatchAllLevel = new()
    {
        Type = "Limited",
        Limited = new LimitedPriorityLevelConfiguration
        {
            NominalConcurrencyShares = 5,
            LendablePercent = 0,
            LimitResponse = new LimitResponse { Type = "Reject" },
        },
    };

    public static FlowSchemaSpec? Schema(string name) => name switch
    {
        "exempt" => ExemptSchema,
        "catch-all" => CatchAllSchema,
        _ => null,
    };

    /// <param name="exempt">What may be chosen freely in the level of that name.</param>
    public static PriorityLevelConfigurationSpec? Level(string name, ExemptPriorityLevelConfiguration? exempt) => name switch
    {
        "exempt" => new PriorityLevelConfigurationSpec { Type = "Exempt", Exempt = exempt },
        "catch-all" => CatchAllLevel,
        _ => null,
    };

    private static PolicyRulesWithSubjects Everything(params ReadOnlySpan<string> groups)
    {
        var subjects = new Subject[groups.Length];
        for (var i = 0; i < groups.Length; i++)
            subjects[i] = new Subject { Kind = "Group", Group = new GroupSubject { Name = groups[i] } };
        return new PolicyRulesWithSubjects
        {
            Subjects = [.. subjects],
            ResourceRules =
            [
                new ResourcePolicyRule { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"], ClusterScope = true, Namespaces = ["*"] },
            ],
            NonResourceRules = [new NonResourcePolicyRule { Verbs = ["*"], NonResourceURLs = ["*"] }],
        };
    }
}
