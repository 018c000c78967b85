namespace Coxswain.EndToEnd.Tests.Kubectl;

/// <summary>scale, rollout: what changes how workloads run. No pod needs to run for these.</summary>
internal static class WorkloadRows
{
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
            spec: {containers: [{name: c, image: 'nginx:1'}]}
        """;

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Workloads are scaled, if they are as they are believed to be",
            "scale deployment web --replicas=3".Says("deployment.apps/web scaled"),
            "get deployment web -o jsonpath={.spec.replicas}".Says("3"),
            "scale deployment web --current-replicas=5 --replicas=1".Fails("Expected replicas to be 5, was 3"),
            "scale --replicas=2 -f {dir}/web.yaml".Says("deployment.apps/web scaled"),
            "scale deployment none --replicas=2".Fails("NotFound"),
            "wait --for=condition=Progressing deployment/web --timeout=20s".Works(),
            "scale replicaset -l app=web --replicas=0".Matches("^replicaset.apps/web-")) { Given = Web, Files = new Dictionary<string, string> { ["web.yaml"] = Web } },

        new("A rollout has a history, and goes back",
            "wait --for=condition=Progressing deployment/web --timeout=20s".Works(),
            "annotate deployment web kubernetes.io/change-cause=first".Works(),
            "set image deployment/web c=nginx:2".Works(),
            "annotate deployment web kubernetes.io/change-cause=second --overwrite".Works(),
            "rollout history deployment/web".Matches(@"^deployment.apps/web ?\nREVISION +CHANGE-CAUSE\n1 +first\n2 +second").Soon(),
            "rollout history deployment/web --revision=1".Mentions("with revision #1", "nginx:1"),
            "rollout undo deployment/web".Says("deployment.apps/web rolled back"),
            "get deployment web -o jsonpath={.spec.template.spec.containers[0].image}".Says("nginx:1"),
            "rollout history deployment/web".Matches(@"^deployment.apps/web ?\nREVISION +CHANGE-CAUSE\n2 +second\n3 +first").Soon(),
            "rollout undo deployment/web --to-revision=2".Says("deployment.apps/web rolled back"),
            "get deployment web -o jsonpath={.spec.template.spec.containers[0].image}".Says("nginx:2"),
            "rollout pause deployment/web".Works(),
            "rollout undo deployment/web".Fails("a paused deployment"),
            "rollout resume deployment/web".Works(),
            "rollout undo deployment/web --to-revision=77".Fails("unable to find specified revision 77 in history")) { Given = Web },

        new("A rollout is paused, resumed and begun anew",
            "wait --for=condition=Progressing deployment/web --timeout=20s".Works(),
            "rollout pause deployment/web".Says("deployment.apps/web paused"),
            "rollout pause deployment/web".Fails("deployments.apps \"web\" is already paused"),
            "rollout resume deployment/web".Says("deployment.apps/web resumed"),
            "rollout restart deployment/web".Says("deployment.apps/web restarted"),
            "get deployment web -o jsonpath={.spec.template.metadata.annotations}".Mentions("kubectl.kubernetes.io/restartedAt"),
            "rollout status deployment/web --timeout=1s".Fails("timed out waiting for the condition").OnlyIn("1.20"),
            "rollout status deployment/web --watch=false".Matches("^Waiting for deployment")) { Given = Web },

        new("Stateful and daemon sets roll out, too",
            "rollout history statefulset/s".Matches(@"^statefulset.apps/s ?\nREVISION +CHANGE-CAUSE\n1 +<none>").Soon(),
            "rollout restart statefulset/s daemonset/d".Says("statefulset.apps/s restarted\ndaemonset.apps/d restarted"),
            "rollout history statefulset/s".Matches(@"^1 +<none>\n2 +<none>").Soon(),
            "rollout undo statefulset/s".Says("statefulset.apps/s rolled back"),
            "rollout history daemonset/d".Matches(@"^1 +<none>\n2 +<none>").Soon(),
            "rollout undo daemonset/d --to-revision=1".Says("daemonset.apps/d rolled back"),
            "scale statefulset s --replicas=0".Says("statefulset.apps/s scaled"))
        {
            Given = """
                apiVersion: apps/v1
                kind: StatefulSet
                metadata: {name: s}
                spec: {serviceName: s, selector: {matchLabels: {app: s}}, template: {metadata: {labels: {app: s}}, spec: {containers: [{name: c, image: i}]}}}
                ---
                apiVersion: apps/v1
                kind: DaemonSet
                metadata: {name: d}
                spec: {selector: {matchLabels: {app: d}}, template: {metadata: {labels: {app: d}}, spec: {nodeSelector: {none: none}, containers: [{name: c, image: i}]}}}
                """,
        },
    ];
}
