namespace Coxswain.EndToEnd.Tests.Kubectl;

/// <summary>logs, exec, cp, attach, debug, rollout status, wait: what needs pods that run.</summary>
internal static class PodRows
{
    private const string Image = "localhost/busybox:1";

    private static string Pod(string name, string script, string more = "") =>
        $"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\nspec:\n  terminationGracePeriodSeconds: 0\n  {more}\n  containers:\n"
        + $"  - {{name: c, image: '{Image}', command: [sh, -c, '{script}'], env: [{{name: A, value: b}}]}}\n";

    private const string Web =
        $$$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 1
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: '{{{Image}}}', command: [sh, -c, 'echo started; exec sleep 1000']}]}
        """;

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Logs are shown whole, in part, with their times, of several pods and to the end",
            "wait --for=condition=Ready pod/p --timeout=60s".Says("pod/p condition met"),
            "logs p".Says("one\ntwo\nthree").Soon(),
            "logs p --tail=1".Says("three"),
            "logs p -c c --since=1h --limit-bytes=3".Says("one"),
            "logs p --timestamps --tail=1".Matches(@"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z three$"),
            "logs -l app=p --prefix --tail=1".Says("[pod/p/c] three"),
            "logs p --all-containers".Says("one\ntwo\nthree"),
            "logs p --previous".Fails("previous terminated container \"c\" in pod \"p\" not found"),
            "logs p -c none".Fails("container none is not valid for pod p"),
            "logs none".Fails("pods \"none\" not found"),
            "logs -f done".Says("four\nfive"))
        { Given = Pod("p", "echo one; echo two; echo three; exec sleep 1000") + "---\n" + Pod("done", "echo four; sleep 1; echo five", "restartPolicy: Never") },

        new("A program is run in a container, with its input, its output and its exit code",
            "wait --for=condition=Ready pod/p --timeout=60s".Works(),
            "exec p -- echo hello".Says("hello"),
            "exec p -c c -- sh -c 'echo $A; exit 3'".Ends(3, "b"),
            "exec -i p -- cat".Says("typed in").With("typed in"),
            "exec pod/p -- hostname".Says("p"),
            "exec p -- none".Fails("none"),
            "exec p -c none -- true".Fails("container none is not valid for pod p"),
            "exec none -- true".Fails("pods \"none\" not found")) { Given = Pod("p", "exec sleep 1000") },

        new("Files are copied into a container and out of it",
            "wait --for=condition=Ready pod/p --timeout=60s".Works(),
            "cp {dir}/folder p:/tmp/folder".Works(),
            "exec p -- cat /tmp/folder/a.txt".Says("text"),
            "cp {ns}/p:/tmp/folder/a.txt {dir}/back.txt -c c".Works(),
            "create configmap back --from-file={dir}/back.txt".Works(),
            "get configmap back -o jsonpath={.data.back\\.txt}".Says("text"))
        { Given = Pod("p", "exec sleep 1000"), Files = new Dictionary<string, string> { ["folder/a.txt"] = "text\n" } },

        new("One attaches to a container that runs",
            "wait --for=condition=Ready pod/p --timeout=60s".Works(),
            "attach p".Mentions("tick", "last")) { Given = Pod("p", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo tick; sleep 0.2; done; echo last", "restartPolicy: Never") },

        new("A pod is run, attached to, and removed when it has ended",
            $"run p --image={Image} --restart=Never --rm -i --quiet -- sh -c 'cat; echo end'".Mentions("typed in", "end").With("typed in\n"),
            "get pod p".Fails("NotFound").Soon()),

        new("A pod is looked into with a container of its own for that",
            "wait --for=condition=Ready pod/p --timeout=60s".Works(),
            $"debug p --image={Image} -c look --target=c -- sh -c 'echo looked; sleep 1000'".Works(),
            "get pod p -o jsonpath={.spec.ephemeralContainers[0].name},{.spec.ephemeralContainers[0].targetContainerName}".Says("look,c"),
            "logs p -c look".Says("looked").Soon(),
            "get pod p -o jsonpath={.status.ephemeralContainerStatuses[0].state.running.startedAt}".Matches("^20").Soon(),
            "exec p -c look -- ps".Mentions("sleep 1000"))
        { Given = Pod("p", "exec sleep 1000"), Versions = ["sid"] },

        new("A pod is copied to be looked into",
            "wait --for=condition=Ready pod/p --timeout=60s".Works(),
            $"debug p --image={Image} --copy-to=copy -c look -- sh -c 'echo looked; exec sleep 1000'".Works(),
            "get pod copy -o jsonpath={.spec.containers[*].name}".Says("c look"),
            "logs copy -c look".Says("looked").Soon(),
            "delete pod copy --now".Works()) { Given = Pod("p", "exec sleep 1000") },

        new("A node is looked into",
            $"debug node/rows --image={Image} -- sh -c 'ls /host/etc/hostname; hostname'".Mentions("node-debugger-rows-"),
            "get pods -o jsonpath={.items[0].spec.hostNetwork},{.items[0].spec.hostPID},{.items[0].spec.nodeName}".Says("true,true,rows"),
            "get pods --no-headers".Matches("^node-debugger-rows-.* Completed ").Soon(),
            "get pods -o jsonpath={.items[0].status.containerStatuses[0].state.terminated.exitCode}".Says("0").Soon()),

        new("A rollout is followed to its end, begun anew and taken back",
            "rollout status deployment/web --timeout=60s".Mentions("deployment \"web\" successfully rolled out"),
            "wait --for=condition=Available deployment/web --timeout=60s".Says("deployment.apps/web condition met"),
            "get deployment web --no-headers".Matches(@"^web +1/1 +1 +1 +\d+s"),
            "rollout restart deployment/web".Says("deployment.apps/web restarted"),
            "rollout status deployment/web --timeout=60s".Mentions("deployment \"web\" successfully rolled out"),
            "rollout undo deployment/web".Says("deployment.apps/web rolled back"),
            "rollout status deployment/web --timeout=60s".Mentions("deployment \"web\" successfully rolled out"),
            "logs deployment/web".Mentions("started"),
            "exec deployment/web -- echo hello".Says("hello"),
            "scale deployment web --replicas=2".Works(),
            "wait --for=condition=Ready pods -l app=web --timeout=60s".Mentions("condition met"),
            "delete deployment web --wait".Works()) { Given = Web },

        new("A pod is shown with its node, its address and what happened to it",
            "wait --for=condition=Ready pod/p --timeout=60s".Works(),
            "get pods -o wide --no-headers".Matches(@"^p +1/1 +Running +0 +\d+s +10\.\d+\.\d+\.\d+ +rows +<none> +<none>"),
            "get pods --field-selector=status.phase=Running,spec.nodeName=rows -o name".Says("pod/p"),
            "describe pod p".Mentions("Name:", "Node:", "rows/", "Successfully assigned {ns}/p to rows", "Container created", "Container started"),
            "get events --field-selector=involvedObject.name=p -o jsonpath={.items[*].reason}".Mentions("Scheduled", "Pulled", "Created", "Started").Soon(),
            "delete pod p --now".Matches("^pod \"p\" deleted"),
            "get pod p".Fails("NotFound")) { Given = Pod("p", "exec sleep 1000") },

        new("Waiting for a field ends when the pod runs",
            "wait --for=jsonpath={.status.phase}=Running pod/p --timeout=60s".Says("pod/p condition met"),
            "events --for=pod/p".Mentions("Scheduled", "Pod/p").Soon(),
            "delete pod p --force --grace-period=0".Warns("Immediate deletion does not wait for confirmation")) { Given = Pod("p", "exec sleep 1000"), Versions = ["sid"] },

        new("A job runs to its end",
            $"create job j --image={Image} -- echo done".Says("job.batch/j created"),
            "wait --for=condition=Complete job/j --timeout=60s".Says("job.batch/j condition met"),
            "logs job/j".Says("done"),
            "get job j --no-headers".Matches(@"^j +(Complete +)?1/1 +\d+s +\d+s")),

        new("Where nobody measures, top of a pod says so", "top pod none".Fails("Metrics API not available")),
    ];
}
