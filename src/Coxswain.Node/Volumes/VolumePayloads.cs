using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;

namespace Coxswain.Node.Volumes;

/// <summary>Makes the files of the volumes that show objects of the API: configMap, secret, downwardAPI and projected.</summary>
internal sealed class VolumePayloads(IConfigSource config, ServiceAccountTokenSource tokens)
{
    private const int DefaultMode = 0x1A4; // 0644
    private const int PrivateMode = 0x180; // 0600

    public async Task<Dictionary<string, ProjectedFile>> ConfigMapAsync(
        Pod pod, string name, ApiList<KeyToPath> items, int mode, bool optional, CancellationToken cancellation)
    {
        var map = await config.FindConfigMapAsync(new(pod.Metadata.Namespace, name), cancellation);
        if (map is null && !optional)
            throw new VolumeException($"configmap \"{name}\" not found");

        var all = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        foreach (var (key, value) in map?.Data ?? default)
            all[key] = Encoding.UTF8.GetBytes(value);
        foreach (var (key, value) in map?.BinaryData ?? default)
            all[key] = value.Memory;
        return Choose(all, items, mode, optional, "configmap");
    }

    public async Task<Dictionary<string, ProjectedFile>> SecretAsync(
        Pod pod, string name, ApiList<KeyToPath> items, int mode, bool optional, CancellationToken cancellation)
    {
        var secret = await config.FindSecretAsync(new(pod.Metadata.Namespace, name), cancellation);
        if (secret is null && !optional)
            throw new VolumeException($"secret \"{name}\" not found");

        var all = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        foreach (var (key, value) in secret?.Data ?? default)
            all[key] = value.Memory;
        return Choose(all, items, mode, optional, "secret");
    }

    public static Dictionary<string, ProjectedFile> Downward(
        Pod pod, ApiList<DownwardAPIVolumeFile> items, int mode, NodeContext node, IReadOnlyList<string> podIPs)
    {
        var files = new Dictionary<string, ProjectedFile>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            string value;
            try
            {
                value = item.FieldRef is { } field
                    ? DownwardFields.Field(pod, field.FieldPath, new() { HostIPs = node.HostIPs, PodIPs = podIPs })
                    : item.ResourceFieldRef is { } resource
                        ? DownwardFields.Resource(pod, null, resource, node.Allocatable)
                        : "";
            }
            catch (FormatException problem)
            {
                throw new VolumeException(problem.Message);
            }

            files[Normalize(item.Path)] = new(Encoding.UTF8.GetBytes(value), item.Mode ?? mode);
        }

        return files;
    }

    public async Task<Dictionary<string, ProjectedFile>> ProjectedAsync(
        Pod pod, ProjectedVolumeSource source, NodeContext node, IReadOnlyList<string> podIPs, CancellationToken cancellation)
    {
        var mode = source.DefaultMode ?? DefaultMode;
        var files = new Dictionary<string, ProjectedFile>(StringComparer.Ordinal);
        foreach (var part in source.Sources)
        {
            var more = part switch
            {
                { Secret: { } secret } => await SecretAsync(pod, secret.Name, secret.Items, mode, secret.Optional == true, cancellation),
                { ConfigMap: { } map } => await ConfigMapAsync(pod, map.Name, map.Items, mode, map.Optional == true, cancellation),
                { DownwardAPI: { } downward } => Downward(pod, downward.Items, mode, node, podIPs),
                { ServiceAccountToken: { } token } => await TokenAsync(pod, token, mode, cancellation),
                { ClusterTrustBundle: { Optional: true } } => [],
                { ClusterTrustBundle: not null } => throw new VolumeException("this node cannot project cluster trust bundles"),
                { PodCertificate: not null } => throw new VolumeException("this node cannot project pod certificates"),
                _ => [],
            };
            foreach (var (path, file) in more)
                files[path] = file;
        }

        return files;
    }

    public static int ModeOr(int? mode) => mode ?? DefaultMode;

    private async Task<Dictionary<string, ProjectedFile>> TokenAsync(
        Pod pod, ServiceAccountTokenProjection source, int mode, CancellationToken cancellation)
    {
        var token = await tokens.GetAsync(pod, source.Audience, source.ExpirationSeconds ?? 3600, cancellation);
        var owner = CommonUser(pod);
        // A token that one user or group is to read is hidden from the others.
        var privately = owner is not null || pod.Spec.SecurityContext?.FsGroup is not null;
        return new(StringComparer.Ordinal)
        {
            [Normalize(source.Path)] = new(Encoding.UTF8.GetBytes(token), privately ? PrivateMode : mode, owner),
        };
    }

    /// <summary>The user that all containers run as, if they state the same one.</summary>
    private static long? CommonUser(Pod pod)
    {
        var users = PodContainers.All(pod)
            .Select(c => c.Container.SecurityContext?.RunAsUser ?? pod.Spec.SecurityContext?.RunAsUser)
            .Distinct()
            .ToArray();
        return users.Length == 1 ? users[0] : null;
    }

    private static Dictionary<string, ProjectedFile> Choose(
        Dictionary<string, ReadOnlyMemory<byte>> all, ApiList<KeyToPath> items, int mode, bool optional, string what)
    {
        var files = new Dictionary<string, ProjectedFile>(StringComparer.Ordinal);
        if (items.Count == 0)
        {
            foreach (var (key, content) in all)
                files[key] = new(content, mode);
            return files;
        }

        foreach (var item in items)
        {
            if (all.TryGetValue(item.Key, out var content))
                files[Normalize(item.Path)] = new(content, item.Mode ?? mode);
            else if (!optional)
                throw new VolumeException($"{what} references non-existent {what} key: {item.Key}");
        }

        return files;
    }

    private static string Normalize(string path) => string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."));
}
