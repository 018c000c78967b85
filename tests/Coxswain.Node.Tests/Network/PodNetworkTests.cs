using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Coxswain.Node.Host;
using Coxswain.Node.Network;
using Coxswain.Node.Runtime;
using Coxswain.Node.Tests.Containerd;
using Coxswain.Node.Tests.Runtime;
using Coxswain.Testing;

namespace Coxswain.Node.Tests.Network;

/// <summary>What real packets do between pods, services, node and outside.</summary>
public sealed partial class PodNetworkTests(ContainerdFixture containerd)
{
    // Answers each request with the address it came from.
    private const string Server = "mkdir -p /tmp/www/cgi-bin; printf '#!/bin/sh\\necho; echo from $REMOTE_ADDR\\n' > /tmp/www/cgi-bin/who; "
        + "chmod +x /tmp/www/cgi-bin/who; exec httpd -f -p 8080 -h /tmp/www";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pods_reach_each_other_and_services_with_their_own_address_and_a_service_reaches_its_own_pod()
    {
        await containerd.RequireAsync(Cancellation);
        await using var client = await TestPod.StartAsync(containerd, Cancellation);
        await using var server = await TestPod.StartAsync(containerd, Cancellation);
        var shell = await client.RunAsync("main", "sleep 1000");
        var inServer = await server.RunAsync("main", Server);
        var (clientIP, serverIP) = (await client.IPAsync(), await server.IPAsync());
        await Eventually.TrueAsync(async () => (await FetchAsync(shell, $"{serverIP}:8080")).Length > 0, cancellation: Cancellation);

        Assert.Equal(clientIP, await FetchAsync(shell, $"{serverIP}:8080"));

        // A service as the proxy makes it: the address is nobody's, the packet's destination is changed, and the answer's source back.
        var table = $"coxswain-{containerd.Instance.Id}-test";
        var service = "10.255." + containerd.Instance.PodCidr.Split('.')[2] + ".1";
        await HostCommand.GetOutputAsync("nft", ["-f", "-"], $$"""
            table ip {{table}} {
                chain prerouting { type nat hook prerouting priority dstnat; ip daddr {{service}} tcp dport 80 dnat to {{serverIP}}:8080; }
                chain postrouting { type nat hook postrouting priority srcnat; ip saddr {{serverIP}} ip daddr {{serverIP}} masquerade; }
            }
            """, Cancellation);
        try
        {
            Assert.Equal(clientIP, await FetchAsync(shell, $"{service}:80"));
            Assert.NotEqual("", await FetchAsync(inServer, $"{service}:80"));
        }
        finally
        {
            await HostCommand.GetOutputAsync("nft", ["delete", "table", "ip", table], null, CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_host_port_leads_to_its_pod_from_the_node_and_closes_with_it()
    {
        await containerd.RequireAsync(Cancellation);
        var runtime = containerd.Runtime;
        var node = NodeAddress();
        Assert.SkipWhen(node is null, "the machine has no address but 127.0.0.1");
        var pod = await TestPod.StartAsync(containerd, runtime, [new(PortProtocol.Tcp, 8080, 38080, "")], Cancellation);
        await using (pod)
        {
            await pod.RunAsync("main", Server);

            await Eventually.TrueAsync(async () => await ConnectsAsync(node!, 38080), cancellation: Cancellation);
            using var client = new HttpClient(new SocketsHttpHandler());
            Assert.NotEqual("", Caller(await client.GetStringAsync(new Uri($"http://{node}:38080/cgi-bin/who"), Cancellation)));

            // Another process of ours would find them in the sandboxes.
            using var later = new HostPorts(containerd.Instance.HostPortTable);
            await later.SyncAsync(runtime, Cancellation);
            Assert.True(later.Has(pod.SandboxId));
        }

        Assert.False(await ConnectsAsync(node!, 38080));
        var tables = await HostCommand.GetOutputAsync("nft", ["list", "tables"], null, Cancellation);
        Assert.DoesNotContain(containerd.Instance.HostPortTable, tables, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_leaves_the_cluster_under_the_nodes_address()
    {
        await containerd.RequireAsync(Cancellation);
        // A neighbour of the node that knows no way to pods.
        var name = "cxt" + containerd.Instance.Id;
        var net = "198.18." + containerd.Instance.PodCidr.Split('.')[2];
        await RunAsync("ip", "netns", "add", name);
        try
        {
            await RunAsync("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name);
            await RunAsync("ip", "addr", "add", net + ".1/24", "dev", name);
            await RunAsync("ip", "link", "set", name, "up");
            await RunAsync("ip", "-n", name, "addr", "add", net + ".2/24", "dev", "eth0");
            await RunAsync("ip", "-n", name, "link", "set", "eth0", "up");
            var www = Path.Combine(containerd.Instance.DataDir, "www");
            Directory.CreateDirectory(Path.Combine(www, "cgi-bin"));
            var script = Path.Combine(www, "cgi-bin", "who");
            await File.WriteAllTextAsync(script, "#!/bin/sh\necho; echo from $REMOTE_ADDR\n", Cancellation);
            File.SetUnixFileMode(script, (UnixFileMode)0b111_101_101);
            using var server = System.Diagnostics.Process.Start("nsenter",
                ["--net=/run/netns/" + name, ContainerdFixture.FindBusybox()!, "httpd", "-f", "-p", "8080", "-h", www]);
            try
            {
                await using var pod = await TestPod.StartAsync(containerd, Cancellation);
                var shell = await pod.RunAsync("main", "sleep 1000");
                await Eventually.TrueAsync(async () => (await FetchAsync(shell, net + ".2:8080")).Length > 0, cancellation: Cancellation);

                Assert.Equal(net + ".1", await FetchAsync(shell, net + ".2:8080"));
            }
            finally
            {
                server.Kill();
                await server.WaitForExitAsync(CancellationToken.None);
            }
        }
        finally
        {
            await HostCommand.RunAsync("ip", ["netns", "del", name], null, CancellationToken.None);
        }
    }

    [Fact]
    public void Host_ports_are_rendered_in_order_with_their_hairpins() =>
        Assert.Equal("""
            table ip t
            delete table ip t
            table ip t {
                chain ports {
                    udp dport 53 dnat to 10.0.0.2:5353
                    ip daddr 192.0.2.1 tcp dport 80 dnat to 10.0.0.3:8080
                }
                chain prerouting {
                    type nat hook prerouting priority dstnat; policy accept;
                    fib daddr type local jump ports
                }
                chain output {
                    type nat hook output priority -100; policy accept;
                    ip daddr != 127.0.0.0/8 fib daddr type local jump ports
                }
                chain postrouting {
                    type nat hook postrouting priority srcnat; policy accept;
                    ct status dnat ip saddr 10.0.0.2 ip daddr 10.0.0.2 masquerade
                    ct status dnat ip saddr 10.0.0.3 ip daddr 10.0.0.3 masquerade
                }
            }

            """, HostPortTable.Render("t",
            [new(PortProtocol.Tcp, "192.0.2.1", 80, "10.0.0.3", 8080), new(PortProtocol.Udp, "", 53, "10.0.0.2", 5353)]));

    [Fact]
    public void Host_ports_survive_being_written_into_a_sandbox()
    {
        var text = HostPort.Write([new(PortProtocol.Tcp, 8080, 80, "192.0.2.1"), new(PortProtocol.Udp, 53, 5353, "")]);

        Assert.Equal([new(PortProtocol.Tcp, "192.0.2.1", 80, "10.0.0.3", 8080), new(PortProtocol.Udp, "", 5353, "10.0.0.3", 53)],
            HostPort.Read(text, "10.0.0.3"));
    }

    // By nc: the static busybox' wget crashes in the C library's name resolution.
    private async Task<string> FetchAsync(string container, string address)
    {
        var target = address.Split(':');
        var result = await containerd.Runtime.ExecSyncAsync(container,
            ["sh", "-c", $"printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {target[0]} {target[1]}"], TimeSpan.FromSeconds(20), Cancellation);
        return Caller(Encoding.UTF8.GetString(result.Stdout.Span));
    }

    private static string Caller(string answer) => CallerAddress().Match(answer) is { Success: true } match ? match.Groups[1].Value : "";

    [GeneratedRegex(@"from \[?(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)")]
    private static partial Regex CallerAddress();

    private static string? NodeAddress() => System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
        .Where(i => i.NetworkInterfaceType != System.Net.NetworkInformation.NetworkInterfaceType.Loopback)
        .SelectMany(i => i.GetIPProperties().UnicastAddresses)
        .FirstOrDefault(a => a.Address.AddressFamily == AddressFamily.InterNetwork)?.Address.ToString();

    private static async Task<bool> ConnectsAsync(string address, int port)
    {
        using var client = new TcpClient();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await client.ConnectAsync(address, port, limit.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private static Task RunAsync(string program, params string[] arguments) => HostCommand.GetOutputAsync(program, arguments, null, Cancellation);
}
