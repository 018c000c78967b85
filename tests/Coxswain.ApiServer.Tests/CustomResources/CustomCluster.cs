using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.CustomResources;

/// <summary>One cluster for the tests that define kinds: what they do shows in discovery, on which other tests look.</summary>
public sealed class CustomCluster : IAsyncLifetime
{
    public TestCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await TestCluster.StartAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}

[CollectionDefinition(nameof(CustomCluster))]
public sealed class CustomClusterTests : ICollectionFixture<CustomCluster>;
