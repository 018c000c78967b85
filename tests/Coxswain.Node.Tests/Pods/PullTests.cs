using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;
using Coxswain.Testing;
using static Coxswain.Node.Tests.Pods.PodHarness;

namespace Coxswain.Node.Tests.Pods;

public sealed class PullTests
{
    [Fact]
    public async Task A_pull_uses_the_pods_secrets_the_most_specific_first()
    {
        await using var harness = new PodHarness();
        await harness.Api.CreateAsync(Secret("registry", """{"auths":{"registry.example:5000":{"username":"all","password":"p"},"registry.example:5000/team":{"auth":"dGVhbTpzZWNyZXQ="}}}"""), Cancellation);
        harness.Runtime.PullFailure = (_, auth) => auth?.Username == "team" ? new RuntimeException(RuntimeErrorCode.PermissionDenied, "no") : null;
        var worker = await harness.AddAsync(TestPods.Pod("web", TestPods.Container("web", c => c with { Image = "registry.example:5000/team/app:1" }))
            .With(spec => spec with { ImagePullSecrets = [new() { Name = "registry" }, new() { Name = "missing" }] }));

        await worker.PassAsync(Cancellation);

        Assert.Equal(
            ["pull registry.example:5000/team/app:1 as team", "pull registry.example:5000/team/app:1 as all"],
            harness.Runtime.Calls.Where(call => call.StartsWith("pull", StringComparison.Ordinal)));
        Assert.Contains(
            "Warning FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (missing); attempting to pull the image may not succeed.",
            harness.Events.All);
    }

    [Theory]
    [InlineData("nginx", "https://index.docker.io/v1/", true)]
    [InlineData("ghcr.io/a/b", "ghcr.io", true)]
    [InlineData("a.registry.example/x", "*.registry.example", true)]
    [InlineData("a.b.registry.example/x", "*.registry.example", false)]
    [InlineData("ghcr.io/ab/c", "ghcr.io/a", false)]
    [InlineData("nginx", "ghcr.io", false)]
    public void A_credential_is_for_its_registry_only(string image, string key, bool matches)
    {
        var secret = Secret("s", "{\"auths\":{\"" + key + "\":{\"username\":\"me\",\"password\":\"p\"}}}");

        Assert.Equal(matches ? 1 : 0, PullSecrets.For(image, [secret]).Count);
    }

    [Fact]
    public void A_damaged_secret_is_as_good_as_none() => Assert.Empty(PullSecrets.For("nginx", [Secret("s", "{not json")]));

    [Fact]
    public void Credentials_are_not_printed() =>
        Assert.DoesNotContain("p4ss", new AuthConfig { Username = "me", Password = "p4ss" }.ToString(), StringComparison.Ordinal);

    [Fact]
    public void A_back_off_doubles_to_its_limit_and_forgets_after_a_quiet_time()
    {
        var clock = new FakeClock();
        var backOff = new BackOff(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), clock);
        var waits = new List<double>();
        for (var i = 0; i < 4; i++)
        {
            backOff.Next("a", clock.GetUtcNow());
            waits.Add(backOff.Remaining("a").TotalSeconds);
            clock.Advance(backOff.Remaining("a"));
        }

        Assert.Equal([10, 20, 30, 30], waits);
        clock.Advance(TimeSpan.FromSeconds(61));
        backOff.Next("a", clock.GetUtcNow());
        Assert.Equal(10, backOff.Get("a").TotalSeconds);
        clock.Advance(TimeSpan.FromSeconds(61));
        backOff.Collect();
        Assert.Equal(TimeSpan.Zero, backOff.Get("a"));
    }

    [Fact]
    public async Task Only_so_many_pulls_run_at_once()
    {
        await using var harness = new PodHarness(options => options with { MaxParallelImagePulls = 1 });
        var pulling = 0;
        var most = 0;
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        harness.Runtime.OnPull = async cancellation =>
        {
            most = Math.Max(most, Interlocked.Increment(ref pulling));
            await release.Task.WaitAsync(cancellation);
            Interlocked.Decrement(ref pulling);
        };
        var a = await harness.AddAsync(TestPods.Pod("a", TestPods.Container("web", c => c with { Image = "a:1" })));
        var b = await harness.AddAsync(TestPods.Pod("b", TestPods.Container("web", c => c with { Image = "b:1" })));

        var passes = Task.WhenAll(a.PassAsync(Cancellation), b.PassAsync(Cancellation));
        await Eventually.TrueAsync(() => harness.Events.All.Count(e => e.Contains("Pulling", StringComparison.Ordinal)) == 2, cancellation: Cancellation);
        release.SetResult();
        await passes;

        Assert.Equal(1, most);
    }

    private static Secret Secret(string name, string json) => new()
    {
        Metadata = new() { Name = name, Namespace = "default" },
        Type = "kubernetes.io/dockerconfigjson",
        Data = ApiMap.Of(".dockerconfigjson", ByteString.Copy(Encoding.UTF8.GetBytes(json))),
    };
}
