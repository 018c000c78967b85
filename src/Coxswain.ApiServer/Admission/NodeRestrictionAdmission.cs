using Coxswain.Api;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.Api.Storage.V1;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission;

/// <summary>A kubelet changes only its own node and the pods that run on it.</summary>
internal sealed class NodeRestrictionAdmission(IClusterView cluster) : IAdmissionPlugin
{
    private const string MirrorPod = "kubernetes.io/config.mirror";

    public string Name => "NodeRestriction";

    public bool Handles(AdmissionContext context) => context.Operation != AdmissionOperation.Connect && context.User.Username.StartsWith(Users.NodePrefix, StringComparison.Ordinal)
        && context.User.IsIn(Users.NodesGroup);

    public async ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        var node = context.User.Username[Users.NodePrefix.Length..];
        if (node.Length == 0)
            throw context.Forbidden(o, $"could not determine node from user {GoText.Quote(context.User.Username)}");
        if (context.IsOf("", "pods"))
            await PodAsync(context, o, node, cancellation);
        else if (context.IsOf("", "nodes"))
            Node(context, o, node);
        else if (context.IsOf("", "persistentvolumeclaims"))
            Claim(context, o);
        else if (context.IsOf("", "serviceaccounts") && context.Subresource == "token")
            await TokenAsync(context, o, node, cancellation);
        else if (context.Is("coordination.k8s.io", "leases"))
            Lease(context, o, node);
        else if (context.Is("storage.k8s.io", "csinodes"))
            CsiNode(context, o, node);
    }

    private async ValueTask PodAsync(AdmissionContext context, IKubernetesObject? o, string node, CancellationToken cancellation)
    {
        switch (context.Subresource, context.Operation)
        {
            case ("", AdmissionOperation.Create) when o is Pod pod:
                if (!pod.Metadata.Annotations.ContainsKey(MirrorPod))
                    throw context.Forbidden(o, $"pod does not have {GoText.Quote(MirrorPod)} annotation, node {GoText.Quote(node)} can only create mirror pods");
                if (pod.Spec.NodeName != node)
                    throw context.Forbidden(o, $"node {GoText.Quote(node)} can only create pods with spec.nodeName set to itself");
                break;
            case ("", AdmissionOperation.Delete):
                await OwnPodAsync(context, o, context.Name, node, "delete", cancellation);
                break;
            case ("status", AdmissionOperation.Update):
                if ((context.OldObject as Pod)?.Spec.NodeName != node)
                    throw context.Forbidden(o, $"node {GoText.Quote(node)} can only update pod status for pods with spec.nodeName set to itself");
                if (o is Pod updated && context.OldObject is Pod old && updated.Metadata.Labels != old.Metadata.Labels)
                    throw context.Forbidden(o, $"node {GoText.Quote(node)} cannot update labels through pod status");
                break;
            case ("eviction", AdmissionOperation.Create):
                await OwnPodAsync(context, o, context.Name.Length > 0 ? context.Name : (o as Eviction)?.Metadata.Name ?? "", node, "evict", cancellation);
                break;
            default:
                throw context.Forbidden(o, $"unexpected operation or pod subresource {GoText.Quote(context.Subresource)}, node {GoText.Quote(node)}"
                    + " can only update status, create mirror pods, and delete or evict its own pods");
        }
    }

    private async ValueTask OwnPodAsync(AdmissionContext context, IKubernetesObject? o, string pod, string node, string act, CancellationToken cancellation)
    {
        var name = new NamespacedName(context.Namespace, pod);
        var found = cluster.Find<Pod>(name) ?? await cluster.GetAsync<Pod>(name, cancellation)
            ?? throw new ApiException(Statuses.NotFound(new GroupResource("", "pods"), pod));
        if (found.Spec.NodeName != node)
            throw context.Forbidden(o, $"node {GoText.Quote(node)} can only {act} pods with spec.nodeName set to itself");
    }

    private static void Node(AdmissionContext context, IKubernetesObject? o, string node)
    {
        var name = context.Name.Length > 0 ? context.Name : (o as Api.Core.V1.Node)?.Metadata.Name ?? "";
        if (name != node)
            throw context.Forbidden(o, $"node {GoText.Quote(node)} is not allowed to modify node {GoText.Quote(name)}");
        if (o is not Api.Core.V1.Node updated)
            return;
        var old = context.OldObject as Api.Core.V1.Node;
        if (updated.Spec.ConfigSource is not null && updated.Spec.ConfigSource != old?.Spec.ConfigSource)
            throw context.Forbidden(o, $"node {GoText.Quote(node)} is not allowed to update configSource to a new non-nil configSource");
        if (old is not null && context.Subresource.Length == 0 && updated.Spec.Taints != old.Spec.Taints)
            throw context.Forbidden(o, $"node {GoText.Quote(node)} is not allowed to modify taints");
        var foreign = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in updated.Metadata.Labels)
            if (!IsOwnLabel(key) && (old is null || !old.Metadata.Labels.TryGetValue(key, out var before) || before != value))
                foreign.Add(key);
        if (old is not null)
            foreach (var (key, _) in old.Metadata.Labels)
                if (!IsOwnLabel(key) && !updated.Metadata.Labels.ContainsKey(key))
                    foreign.Add(key);
        if (foreign.Count > 0)
            throw context.Forbidden(o, $"is not allowed to {(old is null ? "set the following labels" : "modify labels")}: {string.Join(", ", foreign)}");
    }

    private static bool IsOwnLabel(string key)
    {
        if (key is "kubernetes.io/hostname" or "kubernetes.io/os" or "kubernetes.io/arch" or "beta.kubernetes.io/os" or "beta.kubernetes.io/arch"
            or "node.kubernetes.io/instance-type" or "beta.kubernetes.io/instance-type" or "topology.kubernetes.io/zone" or "topology.kubernetes.io/region"
            or "failure-domain.beta.kubernetes.io/zone" or "failure-domain.beta.kubernetes.io/region" or "node.kubernetes.io/windows-build")
            return true;
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
            return true;
        var domain = key.AsSpan(0, slash);
        if (IsIn(domain, "node-restriction.kubernetes.io"))
            return false;
        if (IsIn(domain, "kubelet.kubernetes.io") || IsIn(domain, "node.kubernetes.io"))
            return true;
        return !IsIn(domain, "kubernetes.io") && !IsIn(domain, "k8s.io");
    }

    private static bool IsIn(ReadOnlySpan<char> domain, string parent) =>
        domain.SequenceEqual(parent) || (domain.EndsWith(parent, StringComparison.Ordinal) && domain[^(parent.Length + 1)] == '.');

    private static void Claim(AdmissionContext context, IKubernetesObject? o)
    {
        if (context.Subresource != "status" || !context.IsUpdate || o is not PersistentVolumeClaim updated || context.OldObject is not PersistentVolumeClaim old)
            throw context.Forbidden(o, $"unexpected operation {GoText.Quote(context.Operation.ToString().ToUpperInvariant())} or subresource {GoText.Quote(context.Subresource)}");
        if (updated.Spec != old.Spec)
            throw context.Forbidden(o, "is not allowed to update pvc fields other than status.capacity and status.conditions");
    }

    private async ValueTask TokenAsync(AdmissionContext context, IKubernetesObject? o, string node, CancellationToken cancellation)
    {
        if (o is not Api.Authentication.V1.TokenRequest { Spec: var spec } || spec.BoundObjectRef is not { Kind: "Pod", ApiVersion: "v1" } reference || reference.Name.Length == 0)
            throw context.Forbidden(o, "node requested token not bound to a pod");
        if (reference.Uid.Length == 0)
            throw context.Forbidden(o, "node requested token with a pod binding without a uid");
        var name = new NamespacedName(context.Namespace, reference.Name);
        var pod = cluster.Find<Pod>(name) ?? await cluster.GetAsync<Pod>(name, cancellation)
            ?? throw new ApiException(Statuses.NotFound(new GroupResource("", "pods"), reference.Name));
        if (pod.Metadata.Uid != reference.Uid)
            throw context.Forbidden(o, $"the UID in the bound object reference ({reference.Uid}) does not match the UID in record. "
                + "The object might have been deleted and then recreated");
        if (pod.Spec.NodeName != node)
            throw context.Forbidden(o, "node requested token bound to a pod scheduled on a different node");
    }

    private static void Lease(AdmissionContext context, IKubernetesObject? o, string node)
    {
        if (context.Namespace != "kube-node-lease")
            throw context.Forbidden(o, "can only access leases in the \"kube-node-lease\" system namespace");
        var name = context.IsCreate ? (o as Lease)?.Metadata.Name ?? "" : context.Name;
        if (name != node)
            throw context.Forbidden(o, "can only access node lease with the same name as the requesting node");
    }

    private static void CsiNode(AdmissionContext context, IKubernetesObject? o, string node)
    {
        var name = context.IsCreate ? (o as CSINode)?.Metadata.Name ?? "" : context.Name;
        if (name != node)
            throw context.Forbidden(o, "can only access CSINode with the same name as the requesting node");
    }
}
