using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission;

/// <summary>Every pod has a service account, and mounts its token unless that is declined.</summary>
internal sealed class ServiceAccountAdmission(IClusterView cluster, TimeProvider clock) : IAdmissionPlugin
{
    private const string MirrorPod = "kubernetes.io/config.mirror";
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string VolumePrefix = "kube-api-access-";

    // Tokens are renewed before their hour is over; the seconds tell these volumes from those of users.
    private const long TokenSeconds = 3607;
    private const int Attempts = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public string Name => "ServiceAccount";

    public bool Handles(AdmissionContext context) => context.IsCreate && context.Is("", "pods");

    public async ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not Pod pod)
            return o;
        if (pod.Metadata.Annotations.ContainsKey(MirrorPod))
        {
            MirrorPodOnly(context, pod);
            return pod;
        }

        var name = pod.Spec.ServiceAccountName.Length > 0 ? pod.Spec.ServiceAccountName : "default";
        var account = await FindAsync(new NamespacedName(context.Namespace, name), cancellation)
            ?? throw context.Forbidden(o, $"error looking up service account {context.Namespace}/{name}: serviceaccount {GoText.Quote(name)} not found");
        var spec = pod.Spec with { ServiceAccountName = name, ServiceAccount = name };
        if (spec.AutomountServiceAccountToken ?? account.AutomountServiceAccountToken ?? true)
            spec = MountToken(spec);
        if (spec.ImagePullSecrets.Count == 0)
            spec = spec with { ImagePullSecrets = account.ImagePullSecrets };
        return pod with { Spec = spec };
    }

    public ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is Pod pod && pod.Metadata.Annotations.ContainsKey(MirrorPod))
            MirrorPodOnly(context, pod);
        return default;
    }

    private static void MirrorPodOnly(AdmissionContext context, Pod pod)
    {
        if (pod.Spec.ServiceAccountName.Length > 0)
            throw context.Forbidden(pod, "a mirror pod may not reference service accounts");
        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.Secret is not null)
                throw context.Forbidden(pod, "a mirror pod may not reference secrets");
            if (volume.Projected is not { } projected)
                continue;
            foreach (var source in projected.Sources)
                if (source.ServiceAccountToken is not null)
                    throw context.Forbidden(pod, "a mirror pod may not use ServiceAccountToken volume projections");
        }
    }

    private async ValueTask<ServiceAccount?> FindAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (cluster.Find<ServiceAccount>(name) is { } cached)
            return cached;
        // A new namespace's default account is made by a controller: it may be on its way.
        for (var attempt = 1; ; attempt++)
        {
            if (await cluster.GetAsync<ServiceAccount>(name, cancellation) is { } account)
                return account;
            if (name.Name != "default" || attempt == Attempts)
                return null;
            await Task.Delay(Pause, clock, cancellation);
        }
    }

    private static PodSpec MountToken(PodSpec spec)
    {
        string? volume = null;
        foreach (var existing in spec.Volumes)
            if (existing.Name.StartsWith(VolumePrefix, StringComparison.Ordinal))
            {
                volume = existing.Name;
                break;
            }

        var exists = volume is not null;
        volume ??= ObjectMetaRules.GenerateName(VolumePrefix);
        var mount = new VolumeMount { Name = volume, ReadOnly = true, MountPath = MountPath };
        var init = Mounted(spec.InitContainers, mount);
        var containers = Mounted(spec.Containers, mount);
        var needed = !ReferenceEqualsAll(init, spec.InitContainers) || !ReferenceEqualsAll(containers, spec.Containers);
        spec = spec with { InitContainers = init, Containers = containers };
        return exists || !needed ? spec : spec with { Volumes = spec.Volumes.Add(TokenVolume(volume)) };
    }

    private static bool ReferenceEqualsAll(ApiList<Container> a, ApiList<Container> b)
    {
        for (var i = 0; i < a.Count; i++)
            if (!ReferenceEquals(a[i], b[i]))
                return false;
        return true;
    }

    private static ApiList<Container> Mounted(ApiList<Container> containers, VolumeMount mount)
    {
        for (var i = 0; i < containers.Count; i++)
        {
            var taken = false;
            foreach (var existing in containers[i].VolumeMounts)
                taken |= existing.MountPath == MountPath;
            if (!taken)
                containers = containers.SetItem(i, containers[i] with { VolumeMounts = containers[i].VolumeMounts.Add(mount) });
        }

        return containers;
    }

    private static readonly ProjectedVolumeSource TokenSource = new()
    {
        DefaultMode = 420,
        Sources =
        [
            new VolumeProjection { ServiceAccountToken = new ServiceAccountTokenProjection { Path = "token", ExpirationSeconds = TokenSeconds } },
            new VolumeProjection
            {
                ConfigMap = new ConfigMapProjection { Name = "kube-root-ca.crt", Items = [new KeyToPath { Key = "ca.crt", Path = "ca.crt" }] },
            },
            new VolumeProjection
            {
                DownwardAPI = new DownwardAPIProjection
                {
                    Items =
                    [
                        new DownwardAPIVolumeFile
                        {
                            Path = "namespace",
                            FieldRef = new ObjectFieldSelector { ApiVersion = "v1", FieldPath = "metadata.namespace" },
                        },
                    ],
                },
            },
        ],
    };

    private static Volume TokenVolume(string name) => new() { Name = name, Projected = TokenSource };
}
