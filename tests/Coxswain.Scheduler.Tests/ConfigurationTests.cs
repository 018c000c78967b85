using System.Text;
using Coxswain.Scheduler.Configuration;

namespace Coxswain.Scheduler.Tests;

public sealed class ConfigurationTests
{
    private const string Head = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n";

    private static SchedulerConfiguration Read(string yaml) => ConfigurationReader.Read(Encoding.UTF8.GetBytes(Head + yaml));

    private static string Fault(string yaml) => Assert.Throws<ConfigurationException>(() => Read(yaml)).Message;

    private static Profile Build(string yaml)
    {
        var configuration = Read(yaml);
        return ProfileBuilder.Build(configuration, configuration.Profiles[0], new(null, TimeProvider.System));
    }

    [Fact]
    public void Nothing_said_is_upstreams_default()
    {
        var configuration = Read("");
        Assert.Equal((1.0, 10.0), (configuration.PodInitialBackoff.TotalSeconds, configuration.PodMaxBackoff.TotalSeconds));
        var profile = Build("");
        Assert.Equal("default-scheduler", profile.SchedulerName);
        Assert.Equal(
            ["TaintToleration 3", "NodeAffinity 2", "NodeResourcesFit 1", "PodTopologySpread 2", "InterPodAffinity 2", "NodeResourcesBalancedAllocation 1", "ImageLocality 1"],
            profile.Scores.Select(s => $"{s.Plugin.Name} {s.Weight}"));
        Assert.Equal(
            ["NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit", "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone", "PodTopologySpread", "InterPodAffinity"],
            profile.Filters.Select(f => f.Name));
        Assert.NotNull(profile.Preemption);
    }

    [Fact]
    public void Plug_ins_are_taken_away_and_weighted_anew()
    {
        var profile = Build(
            """
            profiles:
            - schedulerName: mine
              plugins:
                multiPoint:
                  disabled: [{name: ImageLocality}]
                score:
                  disabled: [{name: TaintToleration}]
                  enabled: [{name: NodeResourcesFit, weight: 7}]
                postFilter:
                  disabled: [{name: "*"}]
            """);
        Assert.Equal("mine", profile.SchedulerName);
        Assert.Equal(
            ["NodeResourcesFit 7", "NodeAffinity 2", "PodTopologySpread 2", "InterPodAffinity 2", "NodeResourcesBalancedAllocation 1"],
            profile.Scores.Select(s => $"{s.Plugin.Name} {s.Weight}"));
        Assert.Contains(profile.Filters, f => f.Name == "TaintToleration");
        Assert.Null(profile.Preemption);
    }

    [Fact]
    public void Only_what_is_named_runs_when_all_defaults_are_taken_away()
    {
        var profile = Build(
            """
            profiles:
            - plugins:
                multiPoint:
                  disabled: [{name: "*"}]
                  enabled: [{name: NodeResourcesFit}, {name: PrioritySort}, {name: DefaultBinder}]
            """);
        Assert.Equal(["NodeResourcesFit"], profile.Filters.Select(f => f.Name));
        Assert.Equal(["NodeResourcesFit"], profile.Scores.Select(s => s.Plugin.Name));
    }

    [Fact]
    public void Arguments_reach_their_plug_ins()
    {
        var configuration = Read(
            """
            percentageOfNodesToScore: 30
            profiles:
            - pluginConfig:
              - name: NodeResourcesFit
                args:
                  ignoredResources: [example.com/x]
                  scoringStrategy:
                    type: RequestedToCapacityRatio
                    resources: [{name: cpu, weight: 3}]
                    requestedToCapacityRatio: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}
              - name: InterPodAffinity
                args: {hardPodAffinityWeight: 20}
              - name: PodTopologySpread
                args:
                  defaultingType: List
                  defaultConstraints: [{maxSkew: 1, topologyKey: rack, whenUnsatisfiable: ScheduleAnyway}]
              - name: NodeAffinity
                args:
                  addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}
              - name: DefaultPreemption
                args: {minCandidateNodesPercentage: 20, minCandidateNodesAbsolute: 50}
              - name: VolumeBinding
                args: {bindTimeoutSeconds: 60}
            """);
        var arguments = configuration.Profiles[0].Arguments;
        Assert.Equal(30, configuration.PercentageOfNodesToScore);
        Assert.Equal((20, 20, 50, 60.0), (arguments.HardPodAffinityWeight, arguments.MinCandidateNodesPercentage, arguments.MinCandidateNodesAbsolute, arguments.BindTimeout.TotalSeconds));
        Assert.Equal("rack", Assert.Single(arguments.DefaultConstraints!).TopologyKey);
        Assert.Equal("a", arguments.AddedAffinity!.RequiredDuringSchedulingIgnoredDuringExecution!.NodeSelectorTerms[0].MatchExpressions[0].Key);
        Assert.Equal(3, Assert.Single(arguments.ScoringResources).Weight);
    }

    [Fact]
    public void Extenders_are_read()
    {
        var extender = Assert.Single(Read(
            """
            extenders:
            - urlPrefix: http://127.0.0.1:1/x
              filterVerb: filter
              prioritizeVerb: prioritize
              weight: 5
              nodeCacheCapable: true
              ignorable: true
              httpTimeout: 2s
              managedResources: [{name: example.com/gpu, ignoredByScheduler: true}]
            """).Extenders);
        Assert.Equal(("filter", 5L, true, 2.0, "example.com/gpu"), (extender.FilterVerb, extender.Weight, extender.Ignorable, extender.HttpTimeout.TotalSeconds, extender.IgnoredByScheduler[0]));
    }

    [Theory]
    [InlineData("percentageOfNodesToScore: 101", "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]")]
    [InlineData("parallelism: 0", "parallelism: Invalid value: 0: should be an integer value greater than zero")]
    [InlineData("podInitialBackoffSeconds: 0", "podInitialBackoffSeconds: Invalid value: 0: must be greater than 0")]
    [InlineData("podMaxBackoffSeconds: 0", "podMaxBackoffSeconds: Invalid value: 0: must be greater than or equal to PodInitialBackoffSeconds")]
    [InlineData("profiles: [{schedulerName: a}, {schedulerName: a}]", "profiles[1].schedulerName: Duplicate value: \"a\"")]
    [InlineData("colour: red", "unknown field \"colour\"")]
    [InlineData("profiles: [{plugins: {filter: {enable: []}}}]", "unknown field \"profiles[0].plugins.filter.enable\"")]
    [InlineData("profiles: [{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeight: 101}}]}]", "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]")]
    [InlineData("profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: Odd}}}]}]", "Unsupported value: \"Odd\"")]
    [InlineData("extenders: [{urlPrefix: 'http://a', prioritizeVerb: p, weight: 0}]", "extenders[0].weight: Invalid value: 0: must have a positive weight applied to it")]
    [InlineData("extenders: [{urlPrefix: 'http://a', bindVerb: b}, {urlPrefix: 'http://b', bindVerb: b}]", "only one extender can implement bind")]
    [InlineData("percentageOfNodesToScore: many", "percentageOfNodesToScore: not of type int32")]
    public void What_cannot_be_is_refused_and_named(string yaml, string expected) => Assert.Contains(expected, Fault(yaml), StringComparison.Ordinal);

    [Theory]
    [InlineData("profiles: [{plugins: {score: {enabled: [{name: Nobody}]}}}]", "score plugin \"Nobody\" does not exist")]
    [InlineData("profiles: [{plugins: {score: {enabled: [{name: NodeName}]}}}]", "plugin \"NodeName\" does not extend score plugin")]
    [InlineData("profiles: [{plugins: {bind: {disabled: [{name: '*'}]}}}]", "at least one bind plugin is needed")]
    public void Profiles_that_cannot_work_are_refused(string yaml, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => Build(yaml)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("kind: KubeSchedulerConfiguration")]
    [InlineData("apiVersion: kubescheduler.config.k8s.io/v1beta3\nkind: KubeSchedulerConfiguration")]
    [InlineData("apiVersion: v1\nkind: Pod")]
    [InlineData("- a")]
    [InlineData("{")]
    public void Other_documents_are_refused(string text) =>
        Assert.NotEmpty(Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(Encoding.UTF8.GetBytes(text))).Message);

    [Fact]
    public void The_example_of_the_guide_can_be_used()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Coxswain.slnx")))
            folder = Path.GetDirectoryName(folder)!;
        var guide = File.ReadAllText(Path.Combine(folder, "docs", "guides", "scheduler.md"));
        var begin = guide.IndexOf("```yaml\n", StringComparison.Ordinal) + "```yaml\n".Length;
        var yaml = guide[begin..guide.IndexOf("```", begin, StringComparison.Ordinal)];
        var configuration = ConfigurationReader.Read(Encoding.UTF8.GetBytes(yaml));
        Assert.Equal(2, configuration.Profiles.Select(p => ProfileBuilder.Build(configuration, p, new(null, TimeProvider.System))).Count());
    }

    /// <summary>Whatever the file says: a configuration or a <see cref="ConfigurationException"/>, nothing else.</summary>
    [Fact]
    public void No_file_breaks_the_reader()
    {
        const string Seed = Head
            + "profiles:\n- schedulerName: a\n  plugins: {score: {enabled: [{name: NodeAffinity, weight: 2}], disabled: [{name: '*'}]}}\n"
            + "  pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}}}]\n"
            + "extenders: [{urlPrefix: 'http://a', weight: 1, httpTimeout: 5s, tlsConfig: {caData: YQ==}}]\n";
        var random = new Random(7);
        string[] pieces = ["{", "}", "[", "]", ":", "- ", "null", "-1", "99999999999", "\"", "true", "\n", "  ", "*", "&a", "profiles", "args"];
        var (read, refused) = (0, 0);
        for (var i = 0; i < 1500; i++)
        {
            var text = new StringBuilder(Seed);
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                var at = random.Next(text.Length);
                if (random.Next(2) == 0)
                    text.Remove(at, Math.Min(random.Next(1, 12), text.Length - at));
                text.Insert(Math.Min(at, text.Length), pieces[random.Next(pieces.Length)]);
            }

            try
            {
                var configuration = ConfigurationReader.Read(Encoding.UTF8.GetBytes(text.ToString()));
                foreach (var profile in configuration.Profiles)
                    ProfileBuilder.Build(configuration, profile, new(null, TimeProvider.System));
                read++;
            }
            catch (ConfigurationException e)
            {
                Assert.NotEmpty(e.Message);
                refused++;
            }
        }

        Assert.True(read > 0 && refused > 0, $"{read} read, {refused} refused");
    }
}
