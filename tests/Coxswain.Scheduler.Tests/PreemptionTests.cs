using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.Scheduler.Preemption;
using static Coxswain.Scheduler.Tests.SchedulerData;

namespace Coxswain.Scheduler.Tests;

public sealed class PreemptionTests
{
    private static readonly DateTimeOffset Start = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static Pod Prio(string name, int priority, string? cpu = "1", string app = "web", int age = 0, Func<PodSpec, PodSpec>? change = null)
    {
        var pod = Pod(name, cpu: cpu, app: app, change: s => (change?.Invoke(s) ?? s) with { Priority = priority });
        return pod with { Status = pod.Status with { StartTime = Start.AddMinutes(-age) } };
    }

    private static IEnumerable<string> Names(PreemptionCandidate candidate) => candidate.Victims.Select(v => v.Name.Name).Order(StringComparer.Ordinal);

    [Fact]
    public void Only_as_many_leave_as_must_and_the_more_important_ones_stay()
    {
        var cluster = Cluster(Node("one", cpu: "3"));
        cluster.Place(Prio("p1", 1), "one");
        cluster.Place(Prio("p2", 2), "one");
        cluster.Place(Prio("p3", 3), "one");
        var (candidates, _) = cluster.Preempt(Prio("high", 10, cpu: "2"));
        Assert.Equal(["p1", "p2"], Names(Assert.Single(candidates)));
    }

    [Fact]
    public void Equals_are_not_asked_to_leave_and_the_message_says_so()
    {
        var cluster = Cluster(Node("one", cpu: "1"), Node("two", cpu: "1"), Node("small", cpu: "500m"));
        cluster.Place(Prio("p1", 5), "one");
        cluster.Place(Prio("p2", 5), "two");
        var (candidates, message) = cluster.Preempt(Prio("equal", 5));
        Assert.Empty(candidates);
        Assert.Equal(
            "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
            message);
    }

    [Fact]
    public void A_pod_that_never_preempts_says_so()
    {
        var cluster = Cluster(Node("one", cpu: "1"));
        cluster.Place(Prio("low", 1), "one");
        var (candidates, message) = cluster.Preempt(Prio("polite", 9, change: s => s with { PreemptionPolicy = "Never" }));
        Assert.Empty(candidates);
        Assert.Equal("0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.", message);
    }

    [Fact]
    public void Budgets_are_kept_where_another_node_will_do()
    {
        var cluster = Cluster(Node("guarded", cpu: "1"), Node("free", cpu: "1"));
        cluster.Place(Prio("g", 1, app: "guarded"), "guarded");
        cluster.Place(Prio("f", 5, app: "free"), "free");
        var budget = new PodDisruptionBudget
        {
            Metadata = new() { Namespace = "default", Name = "b" },
            Spec = new() { Selector = new() { MatchLabels = ApiMap.Of("app", "guarded") } },
            Status = new() { DisruptionsAllowed = 0 },
        };
        var (candidates, _) = cluster.Preempt(Prio("high", 10), budget);
        Assert.Equal("free", PreemptionCandidate.Pick(candidates, Start).Node.Name);
        var (unguarded, _) = cluster.Preempt(Prio("high", 10));
        Assert.Equal("guarded", PreemptionCandidate.Pick(unguarded, Start).Node.Name);
    }

    [Fact]
    public void Of_equal_harm_the_pod_that_began_last_leaves()
    {
        var cluster = Cluster(Node("old", cpu: "1"), Node("young", cpu: "1"));
        cluster.Place(Prio("o", 1, age: 60), "old");
        cluster.Place(Prio("y", 1, age: 1), "young");
        var (candidates, _) = cluster.Preempt(Prio("high", 10));
        Assert.Equal("young", PreemptionCandidate.Pick(candidates, Start).Node.Name);
    }

    [Fact]
    public void Few_victims_are_better_than_many()
    {
        var cluster = Cluster(Node("many", cpu: "2"), Node("one", cpu: "2"));
        cluster.Place(Prio("m1", 1), "many");
        cluster.Place(Prio("m2", 1), "many");
        cluster.Place(Prio("o", 1, cpu: "2"), "one");
        var (candidates, _) = cluster.Preempt(Prio("high", 10, cpu: "2"));
        Assert.Equal("one", PreemptionCandidate.Pick(candidates, Start).Node.Name);
    }

    [Fact]
    public void A_pod_kept_away_by_anti_affinity_gets_in_when_the_other_leaves()
    {
        var cluster = Cluster(Node("one"));
        cluster.Place(Prio("low", 1, cpu: null), "one");
        var (candidates, _) = cluster.Preempt(Prio("high", 10, cpu: null, change: s => s with
        {
            Affinity = new()
            {
                PodAntiAffinity = new()
                {
                    RequiredDuringSchedulingIgnoredDuringExecution =
                        [new() { TopologyKey = "kubernetes.io/hostname", LabelSelector = new() { MatchLabels = ApiMap.Of("app", "web") } }],
                },
            },
        }));
        Assert.Equal(["low"], Names(Assert.Single(candidates)));
    }

    [Fact]
    public void Nodes_that_no_leaving_pod_would_open_are_not_tried()
    {
        var cluster = Cluster(Node("tainted", cpu: "1", taints: new Taint { Key = "k", Effect = "NoSchedule" }));
        cluster.Place(Prio("low", 1), "tainted");
        var (candidates, message) = cluster.Preempt(Prio("high", 10));
        Assert.Empty(candidates);
        Assert.Equal(
            "0/1 nodes are available: 1 node(s) had untolerated taint(s). preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.", message);
    }

    [Fact]
    public void Room_that_was_made_for_a_pod_is_not_given_to_a_less_important_one()
    {
        var cluster = Cluster(Node("one", cpu: "1"));
        var high = new PodInfo(Prio("high", 10));
        lock (cluster.Gate)
            cluster.Nominations.Set(high, "one");
        Assert.Null(cluster.Schedule(Prio("low", 1)).Node);
        Assert.Equal("one", cluster.Schedule(Prio("higher", 11)).Node);
        Assert.Equal("one", cluster.Schedule(high.Pod).Node);
    }

    [Fact]
    public void While_a_victim_is_going_nobody_else_is_asked_to()
    {
        var cluster = Cluster(Node("one", cpu: "1"));
        var going = Prio("going", 1);
        cluster.Place(
            going with
            {
                Metadata = going.Metadata with { DeletionTimestamp = Start },
                Status = going.Status with { Conditions = [new() { Type = "DisruptionTarget", Status = "True", Reason = "PreemptionByScheduler" }] },
            }, "one");
        var high = Prio("high", 10);
        var (candidates, message) = cluster.Preempt(high with { Status = high.Status with { NominatedNodeName = "one" } });
        Assert.Empty(candidates);
        Assert.EndsWith("preemption: not eligible due to a terminating pod on the nominated node.", message, StringComparison.Ordinal);
    }
}
