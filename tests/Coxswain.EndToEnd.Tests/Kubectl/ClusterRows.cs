namespace Coxswain.EndToEnd.Tests.Kubectl;

/// <summary>auth, certificate, cluster-info, cordon, drain, taint, top: what is about the cluster.</summary>
internal static class ClusterRows
{
    private const string Node = "apiVersion: v1\nkind: Node\nmetadata: {name: '{v}', labels: {kubernetes.io/hostname: '{v}'}}\n";

    public static IReadOnlyList<Row> All { get; } =
    [
        new("One can ask what one may do",
            "auth can-i create pods".Says("yes"),
            "auth can-i create pods --as=jane".Ends(1, "no"),
            "auth can-i get /healthz --as=jane".Ends(0, "yes"),
            "auth can-i create pods --as=system:anonymous --as-group=system:unauthenticated".Fails("User \"system:anonymous\" cannot create resource \"selfsubjectaccessreviews\""),
            "create rolebinding b --clusterrole=view --user={v}".Works(),
            "auth can-i list configmaps --as={v}".Says("yes"),
            "auth can-i list secrets --as={v} -q".Ends(1),
            "auth can-i --list --as={v}".Mentions("Resources", "Non-Resource URLs", "configmaps", "[get list watch]")),

        new("One can ask who one is",
            "auth whoami -o jsonpath={.status.userInfo.username}".Says("kubernetes-admin"),
            "auth whoami --as=jane --as-group=team".Matches(@"^ATTRIBUTE +VALUE\nUsername +jane\nGroups +\[team system:authenticated\]")) { Versions = ["sid"] },

        new("Roles are made what a file says",
            "auth reconcile -f {dir}/role.yaml".Mentions("role.rbac.authorization.k8s.io/r reconciled"),
            "get role r -o jsonpath={.rules[0].verbs}".Says("""["get"]"""),
            "auth reconcile -f {dir}/more.yaml".Mentions("role.rbac.authorization.k8s.io/r reconciled"),
            "get role r -o jsonpath={.rules[*].verbs}".Matches("list"))
        {
            Files = new Dictionary<string, string>
            {
                ["role.yaml"] = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: '{ns}'}\nrules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n",
                ["more.yaml"] = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: '{ns}'}\nrules: [{apiGroups: [''], resources: [pods], verbs: [list]}]\n",
            },
        },

        new("Certificates are approved and denied",
            "get csr {v} --no-headers".Matches(@"^{v} +\d+s +kubernetes.io/kube-apiserver-client +kubernetes-admin +(<none> +)?Pending"),
            "certificate approve {v}".Says("certificatesigningrequest.certificates.k8s.io/{v} approved"),
            "get csr {v} --no-headers".Matches("Approved,Issued").Soon(),
            "certificate deny {v}-not".Says("certificatesigningrequest.certificates.k8s.io/{v}-not denied"),
            "get csr {v}-not --no-headers".Matches("Denied"),
            "certificate approve none".Fails("NotFound")) { Given = Requests() },

        new("The cluster tells where it is, and all of it on demand",
            "cluster-info".Mentions("is running at", "https://127.0.0.1:{port}"),
            "cluster-info dump --output-directory={dir}/dump".Mentions("Cluster info dumped to {dir}/dump"),
            "get componentstatuses".Warns("v1 ComponentStatus is deprecated in v1.19+")),

        new("A node is closed, opened and tainted",
            "cordon {v}".Says("node/{v} cordoned"),
            "cordon {v}".Says("node/{v} already cordoned"),
            "get node {v} --no-headers".Matches(@"^{v} +(Unknown|NotReady),SchedulingDisabled"),
            "uncordon {v}".Says("node/{v} uncordoned"),
            "taint node {v} key=value:NoSchedule".Says("node/{v} tainted"),
            "taint node {v} key=value:NoSchedule".Fails("already has key taint(s) with same effect(s)"),
            "taint node {v} key=other:NoSchedule --overwrite".Says("node/{v} modified"),
            "taint node {v} key-".Says("node/{v} untainted"),
            "taint node {v} key=value:Nonsense".Fails("invalid taint effect: Nonsense, unsupported taint effect"),
            "describe node {v}".Mentions("Name:               {v}\n", "Taints:", "Non-terminated Pods:")) { Given = Node },

        new("A node is drained: its pods are evicted, unless a budget keeps them",
            "drain {v} --ignore-daemonsets --timeout=20s".Fails("cannot delete"),
            "drain {v} --ignore-daemonsets --force --timeout=20s --grace-period=0".Mentions("node/{v} already cordoned", "evicting pod {ns}/p", "pod/p evicted"),
            "get pod p".Fails("NotFound"),
            "drain {v} --dry-run=server --force --ignore-daemonsets".Mentions("drained (server dry run)"),
            "uncordon {v}".Says("node/{v} uncordoned"))
        {
            Given = Node + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {nodeName: '{v}', terminationGracePeriodSeconds: 0, containers: [{name: c, image: i}]}\n",
        },

        new("Where there are no metrics, top says so", "top nodes".Fails("error: Metrics API not available"), "top pods".Fails("error: Metrics API not available")),
    ];

    /// <summary>Two requests for client certificates.</summary>
    private static string Requests()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var pem = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=jane", key, System.Security.Cryptography.HashAlgorithmName.SHA256).CreateSigningRequestPem();
        var request = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(pem + "\n"));
        return string.Join("---\n", new[] { "", "-not" }.Select(suffix =>
            $"apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {{name: '{{v}}{suffix}'}}\nspec: {{signerName: kubernetes.io/kube-apiserver-client, usages: [client auth], request: {request}}}\n"));
    }
}
