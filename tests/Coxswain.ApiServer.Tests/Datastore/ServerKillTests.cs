using Coxswain.Testing;
using Coxswain.Testing.Etcd;

namespace Coxswain.ApiServer.Tests.Datastore;

/// <summary>kill -9 of etcd and of API servers under concurrent writes. COXSWAIN_KILL_ROUNDS says how often.</summary>
[Collection("kills")]
public sealed class ServerKillTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Nothing_acknowledged_is_lost_and_no_watcher_has_a_gap_when_etcd_or_a_server_is_killed(int servers)
    {
        Assert.SkipWhen(EtcdBinary.Find("3.5") is null, EtcdBinary.Missing("3.5") ?? "");
        // Both forms together are as long as one of a test that has but one.
        var rounds = Environment.GetEnvironmentVariable("COXSWAIN_KILL_ROUNDS") is null ? Soak.KillRounds / 2 : Soak.KillRounds;
        await using var etcd = await EtcdCluster.StartAsync("3.5", cancellation: Cancellation);
        var processes = new List<ServerProcess>();
        try
        {
            for (var i = 0; i < servers; i++)
                processes.Add(await ServerProcess.StartAsync(etcd.Endpoints, processes.FirstOrDefault(), Cancellation));
            await using var work = await Workload.StartAsync(writers: 4, Cancellation, [.. processes.Select(p => p.Api)]);
            await work.GoesOnAsync(20, Cancellation);
            for (var round = 1; round <= rounds; round++)
            {
                if (round % (servers + 1) == 0)
                {
                    await etcd.KillAsync(0);
                    await etcd.RestartAsync(0, Cancellation);
                }
                else
                {
                    await processes[round % servers].KillAndRestartAsync(Cancellation);
                }

                await work.GoesOnAsync(10, Cancellation);
                Soak.Progress($"kills behind {servers}", round, rounds);
            }

            await work.EndAsync(Cancellation);
            TestContext.Current.TestOutputHelper?.WriteLine($"{rounds} kills, {work.Acknowledged} writes");
        }
        finally
        {
            foreach (var process in processes)
                await process.DisposeAsync();
        }
    }
}
