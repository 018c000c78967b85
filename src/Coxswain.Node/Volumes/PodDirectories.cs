using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Volumes;

/// <summary>Where files of pods lie on the node: upstream's layout below a root of our own.</summary>
internal sealed class PodDirectories(string root)
{
    public string Pods => Path.Combine(root, "pods");

    public string SeccompProfiles => Path.Combine(root, "seccomp");

    public string Pod(string uid) => Path.Combine(Pods, uid);

    public string HostsFile(string uid) => Path.Combine(Pod(uid), "etc-hosts");

    public string Volume(string uid, string plugin, string name) => Path.Combine(Pod(uid), "volumes", "kubernetes.io~" + plugin, name);

    public string SubPath(string uid, string volume, string container, int index) =>
        Path.Combine(Pod(uid), "volume-subpaths", volume, container, index.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public string Container(string uid, string name) => Path.Combine(Pod(uid), "containers", name);

    public void Create(Pod pod)
    {
        const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;
        Directory.CreateDirectory(Pod(pod.Metadata.Uid), mode);
        Directory.CreateDirectory(Path.Combine(Pod(pod.Metadata.Uid), "volumes"), mode);
        Directory.CreateDirectory(Path.Combine(Pod(pod.Metadata.Uid), "containers"), mode);
    }

    /// <summary>Uids of pods that have files here.</summary>
    public IReadOnlyList<string> Uids() =>
        Directory.Exists(Pods) ? [.. Directory.EnumerateDirectories(Pods).Select(folder => Path.GetFileName(folder)!)] : [];
}
