using Coxswain.Api.Storage.V1;

namespace Coxswain.ApiServer.Tables.Storage;

internal static class StorageColumns
{
    private const string DefaultClass = "storageclass.kubernetes.io/is-default-class";
    private const string DefaultClassBeta = "storageclass.beta.kubernetes.io/is-default-class";

    public static TableColumns CsiDrivers { get; } = TableColumns.For<CSIDriver>()
        .Name()
        .Boolean("AttachRequired", o => o.Spec.AttachRequired ?? true)
        .Boolean("PodInfoOnMount", o => o.Spec.PodInfoOnMount ?? false)
        .Boolean("StorageCapacity", o => o.Spec.StorageCapacity ?? false)
        .Add("TokenRequests", o => o.Spec.TokenRequests.Count == 0 ? TableText.Unset : TableText.Join(o.Spec.TokenRequests.Select(request => request.Audience)))
        .Boolean("RequiresRepublish", o => o.Spec.RequiresRepublish ?? false)
        .Add("Modes", o => TableText.OrNone(TableText.Join(o.Spec.VolumeLifecycleModes)))
        .Age()
        .Build();

    public static TableColumns CsiNodes { get; } = TableColumns.For<CSINode>()
        .Name()
        .Integer("Drivers", o => o.Spec.Drivers.Count)
        .Age()
        .Build();

    public static TableColumns CsiStorageCapacities { get; } = TableColumns.For<CSIStorageCapacity>()
        .Name()
        .Add("StorageClassName", o => o.StorageClassName)
        .Add("Capacity", o => o.Capacity?.ToString() ?? TableText.Unset)
        .Build();

    public static TableColumns StorageClasses { get; } = TableColumns.For<StorageClass>()
        .Name(o => IsDefault(o) ? o.Metadata.Name + " (default)" : o.Metadata.Name)
        .Add("Provisioner", o => o.Provisioner)
        .Add("ReclaimPolicy", o => o.ReclaimPolicy ?? "Delete")
        .Add("VolumeBindingMode", o => o.VolumeBindingMode ?? "Immediate")
        .Add("AllowVolumeExpansion", o => o.AllowVolumeExpansion ?? false)
        .Age()
        .Build();

    public static TableColumns VolumeAttachments { get; } = TableColumns.For<VolumeAttachment>()
        .Name()
        .Add("Attacher", o => o.Spec.Attacher, format: "name")
        .Add("PV", o => o.Spec.Source.PersistentVolumeName ?? "")
        .Add("Node", o => o.Spec.NodeName)
        .Boolean("Attached", o => o.Status.Attached)
        .Age()
        .Build();

    public static TableColumns VolumeAttributesClasses { get; } = TableColumns.For<VolumeAttributesClass>()
        .Name()
        .Add("DriverName", o => o.DriverName)
        .Age()
        .Build();

    private static bool IsDefault(StorageClass o) =>
        o.Metadata.Annotations.GetValueOrDefault(DefaultClass) == "true" || o.Metadata.Annotations.GetValueOrDefault(DefaultClassBeta) == "true";
}
