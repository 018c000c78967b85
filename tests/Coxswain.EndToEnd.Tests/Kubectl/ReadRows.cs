namespace Coxswain.EndToEnd.Tests.Kubectl;

/// <summary>get, describe, explain, events, wait, diff, api-resources: what only looks.</summary>
internal static class ReadRows
{
    private const string Three =
        """
        apiVersion: v1
        kind: List
        items:
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: b, labels: {tier: back}}, data: {rank: "2"}}
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {tier: front}}, data: {rank: "3"}}
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {tier: front}}, data: {rank: "1"}}
        """;

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Objects are shown in every form",
            "get configmap a b -o name".Says("configmap/a\nconfigmap/b"),
            "get configmap a -o jsonpath={.data.rank}".Says("3"),
            "get configmap -l tier -o jsonpath='{range .items[*]}{.metadata.name}={.data.rank}{\"\\n\"}{end}'".Says("a=3\nb=2\nc=1"),
            "get configmap -l tier -o go-template='{{range .items}}{{.metadata.name}} {{end}}'".Says("a b c"),
            "get configmap -l tier -o custom-columns=NAME:.metadata.name,RANK:.data.rank,NONE:.none".Says("NAME   RANK   NONE\na      3      <none>\nb      2      <none>\nc      1      <none>"),
            "get configmap a -o yaml".Matches("^apiVersion: v1\ndata:\n  rank: \"3\"\nkind: ConfigMap\nmetadata:\n  creationTimestamp: \"20.*\"\n  labels:\n    tier: front\n"),
            "get configmap a -o json".Mentions("\"kind\": \"ConfigMap\"", "\"rank\": \"3\"")) { Given = Three },

        new("Objects are chosen by labels and fields",
            "get configmap -l tier=front -o name".Says("configmap/a\nconfigmap/c"),
            "get configmap -l 'tier in (back),tier!=front' -o name".Says("configmap/b"),
            "get configmap -l '!tier' --no-headers -o name".Says("configmap/kube-root-ca.crt").Soon(),
            "get configmap --field-selector=metadata.name=b -o name".Says("configmap/b"),
            "get configmap --field-selector=data.rank=1".Fails("\"data.rank\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""),
            "get configmap none".Fails("""Error from server (NotFound): configmaps "none" not found"""),
            "get configmap none --ignore-not-found".Says(""),
            "get configmap -l none=none".Says("")) { Given = Three },

        new("Tables have upstream's columns, labels and order",
            "get configmap a --show-labels".Matches(@"^NAME +DATA +AGE +LABELS\na +1 +\d+s +tier=front"),
            "get configmap a -L tier --show-kind".Matches(@"^NAME +DATA +AGE +TIER\nconfigmap/a +1 +\d+s +front"),
            "get configmap -l tier --no-headers --sort-by=.data.rank".Matches(@"^c .*\nb .*\na .*"),
            "get configmap -l tier --no-headers --sort-by=.metadata.name".Matches(@"^a .*\nb .*\nc .*"),
            "get configmap -A -l tier=back --field-selector metadata.namespace={ns} --no-headers".Matches(@"^{ns} +b +1 +\d+s")) { Given = Three },

        new("Long lists come in pieces", "get configmap -l tier -o name --chunk-size=1".Says("configmap/a\nconfigmap/b\nconfigmap/c")) { Given = Three },

        new("Several kinds are shown at once",
            "create service clusterip s --tcp=80".Works(),
            "create deployment d --image=i".Works(),
            "get all --no-headers".Matches(@"^service/s +ClusterIP"),
            "get configmap/a deployment/d -o name".Says("configmap/a\ndeployment.apps/d"),
            "get deployments,services -o name".Says("deployment.apps/d\nservice/s"),
            "get pods,jobs".Mentions("d-").Soon()) { Given = Three },

        new("A raw path is read",
            "get --raw /readyz".Says("ok"),
            "get --raw /version".Mentions("\"major\": \"1\"", "\"minor\": \"36\""),
            "get --raw /api/v1/namespaces/{ns}/configmaps/a".Mentions("\"rank\":\"3\""),
            "get --raw /none".Fails("the server could not find the requested resource")) { Given = Three },

        new("A subresource is read",
            "create deployment d --image=i --replicas=3".Works(),
            "get deployment d --subresource=scale -o jsonpath={.spec.replicas}".Says("3"),
            "get deployment d --subresource=status -o jsonpath={.kind}".Says("Deployment")) { Versions = ["sid"] },

        new("Kinds are described",
            "create deployment d --image=i".Works(),
            "create service clusterip s --tcp=80".Works(),
            "create secret generic k --from-literal=a=bcd".Works(),
            "create role r --verb=get --resource=pods".Works(),
            "describe deployment d".Mentions("Name:                   d\n", "Replicas:               1 desired", "StrategyType:           RollingUpdate", "Image:", "OldReplicaSets:"),
            "describe service s".Mentions("Name:", "Type:", "ClusterIP", "Endpoints:", "Session Affinity:"),
            "describe secret k".Mentions("Type:  Opaque", "a:  3 bytes"),
            "describe configmap a".Mentions("Data\n====\nrank:\n----\n3"),
            "describe role r".Mentions("PolicyRule:\n  Resources  Non-Resource URLs  Resource Names  Verbs\n", "  pods       []                 []              [get]"),
            "describe namespace {ns}".Mentions("Name:         {ns}\n", "Status:       Active", "No resource quota.", "No LimitRange resource."),
            "describe serviceaccount default".Mentions("Name:").Soon(),
            "describe configmap none".Fails("""Error from server (NotFound): configmaps "none" not found""")) { Given = Three },

        new("Volumes, claims and ingresses are described",
            "get pv,pvc --no-headers".Matches(@"^persistentvolume/{v} +1Gi +RWO +Retain +(Available|Bound|Pending)?"),
            "describe pvc c".Mentions("Name:          c\n", "StorageClass:", "Access Modes:"),
            "describe pv {v}".Mentions("Name:            {v}\n", "Reclaim Policy:  Retain", "HostPath"),
            "describe ingress i".Mentions("Name:", "shop.example", "s:80")) 
        {
            Given = """
                apiVersion: v1
                kind: PersistentVolume
                metadata: {name: '{v}'}
                spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Retain, storageClassName: none, hostPath: {path: /tmp/x}}
                ---
                apiVersion: v1
                kind: PersistentVolumeClaim
                metadata: {name: c}
                spec: {accessModes: [ReadWriteOnce], storageClassName: other, resources: {requests: {storage: 1Gi}}}
                ---
                apiVersion: networking.k8s.io/v1
                kind: Ingress
                metadata: {name: i}
                spec: {rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}
                """,
        },

        new("Fields are explained, all of them below one, and of one version",
            "explain pods".Matches(@"^KIND: +Pod\nVERSION: +v1\n"),
            "explain pod.spec.containers.image".Matches(@"^FIELD: *image|^FIELD: +image <string>"),
            "explain deployment.spec.strategy --recursive".Mentions("rollingUpdate", "maxSurge", "maxUnavailable", "type"),
            "explain deployment --api-version=apps/v1".Matches(@"^KIND: +Deployment"),
            "explain pod.nonsense".Fails("nonsense")),

        new("A new kubectl explains from version 3",
            "explain pod.spec.restartPolicy".Mentions("KIND:       Pod", "VERSION:    v1", "FIELD: restartPolicy <string>"),
            "explain configmap --recursive".Mentions("immutable\t<boolean>", "metadata\t<ObjectMeta>"),
            "explain hpa --api-version=autoscaling/v2".Mentions("GROUP:      autoscaling", "KIND:       HorizontalPodAutoscaler", "VERSION:    v2"),
            "explain pods -o plaintext-openapiv2".Mentions("KIND:     Pod")) { Versions = ["sid"] },

        new("Events are shown, and those of one object",
            "events".Says("LAST SEEN   TYPE      REASON   OBJECT   MESSAGE\n<unknown>   Warning   Tried    Pod/x    it did not work").Soon(),
            "events --for=pod/x --types=Warning -o json".Mentions("\"name\": \"one\""),
            "events --for=pod/y".Warns("No events found in {ns} namespace."),
            "get events --field-selector=reason=Tried -o name".Says("event/one"))
        {
            Versions = ["sid"],
            Given = "apiVersion: v1\nkind: Event\nmetadata: {name: one, namespace: '{ns}'}\ninvolvedObject: {kind: Pod, name: x, namespace: '{ns}', apiVersion: v1}\nreason: Tried\nmessage: it did not work\ntype: Warning\n",
        },

        new("Waiting ends when a condition, a field or an object comes about",
            "wait --for=condition=Available deployment/d --timeout=0s".Fails("condition not met for deployments/d"),
            "wait --for=jsonpath={.data.rank}=3 configmap/a --timeout=10s".Says("configmap/a condition met"),
            "wait --for=jsonpath='{.metadata.name}' configmap --all --timeout=10s".Mentions("configmap/a condition met", "configmap/b condition met"),
            "wait --for=create configmap/a --timeout=10s".Says("configmap/a condition met"),
            "wait --for=create configmap/never --timeout=1s".Fails("timed out waiting for the condition"),
            "wait --for=condition=Progressing deployment/d --timeout=20s".Says("deployment.apps/d condition met"))
        { Versions = ["sid"], Given = Three + "\n- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}" },

        new("Waiting ends when an object is gone",
            "delete configmap a --wait=false".Works(),
            "wait --for=delete configmap/a --timeout=10s".Works().OnlyIn("sid"),
            "wait --for=delete configmap/b --timeout=1s".Fails("timed out waiting for the condition on configmaps/b")) { Given = Three },

        new("A difference is shown before it is made",
            "diff -f {dir}/same.yaml".Says(""),
            "diff -f {dir}/other.yaml".Ends(1, "-  rank: \"3\"", "+  rank: \"4\""),
            "diff -f {dir}/new.yaml".Ends(1, "+  name: d"),
            "diff --server-side --force-conflicts -f {dir}/other.yaml".Ends(1, "-  rank: \"3\"", "+  rank: \"4\""))
        {
            Given = Three,
            Files = new Dictionary<string, string>
            {
                ["same.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {tier: front}}\ndata: {rank: \"3\"}\n",
                ["other.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {tier: front}}\ndata: {rank: \"4\"}\n",
                ["new.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n",
            },
        },

        new("A watch tells what happens, in the form that was asked for",
            "get configmap a --watch -o jsonpath={.metadata.name} --request-timeout=1s".Prints("a"),
            "get configmap -l tier --watch-only --output-watch-events --request-timeout=1s".Prints(""),
            "get configmap -l tier -w --no-headers --output-watch-events --request-timeout=1s".Prints("ADDED", " a ")) { Given = Three },

        new("What the server serves is listed",
            "api-resources --api-group=apps --no-headers -o wide".Matches(@"^deployments +deploy +apps/v1 +true +Deployment +\[?create[, ]"),
            "api-resources --namespaced=false -o name".Mentions("nodes\n", "clusterroles.rbac.authorization.k8s.io\n", "persistentvolumes\n"),
            "api-resources --verbs=list,create --categories=all -o name".Mentions("pods\n", "services\n").OnlyIn("sid"),
            "api-versions".Mentions("apps/v1\n", "autoscaling/v2\n", "v1\n"),
            "api-resources --no-headers --api-group=none".Says("")),
    ];
}
