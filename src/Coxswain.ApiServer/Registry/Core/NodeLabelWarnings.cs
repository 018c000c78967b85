using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Labels of nodes that have newer names.</summary>
internal static class NodeLabelWarnings
{
    public static string? Deprecation(string label) => label switch
    {
        "beta.kubernetes.io/arch" => "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        "beta.kubernetes.io/os" => "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        "failure-domain.beta.kubernetes.io/region" => "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
        "failure-domain.beta.kubernetes.io/zone" => "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
        "beta.kubernetes.io/instance-type" => "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
        _ => null,
    };

    /// <param name="checkValues">Whether values that no label can have are named too; where they are refused, they are not.</param>
    public static void Term(NodeSelectorTerm term, bool checkValues, FieldPath path, ICollection<string> warnings)
    {
        for (var i = 0; i < term.MatchExpressions.Count; i++)
        {
            var (expression, at) = (term.MatchExpressions[i], path.Child("matchExpressions").Index(i));
            if (Deprecation(expression.Key) is { } message)
                warnings.Add($"{at.Child("key")}: {expression.Key} is {message}");
            for (var j = 0; checkValues && j < expression.Values.Count; j++)
                foreach (var problem in ValidationRules.LabelValue(expression.Values[j]))
                    warnings.Add($"{at.Child("values").Index(j)}: {expression.Values[j]} is invalid, {problem}");
        }
    }
}
