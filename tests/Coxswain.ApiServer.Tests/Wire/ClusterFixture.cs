using Coxswain.ApiServer.Tests.Wire;
using Coxswain.Testing.Cluster;

[assembly: AssemblyFixture(typeof(ClusterFixture))]

namespace Coxswain.ApiServer.Tests.Wire;

/// <summary>One cluster for all wire tests; each uses a namespace of its own.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    public TestCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Cluster = await TestCluster.StartAsync(TestContext.Current.CancellationToken, tokens: ["alice-token,alice,alice-uid,developers"]);

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
