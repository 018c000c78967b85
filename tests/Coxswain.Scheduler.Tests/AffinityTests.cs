using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Scheduler.Plugins;
using static Coxswain.Scheduler.Tests.SchedulerData;

namespace Coxswain.Scheduler.Tests;

public sealed class AffinityTests
{
    private const string Zone = "topology.kubernetes.io/zone";
    private const string Host = "kubernetes.io/hostname";

    private static PodAffinityTerm Term(string app, string key) => new() { TopologyKey = key, LabelSelector = new() { MatchLabels = ApiMap.Of("app", app) } };

    private static Func<PodSpec, PodSpec> Near(params PodAffinityTerm[] terms) =>
        s => s with { Affinity = new() { PodAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = terms.ToApiList() } } };

    private static Func<PodSpec, PodSpec> Away(params PodAffinityTerm[] terms) =>
        s => s with { Affinity = new() { PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = terms.ToApiList() } } };

    private static Func<PodSpec, PodSpec> PrefersNear(PodAffinityTerm term, int weight) =>
        s => s with { Affinity = new() { PodAffinity = new() { PreferredDuringSchedulingIgnoredDuringExecution = [new() { Weight = weight, PodAffinityTerm = term }] } } };

    [Fact]
    public void A_term_can_speak_of_pods_in_namespaces_chosen_by_their_labels()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        cluster.SetNamespace(new() { Metadata = new() { Name = "shop", Labels = ApiMap.Of("team", "x") } });
        cluster.SetNamespace(new() { Metadata = new() { Name = "default" } });
        var db = Pod("db", app: "db");
        cluster.Place(db with { Metadata = db.Metadata with { Namespace = "shop" } }, "b1");
        var near = Near(Term("db", Zone) with { NamespaceSelector = new() { MatchLabels = ApiMap.Of("team", "x") } });
        Assert.Equal("b1", cluster.Schedule(Pod("a", change: near)).Node);
        cluster.SetNamespace(new() { Metadata = new() { Name = "shop", Labels = ApiMap.Of("team", "y") } });
        Assert.Null(cluster.Schedule(Pod("a", change: near)).Node);
        Assert.Equal("b1", cluster.Schedule(Pod("a", change: Near(Term("db", Zone) with { Namespaces = ["shop"] }))).Node);
    }

    [Fact]
    public void Match_label_keys_ask_for_the_pods_own_values_and_mismatch_keys_exclude_them()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        Pod Tenant(string name, string tenant, Func<PodSpec, PodSpec>? change = null)
        {
            var pod = Pod(name, change: change);
            return pod with { Metadata = pod.Metadata with { Labels = pod.Metadata.Labels.With("tenant", tenant) } };
        }

        cluster.Place(Tenant("x", "x"), "a1");
        cluster.Place(Tenant("y", "y"), "b1");
        Assert.Equal("b1", cluster.Schedule(Tenant("y2", "y", Near(Term("web", Zone) with { MatchLabelKeys = ["tenant"] }))).Node);
        Assert.Equal("b1", cluster.Schedule(Tenant("y3", "y", Away(Term("web", Zone) with { MismatchLabelKeys = ["tenant"] }))).Node);
    }

    [Fact]
    public void A_pod_is_near_only_where_one_pod_matches_all_its_terms()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        var both = Pod("both", app: "db");
        cluster.Place(both with { Metadata = both.Metadata with { Labels = both.Metadata.Labels.With("tier", "back") } }, "b1");
        cluster.Place(Pod("one", app: "db"), "a1");
        var tier = new PodAffinityTerm { TopologyKey = Zone, LabelSelector = new() { MatchLabels = ApiMap.Of("tier", "back") } };
        Assert.Equal("b1", cluster.Schedule(Pod("p", change: Near(Term("db", Zone), tier))).Node);
    }

    [Fact]
    public void Anti_affinity_over_hosts_fills_every_host_once_and_then_says_why_not()
    {
        var cluster = Cluster([.. Enumerable.Range(0, 5).Select(i => Node($"n{i}"))]);
        for (var i = 0; i < 5; i++)
        {
            var pod = Pod($"p{i}", change: Away(Term("web", Host)));
            cluster.Place(pod, cluster.Schedule(pod).Node!);
        }

        Assert.All(cluster.Nodes, n => Assert.Equal(1, n.PodCount));
        Assert.Equal("0/5 nodes are available: 5 node(s) didn't match pod anti-affinity rules.", cluster.Schedule(Pod("late", change: Away(Term("web", Host)))).Message);
    }

    [Fact]
    public void Preferences_of_the_pod_and_of_placed_pods_both_count()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"), Node("c1", zone: "c"));
        cluster.Place(Pod("db", app: "db"), "a1");
        cluster.Place(Pod("fan", app: "fan", change: PrefersNear(Term("web", Zone), 50)), "b1");
        var scores = cluster.Scores(new InterPodAffinity(), Pod("web", change: PrefersNear(Term("db", Zone), 100)));
        Assert.Equal((100, 50, 0), (scores["a1"], scores["b1"], scores["c1"]));
        Assert.Equal(100, cluster.Scores(new InterPodAffinity(), Pod("plain"))["b1"]);
        Assert.Empty(cluster.Scores(new InterPodAffinity(ignorePreferredOfOthers: true), Pod("plain")));
    }

    [Fact]
    public void Pods_that_must_be_near_this_one_draw_it_with_the_configured_weight()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        cluster.Place(Pod("follower", app: "follower", change: Near(Term("web", Zone))), "b1");
        Assert.Equal(100, cluster.Scores(new InterPodAffinity(hardWeight: 5), Pod("web"))["b1"]);
        Assert.Empty(cluster.Scores(new InterPodAffinity(hardWeight: 0), Pod("web")));
    }

    [Fact]
    public void Daemon_pods_look_at_their_node_only_and_the_message_says_so()
    {
        var cluster = Cluster(Node("one", cpu: "1"), Node("two"), Node("three"));
        PodSpec OnOne(PodSpec s) => s with
        {
            Affinity = new()
            {
                NodeAffinity = new()
                {
                    RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = [new() { MatchFields = [new() { Key = "metadata.name", Operator = "In", Values = ["one"] }] }] },
                },
            },
        };
        Assert.Equal("one", cluster.Schedule(Pod("a", change: OnOne)).Node);
        Assert.Equal(
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].", cluster.Schedule(Pod("b", cpu: "2", change: OnOne)).Message);
    }

    [Fact]
    public void Affinity_that_the_profile_adds_is_asked_of_every_pod()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        var term = new NodeSelectorTerm { MatchExpressions = [new() { Key = Zone, Operator = "In", Values = ["b"] }] };
        var profile = Profile(new() { AddedAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = [term] } } });
        Assert.Equal("b1", cluster.Schedule(Pod("a"), profile).Node);
        cluster.RemoveNode("b1");
        Assert.Equal("0/1 nodes are available: 1 node(s) didn't match scheduler-enforced node affinity.", cluster.Schedule(Pod("a"), profile).Message);
    }
}
