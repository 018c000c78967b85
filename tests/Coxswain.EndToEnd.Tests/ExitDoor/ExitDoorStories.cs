using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Testing;
using Coxswain.Testing.Etcd;

namespace Coxswain.EndToEnd.Tests.ExitDoor;

/// <summary>A cluster is handed over from upstream's kube-apiserver to ours and back again, over one etcd.</summary>
public sealed class ExitDoorStories : IAsyncLifetime
{
    /// <summary>What both sides are asked for: kinds that v1.20 reads in the form in which v1.36 stores them.</summary>
    private static readonly string[] BothWays =
    [
        "namespaces", "configmaps", "secrets", "services", "pods", "replicationcontrollers", "persistentvolumes", "persistentvolumeclaims",
        "serviceaccounts", "resourcequotas", "limitranges", "podtemplates", "endpoints", "nodes", "deployments.apps", "daemonsets.apps",
        "statefulsets.apps", "replicasets.apps", "controllerrevisions.apps", "jobs.batch", "networkpolicies.networking.k8s.io",
        "ingressclasses.networking.k8s.io", "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io",
        "clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io", "storageclasses.storage.k8s.io",
        "csidrivers.storage.k8s.io", "volumeattachments.storage.k8s.io", "priorityclasses.scheduling.k8s.io", "runtimeclasses.node.k8s.io",
        "leases.coordination.k8s.io", "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "certificatesigningrequests.certificates.k8s.io", "customresourcedefinitions.apiextensions.k8s.io", "widgets.stable.example",
    ];

    /// <summary>Kinds that v1.36 reads as v1.20 stores them, and stores in a version that v1.20 does not know.</summary>
    private static readonly string[] OnlyIn = ["cronjobs.batch", "poddisruptionbudgets.policy", "horizontalpodautoscalers.v1.autoscaling"];

    /// <summary>What a server says of itself, or changes when it starts.</summary>
    private static readonly string[] OfTheServer = ["default/kubernetes", "kube-system/extension-apiserver-authentication", "/system:", "kube-system/system:", "kube-public/system:"];

    private readonly Instance _instance = new("door");
    private EtcdCluster? _etcd;
    private string _key = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Repository.RequireExecutable();
        Repository.RequireKubectl("1.20");
        Repository.RequireKubectl("sid");
        if (EtcdBinary.Missing("3.4") is { } missing)
            Assert.Skip(missing);
        if (!File.Exists(UpstreamServer.Program))
            Assert.Skip("upstream's kube-apiserver is missing: scripts/upstream.sh builds it in some minutes (./build.sh soak does)");
        Directory.CreateDirectory(_instance.DataDir);
        _etcd = await EtcdCluster.StartAsync("3.4", cancellation: Cancellation);
        _key = Path.Combine(_instance.DataDir, "sa.key");
        using var rsa = RSA.Create(2048);
        await File.WriteAllTextAsync(_key, rsa.ExportRSAPrivateKeyPem(), Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (_etcd is not null)
            await _etcd.DisposeAsync();
        await _instance.RemoveAsync();
    }

    [Fact]
    public async Task What_upstream_stored_is_served_and_changed_here_and_then_served_by_upstream_again()
    {
        // 1. Upstream writes.
        Dictionary<string, JsonNode> theirs;
        await using (var upstream = await UpstreamServer.StartAsync(_instance.DataDir, _etcd!.Endpoints[0], _key, Cancellation))
        {
            await upstream.KubectlAsync(Cancellation, "create", "-f", await ObjectsAsync());
            await upstream.KubectlAsync(Cancellation, "wait", "--for=condition=Established", "crd/widgets.stable.example");
            var widget = await WriteAsync("widget.yaml", "apiVersion: stable.example/v1\nkind: Widget\nmetadata: {name: w, namespace: door}\nspec: {n: 3}\n");
            await Eventually.TrueAsync(async () => (await upstream.TryKubectlAsync(Cancellation, "create", "-f", widget)).ExitCode == 0, cancellation: Cancellation);
            theirs = await ReadAsync([.. BothWays, .. OnlyIn], resource => upstream.KubectlAsync(Cancellation, "get", resource, "-A", "-o", "json"));
        }

        // 2. Ours serves all of it, and changes each.
        Dictionary<string, JsonNode> ours;
        using (var server = StartOurs())
        {
            var log = server.StandardError.ReadToEndAsync(Cancellation);
            await Eventually.TrueAsync(
                async () => File.Exists(_instance.KubeConfig) && (await _instance.TryKubectlAsync("sid", Cancellation, "get", "--raw", "/readyz")).Output == "ok",
                cancellation: Cancellation);
            ours = await ReadAsync([.. BothWays, .. OnlyIn], resource => _instance.KubectlAsync("sid", Cancellation, "get", resource, "-A", "-o", "json"));
            AssertHas(theirs, ours);
            foreach (var resource in BothWays)
                await _instance.KubectlAsync("sid", Cancellation, "annotate", resource, "-A", "--all", "handed=over");
            ours = await ReadAsync(BothWays, resource => _instance.KubectlAsync("sid", Cancellation, "get", resource, "-A", "-o", "json"));
            await Shell.RunAsync("kill", ["-TERM", server.Id.ToString(CultureInfo.InvariantCulture)], Cancellation);
            await server.WaitForExitAsync(Cancellation);
            Assert.True(server.ExitCode == 0, await log);
        }

        // 3. Upstream serves what ours stored, and its next change is in its own form again.
        await using (var upstream = await UpstreamServer.StartAsync(_instance.DataDir, _etcd!.Endpoints[0], _key, Cancellation))
        {
            theirs = await ReadAsync(BothWays, resource => upstream.KubectlAsync(Cancellation, "get", resource, "-A", "-o", "json"));
            AssertHas(theirs, ours);
            Assert.All(theirs.Where(o => !OfServer(o.Key)), o => Assert.Equal("over", (string?)o.Value["metadata"]!["annotations"]?["handed"]));
            await upstream.KubectlAsync(Cancellation, "scale", "-n", "door", "deployment/dep", "--replicas=7");
            Assert.Equal("7", await upstream.KubectlAsync(Cancellation, "get", "-n", "door", "deployment/dep", "-o", "jsonpath={.spec.replicas}"));
        }
    }

    private Process StartOurs() => Process.Start(new ProcessStartInfo(
        Repository.Executable,
        [
            "server", "--data-dir", _instance.DataDir, "--secure-port", _instance.Port.ToString(CultureInfo.InvariantCulture), "--bind-address=127.0.0.1",
            $"--etcd-servers={_etcd!.Endpoints[0]}", "--controllers=-*", "--no-scheduler", "--service-account-signing-key-file", _key,
            "--service-account-key-file", _key,
        ])
    { RedirectStandardError = true, RedirectStandardOutput = true })!;

    private async Task<string> ObjectsAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Convert.ToBase64String(Encoding.ASCII.GetBytes(new CertificateRequest("CN=door", key, HashAlgorithmName.SHA256).CreateSigningRequestPem()));
        await using var stream = typeof(ExitDoorStories).Assembly.GetManifestResourceStream("exit-door-objects")!;
        using var reader = new StreamReader(stream);
        var objects = await reader.ReadToEndAsync(Cancellation);
        return await WriteAsync("objects.yaml", objects.Replace("CERTIFICATE-REQUEST", request, StringComparison.Ordinal));
    }

    private async Task<string> WriteAsync(string name, string text)
    {
        var path = Path.Combine(_instance.DataDir, name);
        await File.WriteAllTextAsync(path, text, Cancellation);
        return path;
    }

    /// <summary>All objects of some resources, by resource, namespace and name.</summary>
    private static async Task<Dictionary<string, JsonNode>> ReadAsync(IEnumerable<string> resources, Func<string, Task<string>> list)
    {
        var all = new Dictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach (var resource in resources)
        {
            var items = JsonNode.Parse(await list(resource))!["items"]!.AsArray();
            Assert.NotEmpty(items);
            foreach (var item in items)
                all[$"{resource} {(string?)item!["metadata"]!["namespace"]}/{(string?)item["metadata"]!["name"]}"] = item;
        }

        return all;
    }

    private static bool OfServer(string key) => OfTheServer.Any(name => key.Contains(' ' + name, StringComparison.Ordinal));

    /// <summary>Every object of upstream is there, with every field that upstream shows. There may be more: it knows fewer fields.</summary>
    private static void AssertHas(Dictionary<string, JsonNode> upstream, Dictionary<string, JsonNode> ours)
    {
        var missing = new List<string>();
        foreach (var (key, value) in upstream)
        {
            if (OfServer(key))
                continue;
            if (ours.TryGetValue(key, out var same))
                Compare(value, same, key, missing);
            else
                missing.Add($"{key} is missing");
        }

        Assert.True(missing.Count == 0, string.Join('\n', missing));
    }

    private static void Compare(JsonNode? upstream, JsonNode? ours, string path, List<string> missing)
    {
        if (upstream is JsonObject fields && ours is JsonObject others)
        {
            // The version in which a kind is shown is the client's choice; selfLink ended with v1.20.
            foreach (var (name, value) in fields)
                if (name is not ("apiVersion" or "selfLink" or "managedFields"))
                    Compare(value, others[name], $"{path}.{name}", missing);
        }
        else if (upstream is JsonArray items && ours is JsonArray otherItems && items.Count == otherItems.Count)
        {
            for (var i = 0; i < items.Count; i++)
                Compare(items[i], otherItems[i], $"{path}[{i.ToString(CultureInfo.InvariantCulture)}]", missing);
        }
        else if (!JsonNode.DeepEquals(upstream, ours))
        {
            missing.Add($"{path}: {upstream?.ToJsonString() ?? "null"}, here {ours?.ToJsonString() ?? "null"}");
        }
    }
}
