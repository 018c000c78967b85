using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Networking.V1;
using Coxswain.Api.Rbac.V1;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Registry.Batch;
using HpaV1 = Coxswain.Api.Autoscaling.V1.HorizontalPodAutoscaler;
using HpaV2 = Coxswain.Api.Autoscaling.V2.HorizontalPodAutoscaler;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>Facts of the recorded answers to kinds other than pods.</summary>
public sealed class KindRulesTests
{
    private const string Template = """{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}""";

    [Fact]
    public void Every_served_kind_has_rules()
    {
        using var table = new StrategyTable(new StrategyDependencies { Cluster = new EmptyCluster(), Api = null!, Store = null! });

        foreach (var descriptor in ResourceTable.All)
            Assert.NotNull(table.For(descriptor));
    }

    [Fact]
    public void A_name_is_needed_or_a_prefix_for_one()
    {
        Assert.Equal("ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required",
            Rules.Refusal<ConfigMap>("""{"metadata":{}}"""));
        Assert.Matches("^p-[bcdfghjklmnpqrstvwxz2456789]{5}$", Rules.Create<ConfigMap>("""{"metadata":{"generateName":"p-"}}""").Metadata.Name);
    }

    [Fact]
    public void What_is_immutable_in_metadata_is_named_twice_as_upstream_does()
    {
        var map = Rules.Create<ConfigMap>("""{"metadata":{"name":"m"}}""");

        var status = Rules.UpdateRefusal(map, m => m with { Metadata = m.Metadata with { Uid = "other" } });

        Assert.Equal("ConfigMap \"m\" is invalid: metadata.uid: Invalid value: \"other\": field is immutable", status.Message);
        Assert.Equal(2, status.Details!.Causes.Count);
    }

    [Fact]
    public void The_strings_of_a_secret_become_data()
    {
        var secret = Rules.Create<Secret>("""{"metadata":{"name":"s"},"stringData":{"k":"v"}}""");

        Assert.Equal("Opaque", secret.Type);
        Assert.Empty(secret.StringData);
        Assert.Equal("v"u8.ToArray(), secret.Data["k"].Span.ToArray());
    }

    [Fact]
    public void A_namespace_begins_active_with_a_finalizer_and_its_name_as_a_label()
    {
        var created = Rules.Create<Namespace>("""{"metadata":{"name":"n"}}""");

        Assert.Equal("Active", created.Status.Phase);
        Assert.Equal(["kubernetes"], created.Spec.Finalizers);
        Assert.Equal("n", created.Metadata.Labels["kubernetes.io/metadata.name"]);
        Assert.True(Rules.For<Namespace>().HoldsDeletion(created));
    }

    [Fact]
    public void A_deployment_gets_upstream_defaults_and_a_generation_per_change()
    {
        var d = Rules.Create<Deployment>($$$"""{"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"app":"web"}},"template":{{{Template}}}}}""");

        Assert.Equal((1, 10, 600), (d.Spec.Replicas!.Value, d.Spec.RevisionHistoryLimit!.Value, d.Spec.ProgressDeadlineSeconds!.Value));
        Assert.Equal("25%", d.Spec.Strategy.RollingUpdate!.MaxSurge!.Value.ToString());
        Assert.Equal(2, Rules.Update(d, x => x with { Spec = x.Spec with { Replicas = 3 } }).Metadata.Generation);
        Assert.Equal(1, Rules.Update(d, x => x with { Status = x.Status with { Replicas = 3 } }, "status").Metadata.Generation);
    }

    [Fact]
    public void A_template_must_be_found_by_the_selector() => Assert.Equal(
        "ReplicaSet.apps \"r\" is invalid: spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template `labels`",
        Rules.Refusal<ReplicaSet>($$$"""{"metadata":{"name":"r"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{{{Template}}}}}"""));

    [Fact]
    public void A_job_selects_its_pods_by_its_uid()
    {
        var job = Rules.Create<Job>(
            """{"metadata":{"name":"j"},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}""");

        Assert.Equal(job.Metadata.Uid, job.Spec.Selector!.MatchLabels["batch.kubernetes.io/controller-uid"]);
        Assert.Equal("j", job.Spec.Template.Metadata.Labels["job-name"]);
        Assert.Equal((1, 1, 6), (job.Spec.Parallelism!.Value, job.Spec.Completions!.Value, job.Spec.BackoffLimit!.Value));
    }

    [Theory]
    [InlineData("*/5 * * * *", null)]
    [InlineData("@daily", null)]
    [InlineData("x", "expected exactly 5 fields, found 1: [x]")]
    [InlineData("60 * * * *", "end of range (60) above maximum (59): 60")]
    [InlineData("@often", "unrecognized descriptor: @often")]
    public void A_schedule_is_read_as_cron_does(string schedule, string? problem) =>
        Assert.Equal(problem, CronSchedule.Problem(schedule));

    [Theory]
    [InlineData("""{"metadata":{"name":"l"},"spec":{"leaseDurationSeconds":0}}""",
        "Lease.coordination.k8s.io \"l\" is invalid: spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0")]
    public void A_lease_lasts(string json, string message) => Assert.Equal(message, Rules.Refusal<Lease>(json));

    [Theory]
    [InlineData("""{"metadata":{"name":"n"},"spec":{"podSelector":{},"ingress":[{"from":[{}]}]}}""",
        "NetworkPolicy.extensions \"n\" is invalid: spec.ingress[0].from[0]: Required value: must specify a peer")]
    [InlineData("""{"metadata":{"name":"n"},"spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"192.0.2.0/24","except":["198.51.100.0/24"]}}]}]}}""",
        "NetworkPolicy.extensions \"n\" is invalid: spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"198.51.100.0/24\": must be a strict subset of `cidr`")]
    public void Peers_of_policies_are_judged_in_upstreams_words(string json, string message) =>
        Assert.Equal(message, Rules.Refusal<NetworkPolicy>(json));

    [Fact]
    public void A_binding_keeps_its_role()
    {
        var binding = Rules.Create<RoleBinding>(
            """{"metadata":{"name":"b"},"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"}]}""");

        Assert.Equal("rbac.authorization.k8s.io", binding.Subjects[0].ApiGroup);
        Assert.EndsWith("cannot change roleRef",
            Rules.UpdateRefusal(binding, b => b with { RoleRef = b.RoleRef with { Name = "s" } }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_autoscaler_of_version_1_loses_nothing_on_its_way_through_version_2()
    {
        var two = Rules.Read<HpaV2>(
            """
            {"metadata":{"name":"h"},"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},
             "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
                        {"type":"Pods","pods":{"metric":{"name":"rps"},"target":{"type":"AverageValue","averageValue":"10"}}}]}}
            """);
        var conversion = ConversionTable.Find(HpaV1.Descriptor)!;

        var one = (HpaV1)conversion.FromStorage(two);

        Assert.Equal(50, one.Spec.TargetCPUUtilizationPercentage);
        Assert.Equal("""[{"type":"Pods","pods":{"metricName":"rps","targetAverageValue":"10"}}]""",
            one.Metadata.Annotations["autoscaling.alpha.kubernetes.io/metrics"]);
        Assert.Equal(two, conversion.ToStorage(one));
    }
}
