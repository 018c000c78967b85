using Coxswain.Node.Containerd;
using Coxswain.Node.Host;
using Coxswain.Node.Network;

namespace Coxswain.Node.Tests.Containerd;

public sealed class ContainerdConfigTests
{
    private static readonly ContainerdBinaries Binaries = new("/usr/bin/containerd", "/usr/bin/ctr", "/usr/sbin/runc", "/usr/lib/cni");

    [Fact]
    public void The_configuration_keeps_everything_under_the_instances_folders()
    {
        var text = ContainerdConfig.Render(NodeInstance.ForDataDir("/var/lib/coxswain"), Binaries, new(false, false, true, true));

        Assert.Equal("""
            # Written by coxswain at each start; changes made here are lost.
            version = 2
            root = "/var/lib/coxswain/node/containerd"
            state = "/run/coxswain/1601f7e4/state"
            # Not needed for pods, or probing for hardware and file systems that are not ours to touch.
            disabled_plugins = [
              "io.containerd.internal.v1.restart",
              "io.containerd.snapshotter.v1.aufs",
              "io.containerd.snapshotter.v1.btrfs",
              "io.containerd.snapshotter.v1.devmapper",
              "io.containerd.snapshotter.v1.zfs",
            ]

            [grpc]
              address = "/run/coxswain/1601f7e4/containerd.sock"

            [plugins."io.containerd.internal.v1.opt"]
              path = "/var/lib/coxswain/node/containerd/opt"

            [plugins."io.containerd.grpc.v1.cri"]
              sandbox_image = "coxswain.local/pause:1"
              stream_server_address = "127.0.0.1"
              stream_server_port = "0"
              # Without CAP_SYS_RESOURCE the runtime cannot lower oom_score_adj, and each sandbox would fail for trying.
              restrict_oom_score_adj = true
              # The default, /var/run/netns, is everybody's.
              netns_mounts_under_state_dir = true
              tolerate_missing_hugetlb_controller = true

              [plugins."io.containerd.grpc.v1.cri".cni]
                bin_dir = "/usr/lib/cni"
                conf_dir = "/var/lib/coxswain/node/cni/net.d"

              [plugins."io.containerd.grpc.v1.cri".registry]
                config_path = "/etc/containerd/certs.d"

              [plugins."io.containerd.grpc.v1.cri".containerd]
                snapshotter = "overlayfs"
                default_runtime_name = "runc"

                [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
                  runtime_type = "io.containerd.runc.v2"

                  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
                    BinaryName = "/usr/sbin/runc"
                    Root = "/run/coxswain/1601f7e4/runc"
                    SystemdCgroup = false

            """, text);
    }

    [Fact]
    public void The_hosts_features_decide_cgroup_driver_and_snapshotter()
    {
        var text = ContainerdConfig.Render(NodeInstance.ForDataDir("/data"), Binaries, new(true, true, false, false));

        Assert.Contains("SystemdCgroup = true", text, StringComparison.Ordinal);
        Assert.Contains("snapshotter = \"native\"", text, StringComparison.Ordinal);
        Assert.Contains("restrict_oom_score_adj = false", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_with_quotes_stays_one_string() =>
        Assert.Equal("\"/a \\\"b\\\" \\\\c\\u000a\"", ContainerdConfig.Quote("/a \"b\" \\c\n"));

    [Fact]
    public void Instances_of_different_folders_share_nothing()
    {
        var one = NodeInstance.ForDataDir("/var/lib/coxswain");
        var same = NodeInstance.ForDataDir("/var/lib/../lib/coxswain/");
        var two = NodeInstance.ForDataDir("/home/u/cluster");

        Assert.Equal(one, same);
        Assert.Equal("10.244.0.0/24", one.PodCidr);
        Assert.Matches(@"^10\.(12[89]|1[3-9]\d|2[0-3]\d)\.\d+\.0/24$", two.PodCidr);
        Assert.NotEqual(one.PodCidr, two.PodCidr);
        Assert.Empty(Names(one).Intersect(Names(two)));
        Assert.True(two.ContainerdSocket.Length < 60, two.ContainerdSocket);
    }

    [Fact]
    public void What_is_missing_is_said_with_the_packages_to_install()
    {
        var none = Assert.Throws<NodePrerequisiteException>(() => ContainerdBinaries.Find(_ => null, ["/nonexistent"]));
        var only = Assert.Throws<NodePrerequisiteException>(() => ContainerdBinaries.Find(p => p == "runc" ? null : "/bin/" + p, ["/nonexistent"]));

        Assert.Contains("apt-get install containerd runc nftables iproute2 mount util-linux containernetworking-plugins", none.Message, StringComparison.Ordinal);
        Assert.Equal("Missing on this machine: runc, the CNI plug-ins ptp, host-local, loopback; install with: apt-get install runc containernetworking-plugins",
            only.Message);
    }

    [Fact]
    public void Containerd_is_a_unit_of_its_own_under_systemd_and_a_session_of_its_own_elsewhere()
    {
        var instance = NodeInstance.ForDataDir("/var/lib/coxswain");
        var (run, unit) = ContainerdLaunch.Unit(instance, "/usr/bin/containerd");
        var (setsid, detached) = ContainerdLaunch.Detached(instance, "/usr/bin/containerd");

        Assert.Equal(("systemd-run", "setsid"), (run, setsid));
        Assert.Contains("coxswain1601f7e4-containerd", unit);
        Assert.Contains("KillMode=process", unit);
        Assert.Contains("TasksMax=infinity", unit);
        Assert.Equal("--fork", detached[0]);
        Assert.Equal(
            ["/run/coxswain/1601f7e4/containerd.pid", "/usr/bin/containerd", "/var/lib/coxswain/node/containerd.toml", "/var/lib/coxswain/node/containerd.log"],
            detached.Skip(5));
        Assert.Equal(detached.Skip(1), unit.TakeLast(detached.Count - 1));
    }

    [Fact]
    public void A_firewall_that_drops_forwarded_packets_is_found() =>
        Assert.Equal(["ip filter FORWARD"], ForwardPolicy.FindDropping("""
            table ip filter {
            	chain INPUT {
            		type filter hook input priority filter; policy drop;
            	}
            	chain FORWARD {
            		type filter hook forward priority filter; policy drop;
            	}
            	chain DOCKER {
            	}
            }
            table ip6 filter {
            	chain FORWARD {
            		type filter hook forward priority filter; policy drop;
            	}
            }
            table ip ours {
            	chain forward {
            		type filter hook forward priority filter; policy accept;
            	}
            }
            """));

    [Fact]
    public void The_pod_network_is_routed_pairs_with_addresses_of_the_node() =>
        Assert.Equal("""
            {
              "cniVersion": "0.4.0",
              "name": "coxswain-1",
              "plugins": [
                {
                  "type": "ptp",
                  "ipMasq": false,
                  "ipam": {
                    "type": "host-local",
                    "dataDir": "/data/ipam",
                    "ranges": [
                      [
                        {
                          "subnet": "10.244.0.0/24"
                        }
                      ]
                    ],
                    "routes": [
                      {
                        "dst": "0.0.0.0/0"
                      }
                    ]
                  }
                }
              ]
            }

            """, CniConfig.Render("coxswain-1", "10.244.0.0/24", "/data/ipam"));

    [Fact]
    public void Pods_leave_the_cluster_under_the_nodes_address() =>
        Assert.Equal("""
            table ip t
            delete table ip t
            table ip t {
                chain postrouting {
                    type nat hook postrouting priority srcnat; policy accept;
                    ip saddr 10.244.1.0/24 ip daddr != 10.244.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random
                }
                chain forward {
                    type filter hook forward priority filter; policy accept;
                    ct state invalid ip saddr 10.244.1.0/24 drop
                    ip saddr 10.244.1.0/24 accept
                    ip daddr 10.244.1.0/24 accept
                }
            }

            """, PodNetworkTable.Render("t", "10.244.1.0/24", "10.244.0.0/16"));

    private static string[] Names(NodeInstance i) =>
        [i.Id, i.RunDir, i.NodeDir, i.ContainerdSocket, i.CniNetworkName, i.PodNetworkTable, i.CgroupParent, i.SystemdSlice, i.PodCidr];
}
