using System.Runtime.CompilerServices;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.ApiServer.Expressions;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Admission.Policies;

/// <summary>A mutating policy with its expressions compiled. Immutable.</summary>
internal sealed class MutatingPolicy
{
    private static readonly ConditionalWeakTable<MutatingAdmissionPolicy, MutatingPolicy> Known = [];

    private MutatingPolicy(MutatingAdmissionPolicy source)
    {
        Source = source;
        Criteria = MatchCriteria.Of(source.Spec.MatchConstraints);
        Expressions = PolicyExpressions.Compile(source.Spec.ParamKind is not null, source.Spec.Variables, source.Spec.MatchConditions);
        Mutations = [.. source.Spec.Mutations.Select(mutation => CompiledMutation.Compile(mutation, Expressions))];
    }

    public MutatingAdmissionPolicy Source { get; }

    public string Name => Source.Metadata.Name;

    public bool IgnoresFailure => Source.Spec.FailurePolicy == "Ignore";

    public bool IsReinvocable => Source.Spec.ReinvocationPolicy == "IfNeeded";

    public MatchCriteria Criteria { get; }

    public PolicyExpressions Expressions { get; }

    public IReadOnlyList<CompiledMutation> Mutations { get; }

    public static MutatingPolicy Of(MutatingAdmissionPolicy policy) => Known.GetValue(policy, static source => new(source));
}

/// <param name="IsJsonPatch">The expression makes operations of a JSON patch; else an object to be merged.</param>
internal sealed record CompiledMutation(bool IsJsonPatch, CompiledExpression Expression)
{
    public static CompiledMutation Compile(Mutation mutation, PolicyExpressions expressions) => mutation.PatchType == "JSONPatch"
        ? new(true, CompiledExpression.Compile(
            MutationEnvironment.ForPatch(expressions.Environment), mutation.JsonPatch?.Expression ?? "", CelType.List(MutationEnvironment.JsonPatch)))
        : new(false, CompiledExpression.Compile(
            MutationEnvironment.ForApply(expressions.Environment), mutation.ApplyConfiguration?.Expression ?? "", MutationEnvironment.Object));
}
