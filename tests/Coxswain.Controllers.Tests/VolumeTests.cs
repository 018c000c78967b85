using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Storage.V1;

namespace Coxswain.Controllers.Tests;

/// <summary>Claims find volumes, volumes are attached, and nothing is given away twice.</summary>
public sealed class VolumeTests
{
    private const string Binder = "persistentvolume-binder-controller";
    private const string Attacher = "persistentvolume-attach-detach-controller";

    internal static PersistentVolume Volume(string name, string size = "1Gi", string storageClass = "", string policy = "Retain", params string[] modes) => new()
    {
        Metadata = new() { Name = name },
        Spec = new()
        {
            Capacity = ApiMap.Of("storage", Quantity.Parse(size)),
            AccessModes = (modes.Length == 0 ? ["ReadWriteOnce"] : modes).ToApiList(),
            StorageClassName = storageClass,
            PersistentVolumeReclaimPolicy = policy,
            Csi = new() { Driver = "csi.example.com", VolumeHandle = "handle-" + name },
        },
    };

    internal static PersistentVolumeClaim Claim(string name, string size = "1Gi", string? storageClass = "", string volume = "") => new()
    {
        Metadata = new() { Namespace = "default", Name = name },
        Spec = new()
        {
            AccessModes = ["ReadWriteOnce"], StorageClassName = storageClass, VolumeName = volume,
            Resources = new() { Requests = ApiMap.Of("storage", Quantity.Parse(size)) },
        },
    };

    internal static StorageClass Class(string name, bool waits = false, string provisioner = "csi.example.com", bool isDefault = false) => new()
    {
        Metadata = new()
        {
            Name = name,
            Annotations = isDefault ? ApiMap.Of("storageclass.kubernetes.io/is-default-class", "true") : default,
        },
        Provisioner = provisioner,
        VolumeBindingMode = waits ? "WaitForFirstConsumer" : "Immediate",
    };

    internal static Pod PodWith(string name, string claim, string node = "") => new()
    {
        Metadata = new() { Namespace = "default", Name = name },
        Spec = new()
        {
            NodeName = node,
            Containers = [new() { Name = "main", Image = "busybox" }],
            Volumes = [new() { Name = "data", PersistentVolumeClaim = new() { ClaimName = claim } }],
        },
    };

    [Fact]
    public async Task A_claim_gets_the_smallest_volume_that_is_large_enough_and_both_say_so()
    {
        await using var bed = await Bed.StartAsync(Binder);
        await bed.CreateAsync(Volume("large", "10Gi"));
        await bed.CreateAsync(Volume("fits", "2Gi"));
        await bed.CreateAsync(Volume("small", "1Gi"));
        await bed.CreateAsync(Volume("other-class", "2Gi", "fast"));
        await bed.SettleAsync();
        Assert.All(bed.Api.All<PersistentVolume>(), v => Assert.Equal("Available", v.Status.Phase));

        await bed.CreateAsync(Claim("data", "1500Mi"));
        await bed.SettleAsync();

        var (claim, volume) = (bed.Get<PersistentVolumeClaim>("data"), bed.Get<PersistentVolume>("fits"));
        Assert.Equal(("Bound", "fits", "2Gi"), (claim.Status.Phase, claim.Spec.VolumeName, claim.Status.Capacity["storage"].ToString()));
        Assert.Equal(["ReadWriteOnce"], claim.Status.AccessModes);
        Assert.Equal(("yes", "yes"), (claim.Metadata.Annotations["pv.kubernetes.io/bind-completed"], claim.Metadata.Annotations["pv.kubernetes.io/bound-by-controller"]));
        Assert.Equal(("Bound", claim.Metadata.Uid, "yes"), (volume.Status.Phase, volume.Spec.ClaimRef!.Uid, volume.Metadata.Annotations["pv.kubernetes.io/bound-by-controller"]));
    }

    [Fact]
    public async Task A_claim_without_a_volume_waits_says_why_and_is_bound_when_one_comes()
    {
        await using var bed = await Bed.StartAsync(Binder);
        await bed.CreateAsync(Claim("data"));
        await bed.SettleAsync();
        Assert.Equal("Pending", bed.Get<PersistentVolumeClaim>("data").Status.Phase);
        await bed.ToldAsync("FailedBinding", "no persistent volumes available for this claim and no storage class is set");

        await bed.CreateAsync(Volume("late"));
        await bed.SettleAsync();
        Assert.Equal("Bound", bed.Get<PersistentVolumeClaim>("data").Status.Phase);
    }

    [Fact]
    public async Task Selectors_modes_and_reservations_are_kept_to()
    {
        await using var bed = await Bed.StartAsync(Binder);
        await bed.CreateAsync(Volume("block") with { Spec = Volume("block").Spec with { VolumeMode = "Block" } });
        await bed.CreateAsync(Volume("readonly", modes: "ReadOnlyMany"));
        await bed.CreateAsync(Volume("reserved") with { Spec = Volume("reserved").Spec with { ClaimRef = new() { Namespace = "default", Name = "mine" } } });
        var labelled = Volume("labelled", "5Gi");
        await bed.CreateAsync(labelled with { Metadata = labelled.Metadata with { Labels = ApiMap.Of("disk", "ssd") } });
        await bed.CreateAsync(Claim("other"));
        await bed.CreateAsync(Claim("picky") with { Spec = Claim("picky").Spec with { Selector = new() { MatchLabels = ApiMap.Of("disk", "hdd") } } });
        await bed.CreateAsync(Claim("mine"));
        await bed.SettleAsync();

        Assert.Equal("labelled", bed.Get<PersistentVolumeClaim>("other").Spec.VolumeName);
        Assert.Equal("Pending", bed.Get<PersistentVolumeClaim>("picky").Status.Phase);
        Assert.Equal("reserved", bed.Get<PersistentVolumeClaim>("mine").Spec.VolumeName);
        // What the user wrote is not ours to take away.
        Assert.False(bed.Get<PersistentVolume>("reserved").Metadata.Annotations.ContainsKey("pv.kubernetes.io/bound-by-controller"));
    }

    [Fact]
    public async Task A_claim_that_names_its_volume_gets_it_or_is_told_why_not()
    {
        await using var bed = await Bed.StartAsync(Binder);
        await bed.CreateAsync(Volume("named", "1Gi"));
        await bed.CreateAsync(Claim("too-large", "2Gi", volume: "named"));
        await bed.SettleAsync();
        Assert.Equal("Pending", bed.Get<PersistentVolumeClaim>("too-large").Status.Phase);
        await bed.ToldAsync("VolumeMismatch", "Cannot bind to requested volume \"named\": requested PV is too small");

        await bed.CreateAsync(Claim("fits", volume: "named"));
        await bed.SettleAsync();
        Assert.Equal("Bound", bed.Get<PersistentVolumeClaim>("fits").Status.Phase);
        Assert.False(bed.Get<PersistentVolumeClaim>("fits").Metadata.Annotations.ContainsKey("pv.kubernetes.io/bound-by-controller"));

        await bed.CreateAsync(Claim("late", volume: "named"));
        await bed.SettleAsync();
        await bed.ToldAsync("FailedBinding", "volume \"named\" already bound to a different claim.");
    }

    [Fact]
    public async Task The_provisioner_of_the_class_is_asked_by_annotation()
    {
        await using var bed = await Bed.StartAsync(Binder);
        await bed.CreateAsync(Class("standard", isDefault: true));
        await bed.CreateAsync(Claim("data", storageClass: null));
        await bed.SettleAsync();

        var claim = bed.Get<PersistentVolumeClaim>("data");
        Assert.Equal(("standard", "csi.example.com", "csi.example.com", "Pending"), (claim.Spec.StorageClassName,
            claim.Metadata.Annotations["volume.kubernetes.io/storage-provisioner"], claim.Metadata.Annotations["volume.beta.kubernetes.io/storage-provisioner"], claim.Status.Phase));
        await bed.ToldAsync("ExternalProvisioning", "Waiting for a volume to be created either by the external provisioner 'csi.example.com'");

        // What the provisioner does: a volume for this very claim.
        var made = Volume("pvc-1", storageClass: "standard", policy: "Delete");
        await bed.CreateAsync(made with
        {
            Metadata = made.Metadata with { Annotations = ApiMap.Of("pv.kubernetes.io/provisioned-by", "csi.example.com") },
            Spec = made.Spec with { ClaimRef = VolumeFacts.ReferenceTo(claim) },
        });
        await bed.SettleAsync();
        Assert.Equal(("Bound", "pvc-1"), (bed.Get<PersistentVolumeClaim>("data").Status.Phase, bed.Get<PersistentVolumeClaim>("data").Spec.VolumeName));

        // Released, it is the provisioner's to delete.
        await bed.Api.DeleteAsync<PersistentVolumeClaim>(new("default", "data"), null, Bed.Cancellation);
        await bed.SettleAsync();
        Assert.Equal("Released", bed.Get<PersistentVolume>("pvc-1").Status.Phase);
    }

    [Fact]
    public async Task A_class_that_waits_for_its_consumer_is_bound_only_when_the_scheduler_has_chosen()
    {
        await using var bed = await Bed.StartAsync(Binder);
        await bed.CreateAsync(Class("local", waits: true));
        await bed.CreateAsync(Volume("free", storageClass: "local"));
        await bed.CreateAsync(Claim("data", storageClass: "local"));
        await bed.SettleAsync();
        Assert.Equal("", bed.Get<PersistentVolumeClaim>("data").Spec.VolumeName);
        await bed.ToldAsync("WaitForFirstConsumer", "waiting for first consumer to be created before binding");

        await bed.CreateAsync(PodWith("user", "data"));
        await bed.PassAsync(TimeSpan.FromSeconds(20));
        await bed.ToldAsync("WaitForPodScheduled", "waiting for pod user to be scheduled");

        // The scheduler takes a volume for the claim.
        var claim = bed.Get<PersistentVolumeClaim>("data");
        bed.Api.Change<PersistentVolume>(new("", "free"), v => v with { Spec = v.Spec with { ClaimRef = VolumeFacts.ReferenceTo(claim) } });
        await bed.SettleAsync();
        Assert.Equal("Bound", bed.Get<PersistentVolumeClaim>("data").Status.Phase);
    }

    [Fact]
    public async Task A_chosen_node_lets_the_provisioner_begin_and_a_class_that_does_not_exist_is_told()
    {
        await using var bed = await Bed.StartAsync(Binder);
        await bed.CreateAsync(Class("waits", waits: true));
        var claim = Claim("chosen", storageClass: "waits");
        await bed.CreateAsync(claim with { Metadata = claim.Metadata with { Annotations = ApiMap.Of("volume.kubernetes.io/selected-node", "node-1") } });
        await bed.CreateAsync(Claim("lost", storageClass: "nowhere"));
        await bed.SettleAsync();

        Assert.Equal("csi.example.com", bed.Get<PersistentVolumeClaim>("chosen").Metadata.Annotations["volume.kubernetes.io/storage-provisioner"]);
        await bed.ToldAsync("ProvisioningFailed", "storageclass.storage.k8s.io \"nowhere\" not found");
        Assert.Equal("Pending", bed.Get<PersistentVolumeClaim>("lost").Status.Phase);
    }

    [Fact]
    public async Task When_the_claim_goes_the_policy_says_what_becomes_of_the_volume()
    {
        await using var bed = await Bed.StartAsync(Binder);
        foreach (var policy in (string[])["Retain", "Delete", "Recycle"])
        {
            await bed.CreateAsync(Volume(policy.ToLowerInvariant(), policy: policy));
            await bed.CreateAsync(Claim(policy.ToLowerInvariant(), volume: policy.ToLowerInvariant()));
        }
        await bed.SettleAsync();
        foreach (var claim in bed.Api.All<PersistentVolumeClaim>())
            await bed.Api.DeleteAsync<PersistentVolumeClaim>(new("default", claim.Metadata.Name), null, Bed.Cancellation);
        await bed.SettleAsync();

        Assert.Equal("Released", bed.Get<PersistentVolume>("retain").Status.Phase);
        // Nobody here can delete or clean a volume that no provisioner made.
        Assert.Equal("Failed", bed.Get<PersistentVolume>("delete").Status.Phase);
        Assert.Equal("Failed", bed.Get<PersistentVolume>("recycle").Status.Phase);
        await bed.ToldAsync("VolumeFailedDelete", "no volume plugin matched");
        // A new claim of the same name gets none of them.
        await bed.CreateAsync(Claim("retain"));
        await bed.SettleAsync();
        Assert.Equal("Pending", bed.Get<PersistentVolumeClaim>("retain").Status.Phase);
    }

    [Fact]
    public async Task A_bound_claim_whose_volume_is_gone_is_lost()
    {
        await using var bed = await Bed.StartAsync(Binder);
        await bed.CreateAsync(Volume("data"));
        await bed.CreateAsync(Claim("data"));
        await bed.SettleAsync();
        await bed.Api.DeleteAsync<PersistentVolume>(new("", "data"), null, Bed.Cancellation);
        bed.WakeAll();
        await bed.SettleAsync();

        Assert.Equal("Lost", bed.Get<PersistentVolumeClaim>("data").Status.Phase);
        await bed.ToldAsync("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
    }

    [Fact]
    public async Task Two_claims_never_share_a_volume()
    {
        await using var bed = await Bed.StartAsync([Binder], chaos: new Random(7));
        foreach (var i in Enumerable.Range(0, 8))
            await bed.CreateAsync(Claim("claim-" + i));
        foreach (var i in Enumerable.Range(0, 5))
            await bed.CreateAsync(Volume("volume-" + i));
        await bed.SettleAsync();
        bed.Chaos = null;
        bed.WakeAll();
        await bed.PassAsync(TimeSpan.FromMinutes(1), 4);

        var bound = bed.Api.All<PersistentVolumeClaim>().Where(c => c.Status.Phase == "Bound").ToList();
        Assert.Equal(5, bound.Select(c => c.Spec.VolumeName).Distinct().Count());
        Assert.Equal(5, bound.Count);
        Assert.All(bound, c => Assert.Equal(c.Metadata.Uid, bed.Get<PersistentVolume>(c.Spec.VolumeName).Spec.ClaimRef!.Uid));
    }

    private static async Task<Bed> WithAttachedAsync()
    {
        var bed = await Bed.StartAsync([Binder, Attacher]);
        await bed.CreateAsync(new Node { Metadata = new() { Name = "node-1" } });
        await bed.CreateAsync(new Node { Metadata = new() { Name = "node-2" } });
        await bed.CreateAsync(Volume("data"));
        await bed.CreateAsync(Claim("data"));
        await bed.CreateAsync(PodWith("user", "data", "node-1"));
        await bed.SettleAsync();
        return bed;
    }

    [Fact]
    public async Task A_pods_volume_is_attached_to_its_node_and_detached_when_the_node_has_let_go()
    {
        await using var bed = await WithAttachedAsync();
        var attachment = Assert.Single(bed.Api.All<VolumeAttachment>());
        Assert.Equal(("csi.example.com", "node-1", "data"), (attachment.Spec.Attacher, attachment.Spec.NodeName, attachment.Spec.Source.PersistentVolumeName));
        Assert.Equal("csi-" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("handle-datacsi.example.comnode-1"u8)), attachment.Metadata.Name);

        bed.Api.Change<VolumeAttachment>(new("", attachment.Metadata.Name), a => a with { Status = a.Status with { Attached = true } });
        await bed.SettleAsync();
        Assert.Equal("kubernetes.io/csi/csi.example.com^handle-data", Assert.Single(bed.Get<Node>("node-1").Status.VolumesAttached).Name);
        await bed.ToldAsync("SuccessfulAttachVolume", "AttachVolume.Attach succeeded for volume \"data\"");

        bed.Api.Change<Node>(new("", "node-1"), n => n with { Status = n.Status with { VolumesInUse = ["kubernetes.io/csi/csi.example.com^handle-data"], Conditions = [new() { Type = "Ready", Status = "True" }] } });
        await bed.SettleAsync();
        await bed.Api.DeleteAsync<Pod>(new("default", "user"), new() { GracePeriodSeconds = 0 }, Bed.Cancellation);
        await bed.PassAsync(TimeSpan.FromMinutes(20), 4);
        Assert.Single(bed.Api.All<VolumeAttachment>());     // mounted still, and the node says so

        bed.Api.Change<Node>(new("", "node-1"), n => n with { Status = n.Status with { VolumesInUse = default } });
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<VolumeAttachment>());
        Assert.Empty(bed.Get<Node>("node-1").Status.VolumesAttached);
    }

    [Fact]
    public async Task A_volume_for_one_node_is_not_attached_to_a_second_until_the_first_is_done()
    {
        await using var bed = await WithAttachedAsync();
        await bed.CreateAsync(PodWith("rival", "data", "node-2"));
        await bed.SettleAsync();
        Assert.Equal("node-1", Assert.Single(bed.Api.All<VolumeAttachment>()).Spec.NodeName);
        await bed.ToldAsync("FailedAttachVolume", "Multi-Attach error for volume \"data\" Volume is already used by pod(s) user");

        await bed.Api.DeleteAsync<Pod>(new("default", "user"), new() { GracePeriodSeconds = 0 }, Bed.Cancellation);
        await bed.SettleAsync();
        Assert.Equal("node-2", Assert.Single(bed.Api.All<VolumeAttachment>()).Spec.NodeName);
    }

    [Fact]
    public async Task A_silent_node_keeps_a_volume_for_six_minutes_and_one_out_of_service_not_at_all()
    {
        await using var bed = await WithAttachedAsync();
        bed.Api.Change<Node>(new("", "node-1"), n => n with
        {
            Status = n.Status with { VolumesInUse = ["kubernetes.io/csi/csi.example.com^handle-data"], Conditions = [new() { Type = "Ready", Status = "Unknown" }] },
        });
        await bed.SettleAsync();
        await bed.Api.DeleteAsync<Pod>(new("default", "user"), new() { GracePeriodSeconds = 0 }, Bed.Cancellation);
        await bed.SettleAsync();
        await bed.PassAsync(TimeSpan.FromMinutes(5));
        Assert.Single(bed.Api.All<VolumeAttachment>());
        await bed.PassAsync(TimeSpan.FromMinutes(2), 2);
        Assert.Empty(bed.Api.All<VolumeAttachment>());
    }

    [Fact]
    public async Task A_driver_that_needs_no_attaching_gets_none_and_the_attachers_complaint_reaches_the_pod()
    {
        await using var bed = await Bed.StartAsync(Binder, Attacher);
        await bed.CreateAsync(new CSIDriver { Metadata = new() { Name = "csi.example.com" }, Spec = new() { AttachRequired = false } });
        await bed.CreateAsync(new Node { Metadata = new() { Name = "node-1" } });
        await bed.CreateAsync(Volume("data"));
        await bed.CreateAsync(Claim("data"));
        await bed.CreateAsync(PodWith("user", "data", "node-1"));
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<VolumeAttachment>());

        bed.Api.Change<CSIDriver>(new("", "csi.example.com"), d => d with { Spec = d.Spec with { AttachRequired = true } });
        bed.WakeAll();
        await bed.SettleAsync();
        var attachment = Assert.Single(bed.Api.All<VolumeAttachment>());
        bed.Api.Change<VolumeAttachment>(new("", attachment.Metadata.Name), a => a with { Status = a.Status with { AttachError = new() { Message = "no such disk" } } });
        await bed.SettleAsync();
        await bed.ToldAsync("FailedAttachVolume", "AttachVolume.Attach failed for volume \"data\" : rpc error: no such disk");
    }

    [Fact]
    public async Task An_ephemeral_volume_is_a_claim_that_belongs_to_the_pod_and_never_anothers_claim()
    {
        await using var bed = await Bed.StartAsync("ephemeral-volume-controller");
        var pod = PodWith("web", "unused") with
        {
            Spec = new()
            {
                Containers = [new() { Name = "main", Image = "busybox" }],
                Volumes = [new() { Name = "scratch", Ephemeral = new() { VolumeClaimTemplate = new() { Metadata = new() { Labels = ApiMap.Of("a", "b") }, Spec = Claim("x").Spec } } }],
            },
        };
        await bed.CreateAsync(pod);
        await bed.CreateAsync(Claim("other-scratch"));
        await bed.CreateAsync(pod with { Metadata = pod.Metadata with { Name = "other" } });
        await bed.SettleAsync();

        var claim = bed.Get<PersistentVolumeClaim>("web-scratch");
        Assert.Equal(("b", "web", true, true), (claim.Metadata.Labels["a"], claim.Metadata.OwnerReferences[0].Name, claim.Metadata.OwnerReferences[0].Controller, claim.Metadata.OwnerReferences[0].BlockOwnerDeletion));
        await bed.ToldAsync("FailedBinding", "PVC default/other-scratch was not created for pod default/other (pod is not owner)");
        Assert.Empty(bed.Get<PersistentVolumeClaim>("other-scratch").Metadata.OwnerReferences);
    }

    [Fact]
    public async Task A_bound_claim_that_asks_for_more_is_shown_to_the_resizer()
    {
        await using var bed = await Bed.StartAsync(Binder, "persistentvolume-expander-controller");
        await bed.CreateAsync(Volume("data"));
        await bed.CreateAsync(Claim("data"));
        await bed.SettleAsync();
        bed.Api.Change<PersistentVolumeClaim>(new("default", "data"), c => c with { Spec = c.Spec with { Resources = new() { Requests = ApiMap.Of("storage", Quantity.Parse("2Gi")) } } });
        await bed.SettleAsync();
        await bed.ToldAsync("ExternalExpanding", "waiting for an external controller to process this PVC");
    }

    [Fact]
    public async Task A_volume_attributes_class_stays_while_a_claim_names_it()
    {
        await using var bed = await Bed.StartAsync("volumeattributesclass-protection-controller");
        await bed.CreateAsync(new VolumeAttributesClass { Metadata = new() { Name = "gold" }, DriverName = "csi.example.com" });
        await bed.CreateAsync(Claim("data") with { Spec = Claim("data").Spec with { VolumeAttributesClassName = "gold" } });
        await bed.SettleAsync();
        Assert.Equal(["kubernetes.io/vac-protection"], bed.Get<VolumeAttributesClass>("gold").Metadata.Finalizers);

        await bed.Api.DeleteAsync<VolumeAttributesClass>(new("", "gold"), null, Bed.Cancellation);
        await bed.SettleAsync();
        Assert.Single(bed.Api.All<VolumeAttributesClass>());
        await bed.Api.DeleteAsync<PersistentVolumeClaim>(new("default", "data"), null, Bed.Cancellation);
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<VolumeAttributesClass>());
    }
}
