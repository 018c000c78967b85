namespace Coxswain.EndToEnd.Tests.Kubectl;

/// <summary>apply, patch, replace, edit, label, annotate, set, delete, kustomize: what changes objects.</summary>
internal static class ChangeRows
{
    private const string Map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {app: one}}\ndata: {x: one}\n";
    private const string Changed = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {app: one}}\ndata: {x: two}\n";
    private const string Web =
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 1
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
              - {name: c, image: 'nginx:1', env: [{name: A, value: b}]}
        """;

    private static readonly Dictionary<string, string> Maps = new() { ["a.yaml"] = Map, ["b.yaml"] = Changed };

    public static IReadOnlyList<Row> All { get; } =
    [
        new("What is applied is created, changed or left as it is",
            "apply -f {dir}/a.yaml".Says("configmap/a created"),
            "apply -f {dir}/a.yaml".Says("configmap/a unchanged"),
            "apply -f {dir}/b.yaml --dry-run=server".Says("configmap/a configured (server dry run)"),
            "apply -f {dir}/b.yaml".Says("configmap/a configured"),
            "get configmap a -o jsonpath={.data.x}".Says("two"),
            "apply view-last-applied configmap/a -o json".Mentions("\"x\": \"two\""),
            "apply set-last-applied -f {dir}/a.yaml".Says("configmap/a configured"),
            "apply view-last-applied configmap/a -o json".Mentions("\"x\": \"one\""),
            "apply -f -".Says("configmap/a configured").With(Map)) { Files = Maps },

        new("What apply no longer names is taken away",
            "apply -f -".Says("deployment.apps/web created").With(Web),
            "apply -f -".Says("deployment.apps/web configured").With(Web.Replace(", env: [{name: A, value: b}]", "", StringComparison.Ordinal)),
            "get deployment web -o jsonpath={.spec.template.spec.containers[0].env}".Says("")),

        new("The server applies, and tells who owns a field",
            "apply --server-side -f {dir}/a.yaml".Says("configmap/a serverside-applied"),
            "apply --server-side --field-manager=other -f {dir}/b.yaml".Fails("""Apply failed with 1 conflict: conflict with "kubectl": .data.x"""),
            "apply --server-side --field-manager=other --force-conflicts -f {dir}/b.yaml".Says("configmap/a serverside-applied"),
            "get configmap a -o jsonpath={.data.x} --show-managed-fields".Says("two"),
            "apply --server-side --dry-run=server -f {dir}/b.yaml --force-conflicts".Says("configmap/a serverside-applied (server dry run)")) { Files = Maps, Versions = ["sid"] },

        new("The server applies for an old kubectl, too",
            "apply --server-side -f {dir}/a.yaml".Says("configmap/a serverside-applied"),
            "apply --server-side --field-manager=other -f {dir}/b.yaml".Fails("""Apply failed with 1 conflict: conflict with "kubectl": .data.x""")) { Files = Maps, Versions = ["1.20"] },

        new("What was applied on the client is taken over by the server",
            "apply -f {dir}/a.yaml".Works(),
            "apply --server-side -f {dir}/b.yaml".Says("configmap/a serverside-applied"),
            "get configmap a -o jsonpath={.data.x}".Says("two")) { Files = Maps, Versions = ["sid"] },

        new("What is not in the files any more is pruned by its label",
            "apply -f {dir} -l app=p".Says("configmap/one created\nconfigmap/two created"),
            "apply --prune -f {dir}/1.yaml -l app=p --prune-allowlist=core/v1/ConfigMap".Says("configmap/one unchanged\nconfigmap/two pruned"),
            "get configmap -l app=p -o name".Says("configmap/one"),
            "apply --prune -f {dir} -l app=p".Says("configmap/one unchanged\nconfigmap/two created"),
            "apply --prune -f {dir}/2.yaml -l app=p".Says("configmap/two unchanged\nconfigmap/one pruned")) { Files = Pruned(), Versions = ["sid"] },

        new("What is not in the files any more is pruned by an old kubectl",
            "apply -f {dir} -l app=p".Says("configmap/one created\nconfigmap/two created"),
            "apply --prune -f {dir}/1.yaml -l app=p --prune-whitelist=core/v1/ConfigMap".Says("configmap/one unchanged\nconfigmap/two pruned")) { Files = Pruned(), Versions = ["1.20"] },

        new("What is not in the set any more is pruned",
            "apply --prune --applyset=configmap/{v} -f {dir}".Mentions("configmap/one created", "configmap/two created").Env("KUBECTL_APPLYSET", "true"),
            "apply --prune --applyset=configmap/{v} -f {dir}/1.yaml".Mentions("configmap/one unchanged", "configmap/two pruned").Env("KUBECTL_APPLYSET", "true"),
            "get configmap two".Fails("NotFound")) 
        { Files = Pruned(), Versions = ["sid"] },

        new("Every type of patch changes what it says",
            "patch deployment web -p '{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"nginx:2\"}]}}}}'".Says("deployment.apps/web patched"),
            "get deployment web -o jsonpath={.spec.template.spec.containers[0].image},{.spec.template.spec.containers[0].env[0].name}".Says("nginx:2,A"),
            "patch deployment web --type=merge -p '{\"metadata\":{\"labels\":{\"a\":\"b\"}}}'".Says("deployment.apps/web patched"),
            "patch deployment web --type=json -p '[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":0}]'".Says("deployment.apps/web patched"),
            "get deployment web -o jsonpath={.metadata.labels.a},{.spec.replicas}".Says("b,0"),
            "patch deployment web --type=merge -p '{\"metadata\":{\"labels\":{\"a\":\"b\"}}}'".Says("deployment.apps/web patched (no change)"),
            "patch deployment web --type=json -p '[{\"op\":\"test\",\"path\":\"/spec/replicas\",\"value\":5}]'".Fails("The request is invalid"),
            "patch -f {dir}/web.yaml --type=merge -p '{\"spec\":{\"paused\":true}}' -o name".Says("deployment.apps/web"),
            "patch deployment none -p '{}'".Fails("NotFound")) { Given = Web, Files = new Dictionary<string, string> { ["web.yaml"] = Web } },

        new("A patch reaches subresources",
            "patch deployment web --subresource=scale --type=merge -p '{\"spec\":{\"replicas\":0}}'".Says("scale.autoscaling/web patched"),
            "get deployment web -o jsonpath={.spec.replicas}".Says("0"),
            "patch deployment web --subresource=status --type=merge -p '{\"status\":{\"collisionCount\":3}}'".Says("deployment.apps/web patched"),
            "get deployment web -o jsonpath={.status.collisionCount}".Says("3"),
            "patch deployment web --subresource=none --type=merge -p '{}'".Fails("the server could not find the requested resource")) { Given = Web, Versions = ["sid"] },

        new("An object is replaced, by force with a new one",
            "get configmap a -o jsonpath={.metadata.uid}".Works(),
            "replace -f {dir}/b.yaml".Says("configmap/a replaced"),
            "get configmap a -o jsonpath={.data.x}".Says("two"),
            "replace --force -f {dir}/a.yaml".Mentions("configmap \"a\" deleted", "configmap/a replaced"),
            "get configmap a -o jsonpath={.data.x}".Says("one"),
            "replace -f -".Fails("""Error from server (NotFound): error when replacing "STDIN": configmaps "none" not found""").With("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: none}\n")) 
        { Given = Map, Files = Maps },

        new("An object is edited with the user's editor",
            "edit configmap a".Says("configmap/a edited").Env("KUBE_EDITOR", "{dir}/editor"),
            "get configmap a -o jsonpath={.data.x}".Says("edited"),
            "edit configmap a".Warns("Edit cancelled, no changes made").Env("KUBE_EDITOR", "true"),
            "apply edit-last-applied configmap/b".Says("configmap/b edited").Env("KUBE_EDITOR", "{dir}/editor"),
            "edit configmap none".Fails("NotFound").Env("KUBE_EDITOR", "true"))
        {
            Given = Map + "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{},\"name\":\"b\",\"namespace\":\"{ns}\"},\"data\":{\"x\":\"one\"}}'\ndata: {x: one}\n",
            Files = new Dictionary<string, string> { ["editor"] = "#!/bin/sh\nexec sed -i 's/x: one$/x: edited/' \"$1\"\n" },
        },

        new("Labels are set, changed and taken away",
            "label configmap a tier=front".Says("configmap/a labeled"),
            "label configmap a tier=back".Fails("'tier' already has a value (front), and --overwrite is false"),
            "label configmap a tier=back --overwrite".Says("configmap/a labeled"),
            "label configmap --all all=yes".Mentions("configmap/a labeled"),
            "label configmap a tier-".Matches("^configmap/a (unlabeled|labeled)$"),
            "get configmap a -o jsonpath={.metadata.labels}".Says("""{"all":"yes","app":"one"}"""),
            "label configmap a bad=!".Fails("invalid label value"),
            "label configmap a --list".Mentions("all=yes", "app=one")) { Given = Map },

        new("Annotations are set, changed and taken away",
            "annotate configmap a note=one".Matches("^configmap/a annotated?"),
            "annotate configmap a note=two".Fails("note"),
            "annotate configmap a note=two --overwrite".Matches("^configmap/a annotated?"),
            "get configmap a -o jsonpath={.metadata.annotations.note}".Says("two"),
            "annotate configmap a note-".Matches("^configmap/a annotated?"),
            "get configmap a -o jsonpath={.metadata.annotations}".Says("")) { Given = Map },

        new("Parts of workloads are set",
            "set image deployment/web c=nginx:3".Says("deployment.apps/web image updated"),
            "set env deployment/web B=c A-".Says("deployment.apps/web env updated"),
            "set env deployment/web --list".Mentions("B=c"),
            "set resources deployment web --limits=cpu=200m,memory=512Mi --requests=cpu=100m".Says("deployment.apps/web resource requirements updated"),
            "set serviceaccount deployment web robot".Says("deployment.apps/web serviceaccount updated"),
            "get deployment web -o jsonpath={range.spec.template.spec.containers[0]}{.image},{.resources},{.env}{end},{.spec.template.spec.serviceAccountName}".Says(
                """nginx:3,{"limits":{"cpu":"200m","memory":"512Mi"},"requests":{"cpu":"100m"}},[{"name":"B","value":"c"}],robot"""),
            "set image deployment/web none=nginx:3".Fails("unable to find container named \"none\"")) { Given = Web },

        new("The selector of a service and the subjects of a binding are set",
            "create service clusterip s --tcp=80".Works(),
            "set selector service s app=other".Says("service/s selector updated"),
            "get service s -o jsonpath={.spec.selector}".Says("""{"app":"other"}"""),
            "create rolebinding b --clusterrole=view --user=jane".Works(),
            "set subject rolebinding b --user=john --serviceaccount={ns}:default".Says("rolebinding.rbac.authorization.k8s.io/b subjects updated"),
            "get rolebinding b -o jsonpath={.subjects[*].name}".Says("jane john default")),

        new("Objects are deleted by name, by label and all",
            "delete configmap a".Matches("^configmap \"a\" deleted"),
            "delete configmap a".Fails("""Error from server (NotFound): configmaps "a" not found"""),
            "delete configmap a --ignore-not-found".Says(""),
            "create configmap b".Works(),
            "label configmap b x=y".Works(),
            "delete configmap -l x=y --dry-run=server".Matches("^configmap \"b\" deleted.*\\(server dry run\\)"),
            "delete configmap -l x=y -o name".Says("configmap/b"),
            "create secret generic c".Works(),
            "delete secrets --all".Matches("^secret \"c\" deleted")) { Given = Map },

        new("What an object owns goes with it or stays",
            "wait --for=condition=Progressing deployment/web --timeout=20s".Works(),
            "delete deployment web --cascade=orphan".Matches("^deployment.apps \"web\" deleted"),
            "get replicasets -l app=web --no-headers".Matches("^web-"),
            "delete replicaset -l app=web --cascade=foreground".Matches("^replicaset.apps \"web-").OnlyIn("sid"),
            "get pods -l app=web -o name".Says("").OnlyIn("sid")) { Given = Web },

        new("A kustomization is built, applied and deleted",
            "kustomize {dir}".Mentions("name: pre-a", "team: one").Local(),
            "apply -k {dir}".Says("configmap/pre-a created"),
            "get -k {dir} -o name".Says("configmap/pre-a"),
            "diff -k {dir}".Says(""),
            "delete -k {dir}".Matches("^configmap \"pre-a\" deleted"))
        {
            Files = new Dictionary<string, string>
            {
                ["a.yaml"] = Map,
                ["kustomization.yaml"] = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamePrefix: pre-\ncommonAnnotations: {team: one}\nresources: [a.yaml]\n",
            },
        },
    ];

    private static Dictionary<string, string> Pruned() => new()
    {
        ["1.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, labels: {app: p}}\n",
        ["2.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two, labels: {app: p}}\n",
    };
}
