using System.Diagnostics;
using System.Net;
using Coxswain.ApiServer;
using Coxswain.Security;
using Coxswain.Storage;
using Coxswain.Storage.Etcd;
using Microsoft.Extensions.Logging;

// The API server alone, on memory or on etcd, for replaying recorded exchanges, for measuring, and for being killed:
//   DevHost PORT DATA-DIR [TOKENS-FILE [ETCD-ADDRESS,...]]
var started = Stopwatch.GetTimestamp();
if (args.Length < 2)
{
    await Console.Error.WriteLineAsync("usage: DevHost PORT DATA-DIR [TOKENS-FILE [ETCD-ADDRESS,...]]");
    return 2;
}

using var logs = LoggerFactory.Create(l => l.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning));
var options = new ApiServerOptions
{
    BindAddress = "127.0.0.1",
    SecurePort = int.Parse(args[0]),
    DataDir = args[1],
    TokenAuthFile = args.Length > 2 ? args[2] : "",
    ServiceAccountIssuer = "https://kubernetes.default.svc",
};
using var pki = PkiDirectory.Open(Path.Combine(args[1], "pki"), TimeProvider.System);
await using IStore store = args.Length > 3
    ? await EtcdStore.OpenAsync(new() { Endpoints = [.. args[3].Split(',').Select(a => new Uri(a))] }, TimeProvider.System, CancellationToken.None)
    : new MemoryStore();
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
await using var server = await ApiServer.StartAsync(
    options, store, ApiServerPki.From(pki, options, [], [IPAddress.Loopback]), TimeProvider.System, logs, stop.Token);
using var admin = pki.Admin();
pki.WriteKubeConfig(Path.Combine(args[1], "admin.kubeconfig"), new($"https://127.0.0.1:{server.Port}"), "admin", admin);
Console.WriteLine($"listening on {server.Address} after {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms");
await server.Ready;
Console.WriteLine($"ready after {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms");
try
{
    await Task.Delay(Timeout.Infinite, stop.Token);
}
catch (OperationCanceledException)
{
    // Asked to stop.
}

return 0;
