using System.Text;
using Coxswain.Node.Host;
using Coxswain.Node.Images;

namespace Coxswain.Node.Containerd;

/// <summary>Writes the configuration of an instance's private containerd. Pure: the same input, the same text.</summary>
internal static class ContainerdConfig
{
    public static string Render(NodeInstance instance, ContainerdBinaries binaries, HostFeatures features) => $"""
        # Written by coxswain at each start; changes made here are lost.
        version = 2
        root = {Quote(instance.ContainerdRoot)}
        state = {Quote(instance.ContainerdState)}
        # Not needed for pods, or probing for hardware and file systems that are not ours to touch.
        disabled_plugins = [
          "io.containerd.internal.v1.restart",
          "io.containerd.snapshotter.v1.aufs",
          "io.containerd.snapshotter.v1.btrfs",
          "io.containerd.snapshotter.v1.devmapper",
          "io.containerd.snapshotter.v1.zfs",
        ]

        [grpc]
          address = {Quote(instance.ContainerdSocket)}

        [plugins."io.containerd.internal.v1.opt"]
          path = {Quote(Path.Combine(instance.ContainerdRoot, "opt"))}

        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = {Quote(PauseImage.Reference)}
          stream_server_address = "127.0.0.1"
          stream_server_port = "0"
          # Without CAP_SYS_RESOURCE the runtime cannot lower oom_score_adj, and each sandbox would fail for trying.
          restrict_oom_score_adj = {Bool(features.RestrictOomScoreAdj)}
          # The default, /var/run/netns, is everybody's.
          netns_mounts_under_state_dir = true
          tolerate_missing_hugetlb_controller = true

          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = {Quote(binaries.CniDir)}
            conf_dir = {Quote(instance.CniConfDir)}

          [plugins."io.containerd.grpc.v1.cri".registry]
            config_path = "/etc/containerd/certs.d"

          [plugins."io.containerd.grpc.v1.cri".containerd]
            snapshotter = {Quote(Snapshotter(features))}
            default_runtime_name = "runc"

            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
              runtime_type = "io.containerd.runc.v2"

              [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
                BinaryName = {Quote(binaries.Runc)}
                Root = {Quote(instance.RuncRoot)}
                SystemdCgroup = {Bool(features.SystemdCgroup)}

        """;

    public static string Snapshotter(HostFeatures features) => features.Overlay ? "overlayfs" : "native";

    private static string Bool(bool value) => value ? "true" : "false";

    /// <summary>A TOML basic string (TOML 1.0, "String").</summary>
    internal static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (c < ' ' || c == '\x7f')
                quoted.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }
}
