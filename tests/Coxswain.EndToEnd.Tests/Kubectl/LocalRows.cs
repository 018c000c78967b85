namespace Coxswain.EndToEnd.Tests.Kubectl;

/// <summary>config, completion, plugin, version, options: what mostly happens on the client's side.</summary>
internal static class LocalRows
{
    public static IReadOnlyList<Row> All { get; } =
    [
        new("Versions of both sides are told",
            "version -o json".Mentions("\"serverVersion\"", "\"minor\": \"36\"", "\"gitVersion\": \"v1.36."),
            "version --client".Matches("^Client Version: ")),

        new("The configuration is shown and changed",
            "config view --minify -o jsonpath={.clusters[0].cluster.server}".Says("https://127.0.0.1:{port}"),
            "config current-context".Works(),
            "config get-contexts -o name".Works(),
            "config get-clusters".Matches("^NAME"),
            "config set-context {v} --user=u --cluster=c".Matches("Context \"{v}\" (created|modified)"),
            "config delete-context {v}".Mentions("deleted context {v}")) { Versions = ["sid"] },

        new("Shells are completed", "completion bash".Mentions("kubectl"), "completion zsh".Mentions("kubectl")),

        new("A command line is completed with names from the server",
            "create configmap completed".Works(),
            "__complete get configmap com".Matches("^completed")) { Versions = ["sid"] },

        new("A plug-in is found and run",
            "plugin list".Mentions("kubectl-hello").Env("PATH", "{dir}:/usr/bin:/bin"),
            "hello".Mentions("hello from a plug-in").Env("PATH", "{dir}:/usr/bin:/bin").Local())
        { Files = new Dictionary<string, string> { ["kubectl-hello"] = "#!/bin/sh\necho hello from a plug-in\n" } },

        new("Files are converted by nobody but read by everybody",
            "label --local -f {dir}/a.yaml a=b -o jsonpath={.metadata.labels.a}".Says("b"),
            "annotate --local -f {dir}/a.yaml a=b -o name".Says("configmap/a"),
            "options".Mentions("--kubeconfig"))
        { Files = new Dictionary<string, string> { ["a.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" } },
    ];
}
