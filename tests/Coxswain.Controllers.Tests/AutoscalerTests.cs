using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Autoscaling.V2;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers.Tests;

/// <summary>Autoscalers over metrics of every sort.</summary>
public sealed class AutoscalerTests
{
    private static readonly NamespacedName Web = new("default", "web");

    internal static HorizontalPodAutoscaler Make(params MetricSpec[] metrics) => new()
    {
        Metadata = new() { Namespace = "default", Name = "web" },
        Spec = new()
        {
            ScaleTargetRef = new() { ApiVersion = "apps/v1", Kind = "Deployment", Name = "web" },
            MinReplicas = 1,
            MaxReplicas = 10,
            Metrics = metrics.ToApiList(),
        },
    };

    internal static MetricSpec Cpu(int utilization = 50) =>
        new() { Type = "Resource", Resource = new() { Name = "cpu", Target = new() { Type = "Utilization", AverageUtilization = utilization } } };

    internal static Deployment Target(int replicas) => new()
    {
        Metadata = new() { Namespace = "default", Name = "web" },
        Spec = new() { Replicas = replicas, Selector = BedActions.Select("web"), Template = BedActions.Template("web") },
        Status = new() { Replicas = replicas },
    };

    private static async Task<Bed> StartAsync(HorizontalPodAutoscaler hpa, int replicas, int? ready = null)
    {
        var bed = await Bed.StartAsync("horizontal-pod-autoscaler-controller");
        await PodsAsync(bed, replicas, ready ?? replicas);
        await bed.CreateAsync(Target(replicas));
        await bed.CreateAsync(hpa);
        return bed;
    }

    private static async Task PodsAsync(Bed bed, int count, int ready)
    {
        for (var i = 0; i < count; i++)
            await bed.CreateAsync(new Pod
            {
                Metadata = new() { Namespace = "default", Name = "web-" + i, Labels = ApiMap.Of("app", "web") },
                Spec = new() { Containers = [new() { Name = "main", Resources = new() { Requests = ApiMap.Of("cpu", Quantity.Parse("1")) } }] },
                Status = new()
                {
                    Phase = i < ready ? "Running" : "Pending",
                    StartTime = bed.Clock.GetUtcNow().AddHours(-1),
                    Conditions = [new() { Type = "Ready", Status = i < ready ? "True" : "False", LastTransitionTime = bed.Clock.GetUtcNow().AddHours(-1) }],
                },
            });
    }

    /// <summary>What the metrics server says: usage of pods in thousandths of a processor.</summary>
    internal static string Usage(Bed bed, params int[] milli) => Json("PodMetricsList", milli.Select((m, i) =>
        $$"""{"metadata":{"name":"web-{{i}}"},"timestamp":"{{bed.Clock.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss'Z'}}","window":"30s","containers":[{"name":"main","usage":{"cpu":"{{m}}m","memory":"1Gi"} }]}"""));

    private static string Json(string kind, IEnumerable<string> items) => $$"""{"kind":"{{kind}}","items":[{{string.Join(',', items)}}]}""";

    private static void Serve(Bed bed, params int[] milli) =>
        bed.Api.Raw = path => path.StartsWith("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app%3Dweb", StringComparison.Ordinal) ? Usage(bed, milli) : null;

    private static int Size(Bed bed) => bed.Get<Deployment>("web").Spec.Replicas ?? 1;

    private static (string Status, string Reason, string Message) Condition(Bed bed, string type)
    {
        var found = bed.Get<HorizontalPodAutoscaler>("web").Status.Conditions.Single(c => c.Type == type);
        return (found.Status, found.Reason, found.Message);
    }

    [Fact]
    public async Task Usage_above_the_target_scales_up_in_proportion_and_all_of_it_is_told()
    {
        await using var bed = await StartAsync(Make(Cpu(50)), 3);
        Serve(bed, 900, 900, 900);
        await bed.SettleAsync();

        Assert.Equal(6, Size(bed));
        await bed.ToldAsync("SuccessfulRescale", "New size: 6; reason: cpu resource utilization (percentage of request) above target");
        Assert.Equal(("True", "SucceededRescale", "the HPA controller was able to update the target scale to 6"), Condition(bed, "AbleToScale"));
        Assert.Equal(("True", "ValidMetricFound", "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)"), Condition(bed, "ScalingActive"));
        // 3 * 90/50 would be 6, and no more than the double is allowed at once.
        Assert.Equal(("False", "DesiredWithinRange", "the desired count is within the acceptable range"), Condition(bed, "ScalingLimited"));
        var status = bed.Get<HorizontalPodAutoscaler>("web").Status;
        Assert.Equal((3, 6, 90, "900m"), (status.CurrentReplicas, status.DesiredReplicas, status.CurrentMetrics[0].Resource!.Current.AverageUtilization, status.CurrentMetrics[0].Resource!.Current.AverageValue.ToString()));
        Assert.NotNull(status.LastScaleTime);
    }

    [Fact]
    public async Task Within_the_tolerance_nothing_is_done()
    {
        await using var bed = await StartAsync(Make(Cpu(50)), 3);
        Serve(bed, 540, 540, 540);
        await bed.PassAsync(TimeSpan.FromMinutes(1), 4);
        Assert.Equal(3, Size(bed));
        Assert.Equal(("True", "ReadyForNewScale", "recommended size matches current size"), Condition(bed, "AbleToScale"));
    }

    [Fact]
    public async Task An_autoscaler_may_have_a_tolerance_of_its_own_for_each_direction()
    {
        var hpa = Make(Cpu(50));
        await using var bed = await StartAsync(hpa with { Spec = hpa.Spec with { Behavior = new() { ScaleUp = new() { Tolerance = Quantity.Parse("0.01"), StabilizationWindowSeconds = 0 } } } }, 3);
        Serve(bed, 540, 540, 540);
        await bed.SettleAsync();
        Assert.Equal(4, Size(bed));
    }

    [Fact]
    public async Task Down_it_goes_only_when_for_five_minutes_nothing_more_was_asked_for()
    {
        await using var bed = await StartAsync(Make(Cpu(50)), 4);
        Serve(bed, 100, 100, 100, 100);
        await bed.PassAsync(TimeSpan.FromMinutes(4), 16);
        Assert.Equal(4, Size(bed));
        Assert.Equal("ScaleDownStabilized", Condition(bed, "AbleToScale").Reason);
        await bed.PassAsync(TimeSpan.FromMinutes(2), 8);
        Assert.Equal(1, Size(bed));
        await bed.ToldAsync("SuccessfulRescale", "New size: 1; reason: All metrics below target");
    }

    [Fact]
    public async Task Limits_of_size_and_speed_hold_and_are_named()
    {
        await using var bed = await StartAsync(Make(Cpu(10)), 2);
        Serve(bed, 1000, 1000);
        await bed.SettleAsync();
        Assert.Equal(4, Size(bed));     // the greater of four and the double
        Assert.Equal(("True", "ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate"), Condition(bed, "ScalingLimited"));

        bed.Api.Change<Deployment>(Web, d => d with { Spec = d.Spec with { Replicas = 9 } });
        await bed.PassAsync(TimeSpan.FromSeconds(16));
        Assert.Equal(10, Size(bed));
        Assert.Equal(("True", "TooManyReplicas", "the desired replica count is more than the maximum replica count"), Condition(bed, "ScalingLimited"));

        bed.Api.Change<Deployment>(Web, d => d with { Spec = d.Spec with { Replicas = 12 } });
        await bed.PassAsync(TimeSpan.FromSeconds(16));
        Assert.Equal(10, Size(bed));
        await bed.ToldAsync("SuccessfulRescale", "New size: 10; reason: Current number of replicas above Spec.MaxReplicas");
    }

    [Fact]
    public async Task Policies_bound_the_change_within_their_period()
    {
        var hpa = Make(Cpu(10));
        await using var bed = await StartAsync(hpa with
        {
            Spec = hpa.Spec with
            {
                MaxReplicas = 100,
                Behavior = new() { ScaleUp = new() { StabilizationWindowSeconds = 0, SelectPolicy = "Max", Policies = [new() { Type = "Pods", Value = 2, PeriodSeconds = 60 }] } },
            },
        }, 2);
        Serve(bed, 1000, 1000);
        await bed.SettleAsync();
        Assert.Equal(4, Size(bed));
        await bed.PassAsync(TimeSpan.FromSeconds(30), 2);
        Assert.Equal(4, Size(bed));     // two within a minute, not two at a time
        await bed.PassAsync(TimeSpan.FromSeconds(45), 3);
        Assert.Equal(6, Size(bed));
        Assert.Equal("ScaleUpLimit", Condition(bed, "ScalingLimited").Reason);
    }

    [Fact]
    public async Task Scaling_down_can_be_forbidden_and_scaling_up_delayed()
    {
        var hpa = Make(Cpu(50));
        var behavior = new HorizontalPodAutoscalerBehavior
        {
            ScaleDown = new() { SelectPolicy = "Disabled" },
            ScaleUp = new() { StabilizationWindowSeconds = 60, Policies = [new() { Type = "Percent", Value = 100, PeriodSeconds = 15 }] },
        };
        await using var bed = await StartAsync(hpa with { Spec = hpa.Spec with { Behavior = behavior } }, 4);
        Serve(bed, 100, 100, 100, 100);
        await bed.PassAsync(TimeSpan.FromMinutes(10), 20);
        Assert.Equal(4, Size(bed));

        Serve(bed, 1000, 1000, 1000, 1000);
        await bed.PassAsync(TimeSpan.FromSeconds(30), 2);
        Assert.Equal(4, Size(bed));
        Assert.Equal("ScaleUpStabilized", Condition(bed, "AbleToScale").Reason);
        await bed.PassAsync(TimeSpan.FromSeconds(60), 4);
        Assert.Equal(8, Size(bed));
    }

    [Fact]
    public async Task Pods_that_do_not_tell_damp_the_change()
    {
        // Two of three are at double the target; the third, taken for idle, makes it 4 instead of 6.
        await using var bed = await StartAsync(Make(Cpu(50)), 3);
        Serve(bed, 1000, 1000);
        await bed.SettleAsync();
        Assert.Equal(4, Size(bed));
    }

    [Fact]
    public async Task Pods_that_are_not_ready_damp_it_as_well()
    {
        await using var bed = await StartAsync(Make(Cpu(50)), 3, ready: 2);
        Serve(bed, 1000, 1000, 1000);
        await bed.SettleAsync();
        Assert.Equal(4, Size(bed));
    }

    [Fact]
    public async Task Without_metrics_nothing_is_scaled_and_the_reason_is_told()
    {
        await using var bed = await StartAsync(Make(Cpu(50)), 3);
        await bed.SettleAsync();
        const string cause = "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource";
        Assert.Equal(3, Size(bed));
        Assert.Equal(("False", "FailedGetResourceMetric", "the HPA was unable to compute the replica count: " + cause), Condition(bed, "ScalingActive"));
        await bed.ToldAsync("FailedGetResourceMetric", cause);
        await bed.ToldAsync("FailedComputeMetricsReplicas", "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: " + cause);
    }

    [Fact]
    public async Task A_pod_without_a_request_has_no_utilization()
    {
        await using var bed = await StartAsync(Make(Cpu(50)), 1);
        bed.Api.Change<Pod>(new("default", "web-0"), p => p with { Spec = new() { Containers = [new() { Name = "main" }] } });
        Serve(bed, 100);
        await bed.PassAsync(TimeSpan.FromSeconds(20));
        await bed.ToldAsync("FailedGetResourceMetric", "missing request for cpu in container main of Pod web-0");
    }

    [Fact]
    public async Task With_one_metric_missing_it_may_scale_up_but_not_down()
    {
        var lost = new MetricSpec { Type = "External", External = new() { Metric = new() { Name = "queue" }, Target = new() { Type = "Value", Value = Quantity.Parse("10") } } };
        await using var bed = await StartAsync(Make(Cpu(50), lost), 3);
        Serve(bed, 100, 100, 100);
        await bed.PassAsync(TimeSpan.FromMinutes(10), 20);
        Assert.Equal(3, Size(bed));
        Assert.Equal("FailedGetExternalMetric", Condition(bed, "ScalingActive").Reason);

        Serve(bed, 900, 900, 900);
        await bed.PassAsync(TimeSpan.FromSeconds(16));
        Assert.Equal(6, Size(bed));
    }

    [Fact]
    public async Task Metrics_of_one_container_of_pods_of_objects_and_of_elsewhere_are_read_where_upstream_reads_them()
    {
        var container = new MetricSpec { Type = "ContainerResource", ContainerResource = new() { Name = "cpu", Container = "main", Target = new() { Type = "AverageValue", AverageValue = Quantity.Parse("500m") } } };
        var pods = new MetricSpec { Type = "Pods", Pods = new() { Metric = new() { Name = "requests" }, Target = new() { Type = "AverageValue", AverageValue = Quantity.Parse("10") } } };
        var described = new MetricSpec
        {
            Type = "Object",
            Object = new()
            {
                DescribedObject = new() { ApiVersion = "networking.k8s.io/v1", Kind = "Ingress", Name = "front" },
                Metric = new() { Name = "hits", Selector = new() { MatchLabels = ApiMap.Of("verb", "GET") } },
                Target = new() { Type = "Value", Value = Quantity.Parse("100") },
            },
        };
        var external = new MetricSpec { Type = "External", External = new() { Metric = new() { Name = "queue" }, Target = new() { Type = "AverageValue", AverageValue = Quantity.Parse("30") } } };
        await using var bed = await StartAsync(Make(container, pods, described, external), 2);
        var asked = new List<string>();
        bed.Api.Raw = path =>
        {
            asked.Add(path);
            return path switch
            {
                "/apis/custom.metrics.k8s.io" => """{"kind":"APIGroup","preferredVersion":{"groupVersion":"custom.metrics.k8s.io/v1beta2","version":"v1beta2"}}""",
                "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/requests?labelSelector=app%3Dweb" =>
                    Json("MetricValueList", Enumerable.Range(0, 2).Select(i => $$"""{"describedObject":{"kind":"Pod","name":"web-{{i}}"},"timestamp":"2026-01-01T00:00:00Z","value":"20"}""")),
                "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/ingresses.networking.k8s.io/front/hits?metricLabelSelector=verb%3DGET" =>
                    Json("MetricValueList", ["""{"describedObject":{"kind":"Ingress","name":"front"},"timestamp":"2026-01-01T00:00:00Z","value":"150"}"""]),
                "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue" => Json("ExternalMetricValueList", ["""{"metricName":"queue","value":"40"}""", """{"metricName":"queue","value":"50"}"""]),
                _ when path.StartsWith("/apis/metrics.k8s.io", StringComparison.Ordinal) => Usage(bed, 600, 600),
                _ => null,
            };
        };
        await bed.SettleAsync();

        Assert.True(Size(bed) == 4, string.Join('\n', asked.Append(bed.Get<HorizontalPodAutoscaler>("web").Status.ToString())));
        await bed.ToldAsync("SuccessfulRescale", "New size: 4; reason: pods metric requests above target");
        var current = bed.Get<HorizontalPodAutoscaler>("web").Status.CurrentMetrics;
        Assert.Equal(("600m", "20", "150", "45"), (current[0].ContainerResource!.Current.AverageValue.ToString(), current[1].Pods!.Current.AverageValue.ToString(),
            current[2].Object!.Current.Value.ToString(), current[3].External!.Current.AverageValue.ToString()));
    }

    [Fact]
    public async Task A_target_that_does_not_exist_is_told_by_condition_and_event()
    {
        var bed = await Bed.StartAsync("horizontal-pod-autoscaler-controller");
        await using var _ = bed;
        await bed.CreateAsync(Make(Cpu()));
        await bed.SettleAsync();
        Assert.Equal(("False", "FailedGetScale", "the HPA controller was unable to get the target's current scale: deployments.apps \"web\" not found"), Condition(bed, "AbleToScale"));

        bed.Api.Change<HorizontalPodAutoscaler>(Web, h => h with { Spec = h.Spec with { ScaleTargetRef = new() { ApiVersion = "apps/v1", Kind = "Nothing", Name = "web" } } });
        await bed.SettleAsync();
        await bed.ToldAsync("FailedGetScale", "no matches for kind \"Nothing\" in group \"apps\"");
    }

    [Fact]
    public async Task A_size_of_zero_turns_the_autoscaler_off()
    {
        await using var bed = await StartAsync(Make(Cpu()), 0);
        await bed.SettleAsync();
        Assert.Equal(0, Size(bed));
        Assert.Equal(("False", "ScalingDisabled", "scaling is disabled since the replica count of the target is zero"), Condition(bed, "ScalingActive"));
    }

    [Fact]
    public async Task Two_autoscalers_of_the_same_pods_scale_nothing_and_both_say_so()
    {
        await using var bed = await StartAsync(Make(Cpu(10)), 2);
        await bed.CreateAsync(Make(Cpu(10)) with { Metadata = new() { Namespace = "default", Name = "rival" } });
        await bed.SettleAsync();
        Serve(bed, 1000, 1000);
        await bed.PassAsync(TimeSpan.FromMinutes(2), 8);

        Assert.Equal(2, Size(bed));
        Assert.Equal(("False", "AmbiguousSelector", "pods by selector app=web are controlled by multiple HPAs: [default/rival default/web]"), Condition(bed, "ScalingActive"));
        await bed.ToldAsync("AmbiguousSelector", "pods by selector app=web are controlled by multiple HPAs: [default/rival default/web]");
    }

    [Theory]
    [InlineData(90, 3, 6)]
    [InlineData(49, 3, 3)]
    [InlineData(100, 1, 2)]
    public async Task Sizes_follow_usage(int percent, int replicas, int expected)
    {
        await using var bed = await StartAsync(Make(Cpu(50)), replicas);
        Serve(bed, [.. Enumerable.Repeat(percent * 10, replicas)]);
        await bed.SettleAsync();
        Assert.Equal(expected.ToString(CultureInfo.InvariantCulture), Size(bed).ToString(CultureInfo.InvariantCulture));
    }
}
