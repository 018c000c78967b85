using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Tables.Core;

internal static class NodeColumns
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    public static TableColumns Nodes { get; } = TableColumns.For<Node>()
        .Name()
        .Add("Status", Status, description: "Whether pods can run there.")
        .Add("Roles", Roles, description: "What the node's labels say it is for.")
        .Age()
        .Add("Version", node => node.Status.NodeInfo.KubeletVersion, description: "The version of the node agent.")
        .Wide("Internal-IP", node => Address(node, "InternalIP"))
        .Wide("External-IP", node => Address(node, "ExternalIP"))
        .Wide("OS-Image", node => OrUnknown(node.Status.NodeInfo.OsImage))
        .Wide("Kernel-Version", node => OrUnknown(node.Status.NodeInfo.KernelVersion))
        .Wide("Container-Runtime", node => OrUnknown(node.Status.NodeInfo.ContainerRuntimeVersion))
        .Build();

    private static Cell Status(Node node)
    {
        var ready = node.Status.Conditions.FirstOrDefault(condition => condition.Type == "Ready");
        var status = ready is null ? "Unknown" : ready.Status == "True" ? "Ready" : "NotReady";
        return node.Spec.Unschedulable ? status + ",SchedulingDisabled" : status;
    }

    private static Cell Roles(Node node)
    {
        var roles = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in node.Metadata.Labels)
        {
            if (key.StartsWith(RolePrefix, StringComparison.Ordinal) && key.Length > RolePrefix.Length)
                roles.Add(key[RolePrefix.Length..]);
            else if (key == "kubernetes.io/role" && value.Length > 0)
                roles.Add(value);
        }

        return TableText.OrNone(TableText.Join(roles));
    }

    private static Cell Address(Node node, string type) =>
        node.Status.Addresses.FirstOrDefault(address => address.Type == type)?.Address ?? TableText.None;

    private static Cell OrUnknown(string text) => text.Length == 0 ? "<unknown>" : text;
}
