using Coxswain.Api.Autoscaling.V2;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Node.V1;
using Coxswain.Api.Policy.V1;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>Kinds with few rules of their own.</summary>
public sealed class SmallKindRulesTests
{
    [Theory]
    [InlineData(""" "strategy":"Newest" """, "spec.strategy.strategy: Unsupported value: \"Newest\": supported values: \"OldestEmulationVersion\"")]
    [InlineData(""" "strategy":"acme.io/Newest","preferredHolder":"x" """)]
    [InlineData(""" "preferredHolder":"x" """, "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined")]
    public void Leases(string spec, params string[] causes) =>
        Assert.Equal(causes, Rules.Causes<Lease>("""{"metadata":{"name":"l"},"spec":{""" + spec + "}}"));

    [Fact]
    public void Conditions_of_budgets_are_complete()
    {
        var budget = Rules.Create<PodDisruptionBudget>("""{"metadata":{"name":"b"},"spec":{"selector":{}}}""");
        Assert.Equal(
            [
                "status.conditions[0].lastTransitionTime: Required value: must be set", "status.conditions[0].reason: Required value: must be set",
                "status.currentHealthy: Invalid value: -1: must be greater than or equal to 0",
            ],
            Rules.UpdateCauses(budget, o => o with { Status = new() { CurrentHealthy = -1, Conditions = [new() { Type = "A", Status = "True" }] } }, "status"));
    }

    [Fact]
    public void Runtime_classes_are_warned_of_old_labels() => Assert.Equal(
        ["scheduling.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead"],
        Rules.Warnings<RuntimeClass>("""{"metadata":{"name":"r"},"handler":"h","scheduling":{"nodeSelector":{"beta.kubernetes.io/os":"linux"}}}"""));

    [Theory]
    [InlineData("""{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":1}},"pods":{"metric":{"name":"m"},"target":{"type":"AverageValue","averageValue":"1"}}}""",
        "spec.metrics[0].pods: Forbidden: must populate the given metric source only")]
    [InlineData("""{"type":"Pods","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":1}}}""",
        "spec.metrics[0].pods: Required value: must populate information for the given metric source")]
    [InlineData("""{"type":"ContainerResource","containerResource":{"name":"cpu","container":"C","target":{"type":"Utilization"}}}""",
        "spec.metrics[0].containerResource.container: Invalid value: \"C\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        "spec.metrics[0].containerResource.target.averageUtilization: Required value: must set either a target raw value or a target utilization")]
    public void Metrics_of_autoscalers(string metric, params string[] causes) => Assert.Equal(causes, Rules.Causes<HorizontalPodAutoscaler>(
        """{"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},"maxReplicas":2,"metrics":[""" + metric + "]}}"));

    [Fact]
    public void What_scales_to_zero_may_stay_so()
    {
        var old = Rules.Create<HorizontalPodAutoscaler>("""{"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},"maxReplicas":2}}""");
        Assert.Equal("spec.minReplicas: Invalid value: 0: must be greater than or equal to 1", Rules.UpdateCauses(old, o => o with { Spec = o.Spec with { MinReplicas = 0 } })[0]);
        old = old with { Spec = old.Spec with { MinReplicas = 0 } };
        Assert.Equal(["spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas"], Rules.UpdateCauses(old, o => o));
    }
}
