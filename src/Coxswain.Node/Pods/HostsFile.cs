using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>Renders /etc/hosts of a pod. The first line tells tools that the file is managed, in upstream's words.</summary>
internal static class HostsFile
{
    public static string Render(IReadOnlyList<string> podIPs, string hostname, string domain, ApiList<HostAlias> aliases)
    {
        var text = new StringBuilder()
            .Append("# Kubernetes-managed hosts file.\n")
            .Append("127.0.0.1\tlocalhost\n")
            .Append("::1\tlocalhost ip6-localhost ip6-loopback\n")
            .Append("fe00::0\tip6-localnet\n")
            .Append("fe00::0\tip6-mcastprefix\n")
            .Append("fe00::1\tip6-allnodes\n")
            .Append("fe00::2\tip6-allrouters\n");
        foreach (var address in podIPs)
        {
            text.Append(address).Append('\t');
            if (domain.Length > 0)
                text.Append(hostname).Append('.').Append(domain).Append('\t');
            text.Append(hostname).Append('\n');
        }

        return Aliases(text, aliases).ToString();
    }

    /// <summary>For a pod in the host's network: the host's own file and the aliases.</summary>
    public static string RenderForHostNetwork(string hostFile, ApiList<HostAlias> aliases)
    {
        var text = new StringBuilder().Append("# Kubernetes-managed hosts file (host network).\n").Append(hostFile);
        return Aliases(text, aliases).ToString();
    }

    private static StringBuilder Aliases(StringBuilder text, ApiList<HostAlias> aliases)
    {
        if (aliases.Count == 0)
            return text;
        text.Append("\n# Entries added by HostAliases.\n");
        foreach (var alias in aliases)
            text.Append(alias.Ip).Append('\t').AppendJoin('\t', alias.Hostnames).Append('\n');
        return text;
    }
}

/// <summary>The host name of a pod, and its domain when it has a subdomain.</summary>
internal static class PodHostname
{
    private const int MaxLength = 63;

    public static (string Hostname, string Domain) Of(Pod pod, string clusterDomain)
    {
        if (pod.Spec.HostnameOverride is { Length: > 0 } fixedName)
            return (fixedName, "");
        var hostname = pod.Spec.Hostname.Length > 0 ? pod.Spec.Hostname : pod.Metadata.Name;
        if (hostname.Length > MaxLength)
            hostname = hostname[..MaxLength].TrimEnd('-', '.');
        var domain = pod.Spec.Subdomain.Length == 0
            ? ""
            : clusterDomain.Length == 0
                ? $"{pod.Spec.Subdomain}.{pod.Metadata.Namespace}.svc"
                : $"{pod.Spec.Subdomain}.{pod.Metadata.Namespace}.svc.{clusterDomain}";
        return (hostname, domain);
    }

    /// <summary>What <c>hostname</c> prints inside: with setHostnameAsFQDN the full name, if the kernel can hold it.</summary>
    public static string ForSandbox(Pod pod, string clusterDomain)
    {
        var (hostname, domain) = Of(pod, clusterDomain);
        return pod.Spec.SetHostnameAsFQDN == true && domain.Length > 0 && hostname.Length + 1 + domain.Length <= MaxLength + 1
            ? $"{hostname}.{domain}"
            : hostname;
    }
}
