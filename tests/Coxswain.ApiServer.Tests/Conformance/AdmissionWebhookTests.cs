using System.Text.Json.Nodes;
using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.Conformance;

/// <summary>Admission webhooks, as the public list of behaviours names them, and what upstream's clients see of them beyond it.</summary>
public sealed class AdmissionWebhookTests : IAsyncLifetime
{
    private TestCluster _cluster = null!;
    private Api _api = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync(Cancellation);
        _api = new(_cluster);
    }

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        await _cluster.DisposeAsync();
    }

    private static string Configuration(string kind, string name, FakeWebhook hook, string path, string rules, string more = "", string labels = "") =>
        "{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":\"" + kind + "\",\"metadata\":{\"name\":\"" + name + "\",\"labels\":{" + labels + "}},"
        + "\"webhooks\":[{\"name\":\"hook.example.com\",\"clientConfig\":{\"url\":\"" + hook.Url(path) + "\",\"caBundle\":\"" + hook.CaBundle + "\"},"
        + "\"rules\":[" + rules + "],\"sideEffects\":\"None\",\"admissionReviewVersions\":[\"v1\"]" + more + "}]}";

    private const string ConfigMaps = """{"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"],"operations":["CREATE","UPDATE","DELETE"]}""";

    private static string Rule(string group, string version, string resource, string operations) =>
        $$"""{"apiGroups":["{{group}}"],"apiVersions":["{{version}}"],"resources":["{{resource}}"],"operations":[{{operations}}]}""";

    private Task<Answer> ValidatingAsync(FakeWebhook hook, string rules = ConfigMaps, string path = "/", string more = "", string name = "v") => _api.PostAsync(
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", Configuration("ValidatingWebhookConfiguration", name, hook, path, rules, more));

    private Task<Answer> MutatingAsync(FakeWebhook hook, string rules = ConfigMaps, string path = "/", string more = "", string name = "m") => _api.PostAsync(
        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", Configuration("MutatingWebhookConfiguration", name, hook, path, rules, more));

    private Task<Answer> TryCreateAsync(string @namespace, string name, string more = "", string query = "") =>
        _api.PostAsync($"/api/v1/namespaces/{@namespace}/configmaps{query}", $$$"""{"metadata":{"name":"{{{name}}}"}{{{more}}}}""");

    private static JsonArray AddData(string key, string value) =>
        [new JsonObject { ["op"] = "add", ["path"] = "/data", ["value"] = new JsonObject { [key] = value } }];

    [Fact]
    public async Task What_a_webhook_denies_does_not_happen_and_the_client_is_told_who_denied_it()
    {
        await using var hook = new FakeWebhook((_, q) =>
        {
            var data = q["request"]!["object"]?["data"]?["webhook-e2e-test"];
            return FakeWebhook.Review(q, (string?)data != "disallow", message: "the configmap contains unwanted key and value");
        });
        (await ValidatingAsync(hook)).Expect(201);
        var @namespace = await _api.NamespaceAsync();
        const string Bad = """, "data":{"webhook-e2e-test":"disallow"}""";

        var denied = await _api.UntilAsync(() => TryCreateAsync(@namespace, "bad", Bad, "?dryRun=All"), a => a.Code != 201);
        var good = await TryCreateAsync(@namespace, "good");
        var updated = await _api.PutAsync($"/api/v1/namespaces/{@namespace}/configmaps/good", """{"metadata":{"name":"good"},"data":{"webhook-e2e-test":"disallow"}}""");
        var patched = await _api.MergeAsync($"/api/v1/namespaces/{@namespace}/configmaps/good", """{"data":{"webhook-e2e-test":"disallow"}}""");

        Assert.Equal(400, denied.Code);
        Assert.Equal("admission webhook \"hook.example.com\" denied the request: the configmap contains unwanted key and value", denied.Message);
        good.Expect(201);
        Assert.Equal((400, 400), (updated.Code, patched.Code));
        (await _api.GetAsync($"/api/v1/namespaces/{@namespace}/configmaps/bad")).Expect(404);
    }

    [Fact]
    public async Task A_webhook_is_told_everything_about_the_request()
    {
        await using var hook = new FakeWebhook((_, q) => FakeWebhook.Review(q, true));
        (await ValidatingAsync(hook)).Expect(201);
        var @namespace = await _api.NamespaceAsync();
        await _api.UntilAsync(() => TryCreateAsync(@namespace, "probe", query: "?dryRun=All"), _ => !hook.Questions.IsEmpty);
        hook.Questions.Clear();

        (await TryCreateAsync(@namespace, "a", query: "?fieldManager=me&dryRun=All")).Expect(201);
        (await TryCreateAsync(@namespace, "a")).Expect(201);
        (await _api.MergeAsync($"/api/v1/namespaces/{@namespace}/configmaps/a", """{"data":{"k":"v"}}""")).Expect(200);
        (await _api.DeleteAsync($"/api/v1/namespaces/{@namespace}/configmaps/a", """{"propagationPolicy":"Background"}""")).Expect(200);

        var requests = hook.Questions.Select(q => q["request"]!).ToList();
        Assert.Equal(["CREATE", "CREATE", "UPDATE", "DELETE"], requests.Select(r => (string?)r["operation"]));
        var create = requests[0];
        Assert.Equal("""{"group":"","version":"v1","kind":"ConfigMap"}""", create["kind"]!.ToJsonString());
        Assert.Equal("""{"group":"","version":"v1","resource":"configmaps"}""", create["resource"]!.ToJsonString());
        Assert.Equal("""{"group":"","version":"v1","kind":"ConfigMap"}""", create["requestKind"]!.ToJsonString());
        Assert.Equal((@namespace, "a", true), ((string?)create["namespace"], (string?)create["name"], (bool)create["dryRun"]!));
        Assert.Equal("admin", (string?)create["userInfo"]!["username"]);
        Assert.Equal(("ConfigMap", "v1"), ((string?)create["object"]!["kind"], (string?)create["object"]!["apiVersion"]));
        Assert.Null(create["oldObject"]);
        Assert.Equal("""{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1","dryRun":["All"],"fieldManager":"me"}""", create["options"]!.ToJsonString());
        Assert.Equal("v", (string?)requests[2]["object"]!["data"]!["k"]);
        Assert.Null(requests[2]["oldObject"]!["data"]);
        Assert.Null(requests[3]["object"]);
        Assert.Equal("v", (string?)requests[3]["oldObject"]!["data"]!["k"]);
        Assert.Equal("DeleteOptions", (string?)requests[3]["options"]!["kind"]);
    }

    [Fact]
    public async Task Two_mutating_webhooks_see_each_others_work_in_the_order_of_their_names()
    {
        await using var hook = new FakeWebhook((path, q) =>
        {
            var data = q["request"]!["object"]!["data"]?.AsObject();
            var (needs, adds) = path == "/1" ? ("mutation-start", "mutation-stage-1") : ("mutation-stage-1", "mutation-stage-2");
            JsonArray? patch = data?.ContainsKey(needs) == true
                ? [new JsonObject { ["op"] = "add", ["path"] = "/data/" + adds, ["value"] = "yes" }]
                : null;
            return FakeWebhook.Review(q, true, patch);
        });
        (await MutatingAsync(hook, path: "/1", name: "a-first")).Expect(201);
        (await MutatingAsync(hook, path: "/2", name: "b-second")).Expect(201);
        var @namespace = await _api.NamespaceAsync();

        var made = await _api.UntilAsync(
            () => TryCreateAsync(@namespace, "a", """, "data":{"mutation-start":"yes"}""", "?dryRun=All"), a => a["data/mutation-stage-2"] is not null);

        Assert.Equal("yes", made.String("data/mutation-stage-1"));
    }

    [Fact]
    public async Task What_a_webhook_adds_gets_its_defaults()
    {
        await using var hook = new FakeWebhook((_, q) => FakeWebhook.Review(q, true, new JsonArray(new JsonObject
        {
            ["op"] = "add",
            ["path"] = "/spec/initContainers",
            ["value"] = JsonNode.Parse("""[{"name":"added","image":"webhook-added-image"}]"""),
        })));
        (await MutatingAsync(hook, Rule("", "v1", "pods", "\"CREATE\""))).Expect(201);
        var @namespace = await _api.NamespaceAsync();
        await _api.PostAsync($"/api/v1/namespaces/{@namespace}/serviceaccounts", """{"metadata":{"name":"default"}}""");

        var pod = await _api.UntilAsync(
            () => _api.PostAsync($"/api/v1/namespaces/{@namespace}/pods?dryRun=All", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}"""),
            a => a["spec/initContainers"] is not null);

        Assert.Equal("File", pod.String("spec/initContainers/0/terminationMessagePolicy"));
        // Built-in plug-ins look again at what a webhook added.
        Assert.Contains("/var/run/secrets/kubernetes.io/serviceaccount", pod["spec/initContainers/0"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configurations_of_webhooks_are_beyond_their_reach()
    {
        await using var hook = new FakeWebhook((_, q) => FakeWebhook.Review(q, false));
        (await ValidatingAsync(hook, Rule("*", "*", "*", "\"*\""))).Expect(201);
        await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code == 400);

        (await ValidatingAsync(hook, name: "other")).Expect(201);
        (await _api.DeleteAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/other")).Expect(200);
        (await _api.DeleteAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/v")).Expect(200);
        await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code == 201);
    }

    [Fact]
    public async Task A_webhook_that_cannot_be_called_stops_the_request_unless_it_says_otherwise()
    {
        await using var hook = new FakeWebhook((_, q) => FakeWebhook.Review(q, true));
        var distrusted = Configuration("ValidatingWebhookConfiguration", "v", hook, "/", ConfigMaps)
            .Replace($",\"caBundle\":\"{hook.CaBundle}\"", "", StringComparison.Ordinal);
        (await _api.PostAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", distrusted)).Expect(201);

        var refused = await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code != 201);
        (await _api.SendAsync("PATCH", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/v",
            """[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]""", "application/json-patch+json")).Expect(200);
        var ignored = await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code == 201);

        Assert.Equal(500, refused.Code);
        Assert.Equal(
            $"Internal error occurred: failed calling webhook \"hook.example.com\": failed to call webhook: Post \"{hook.Url("/")}?timeout=10s\": "
            + "tls: failed to verify certificate: x509: certificate signed by unknown authority", refused.Message);
        Assert.Equal(201, ignored.Code);
    }

    [Fact]
    public async Task The_timeout_of_a_webhook_is_honoured()
    {
        await using var hook = new FakeWebhook(async (_, q) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1.5), TimeProvider.System, Cancellation);
            return FakeWebhook.Review(q, true);
        });
        (await ValidatingAsync(hook, more: """, "timeoutSeconds":1""")).Expect(201);

        var late = await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code != 201);
        (await _api.SendAsync("PATCH", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/v",
            """[{"op":"replace","path":"/webhooks/0/timeoutSeconds","value":10}]""", "application/json-patch+json")).Expect(200);
        var patient = await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code == 201);

        Assert.EndsWith("?timeout=1s\": context deadline exceeded", late.Message, StringComparison.Ordinal);
        Assert.Equal(500, late.Code);
        Assert.Equal(201, patient.Code);
    }

    [Fact]
    public async Task Selectors_of_namespaces_and_objects_choose_what_a_webhook_sees()
    {
        await using var hook = new FakeWebhook((_, q) => FakeWebhook.Review(q, false));
        (await ValidatingAsync(hook, more: """, "namespaceSelector":{"matchExpressions":[{"key":"skip","operator":"DoesNotExist"}]},"objectSelector":{"matchLabels":{"seen":"yes"}}""")).Expect(201);
        var seen = await _api.NamespaceAsync();
        var skipped = await _api.NamespaceAsync(labels: "\"skip\":\"yes\"");
        Task<Answer> Labelled(string @namespace) => _api.PostAsync(
            $"/api/v1/namespaces/{@namespace}/configmaps?dryRun=All", """{"metadata":{"name":"x","labels":{"seen":"yes"}}}""");

        await _api.UntilAsync(() => Labelled(seen), a => a.Code == 400);
        (await Labelled(skipped)).Expect(201);
        (await TryCreateAsync(seen, "x", query: "?dryRun=All")).Expect(201);
    }

    [Fact]
    public async Task A_dry_run_reaches_only_webhooks_without_side_effects()
    {
        await using var hook = new FakeWebhook((_, q) => FakeWebhook.Review(q, true, warnings: "mind the gap"));
        (await ValidatingAsync(hook)).Expect(201);

        var warned = await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Warnings.Count > 0);

        Assert.Equal("299 - \"mind the gap\"", warned.Warnings.Single());
        Assert.All(hook.Questions, q => Assert.True((bool)q["request"]!["dryRun"]!));
    }

    [Fact]
    public async Task Another_version_of_the_same_objects_is_shown_as_the_webhook_asked()
    {
        await using var hook = new FakeWebhook((_, q) => FakeWebhook.Review(q, true, new JsonArray(new JsonObject
        {
            ["op"] = "add", ["path"] = "/spec/minReplicas", ["value"] = 3,
        })));
        (await MutatingAsync(hook, Rule("autoscaling", "v1", "horizontalpodautoscalers", "\"CREATE\""))).Expect(201);

        var made = await _api.UntilAsync(
            () => _api.PostAsync("/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers?dryRun=All",
                """{"metadata":{"name":"h"},"spec":{"maxReplicas":5,"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"}}}"""),
            a => (int?)a["spec/minReplicas"] == 3);

        var request = hook.Questions.Last()["request"]!;
        Assert.Equal(("v1", "v2"), ((string?)request["kind"]!["version"], (string?)request["requestKind"]!["version"]));
        Assert.Equal("autoscaling/v1", (string?)request["object"]!["apiVersion"]);
        Assert.Equal("autoscaling/v2", made.String("apiVersion"));
    }

    [Fact]
    public async Task An_earlier_webhook_that_wants_to_sees_what_a_later_one_changed()
    {
        await using var hook = new FakeWebhook((path, q) =>
        {
            var data = q["request"]!["object"]!["data"]?.AsObject();
            if (path == "/late")
                return FakeWebhook.Review(q, true, data is null ? AddData("late", "yes") : null);
            return FakeWebhook.Review(q, true, data?.ContainsKey("late") == true && !data.ContainsKey("again")
                ? new JsonArray(new JsonObject { ["op"] = "add", ["path"] = "/data/again", ["value"] = "yes" })
                : null);
        });
        (await MutatingAsync(hook, path: "/early", name: "a", more: """, "reinvocationPolicy":"IfNeeded" """)).Expect(201);
        (await MutatingAsync(hook, path: "/late", name: "b")).Expect(201);

        var made = await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a["data/again"] is not null);

        Assert.Equal("yes", made.String("data/late"));
    }

    [Fact]
    public async Task Answers_that_are_none_are_errors_with_the_reason()
    {
        await using var hook = new FakeWebhook((path, q) => path switch
        {
            "/absent" => JsonNode.Parse("{}")!,
            "/uid" => JsonNode.Parse("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"x","allowed":true}}""")!,
            "/patch" => FakeWebhook.Review(q, true, AddData("a", "b")),
            _ => FakeWebhook.Review(q, true, new JsonArray(new JsonObject { ["op"] = "remove", ["path"] = "/nothing" })),
        });
        const string Prefix = "Internal error occurred: failed calling webhook \"hook.example.com\": received invalid webhook response: ";

        async Task<string?> AskedAsync(string path)
        {
            (await ValidatingAsync(hook, path: path, name: path.Trim('/'))).Expect(201);
            var answer = await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code != 201);
            (await _api.DeleteAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/" + path.Trim('/'))).Expect(200);
            await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code == 201);
            return answer.Expect(500).Message;
        }

        Assert.Equal(Prefix + "webhook response was absent", await AskedAsync("/absent"));
        Assert.StartsWith(Prefix + "expected response.uid=\"", await AskedAsync("/uid"), StringComparison.Ordinal);
        Assert.Equal(Prefix + "validating webhook may not return response.patch", await AskedAsync("/patch"));

        (await MutatingAsync(hook, path: "/bad")).Expect(201);
        var bad = await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code != 201);
        Assert.Equal(500, bad.Code);
    }

    [Fact]
    public async Task Attaching_to_a_pod_can_be_denied()
    {
        await using var hook = new FakeWebhook((_, q) => FakeWebhook.Review(q, false, message: "attaching to pod 'to-be-attached-pod' is not allowed"));
        (await ValidatingAsync(hook, Rule("", "v1", "pods/attach", "\"CONNECT\""))).Expect(201);
        (await _api.PostAsync("/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"default"}}""")).Expect(201);
        (await _api.PostAsync("/api/v1/namespaces/default/pods", """{"metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}}""")).Expect(201);

        var denied = await _api.UntilAsync(
            () => _api.SendAsync("POST", "/api/v1/namespaces/default/pods/p/attach?stdout=true"),
            a => a.Message?.Contains("attaching to pod", StringComparison.Ordinal) == true);

        Assert.Equal(400, denied.Code);
        Assert.Equal("PodAttachOptions", (string?)hook.Questions.Last()["request"]!["kind"]!["kind"]);
        Assert.True((bool)hook.Questions.Last()["request"]!["object"]!["stdout"]!);
    }

    [Fact]
    public async Task Webhooks_are_listed_by_label_changed_and_deleted_together()
    {
        await using var hook = new FakeWebhook((_, q) => FakeWebhook.Review(q, false));
        for (var i = 0; i < 10; i++)
            (await _api.PostAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
                Configuration("ValidatingWebhookConfiguration", "v" + i, hook, "/", ConfigMaps, labels: "\"of\":\"test\""))).Expect(201);

        var list = await _api.GetAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?labelSelector=of%3Dtest");
        Assert.Equal(10, list["items"]!.AsArray().Count);
        await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code == 400);
        (await _api.DeleteAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?labelSelector=of%3Dtest")).Expect(200);
        await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code == 201);

        (await ValidatingAsync(hook)).Expect(201);
        await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code == 400);
        (await _api.SendAsync("PATCH", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/v",
            """[{"op":"replace","path":"/webhooks/0/rules/0/operations","value":["UPDATE"]}]""", "application/json-patch+json")).Expect(200);
        await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code == 201);
    }

    [Fact]
    public async Task Scaling_shows_the_webhook_a_scale()
    {
        await using var hook = new FakeWebhook((_, q) => FakeWebhook.Review(q, false, message: "no"));
        (await ValidatingAsync(hook, Rule("apps", "v1", "deployments/scale", "\"UPDATE\""))).Expect(201);
        const string Path = "/apis/apps/v1/namespaces/default/deployments";
        (await _api.PostAsync(Path, """
            {"metadata":{"name":"d"},"spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """)).Expect(201);

        var denied = await _api.UntilAsync(() => _api.MergeAsync(Path + "/d/scale?dryRun=All", """{"spec":{"replicas":4}}"""), a => a.Code != 200);
        var whole = await _api.MergeAsync(Path + "/d", """{"spec":{"replicas":2}}""");

        Assert.Equal("admission webhook \"hook.example.com\" denied the request: no", denied.Message);
        whole.Expect(200);
        var request = hook.Questions.Last()["request"]!;
        Assert.Equal(("Scale", "scale", 4, 1), (
            (string?)request["kind"]!["kind"], (string?)request["subResource"], (int)request["object"]!["spec"]!["replicas"]!, (int)request["oldObject"]!["spec"]!["replicas"]!));
    }

    [Fact]
    public async Task A_webhook_behind_a_service_is_reached_through_its_endpoints()
    {
        await using var hook = new FakeWebhook((_, q) => FakeWebhook.Review(q, false), "outside.default.svc");
        (await _api.PostAsync("/api/v1/namespaces/default/services", """{"metadata":{"name":"hook"},"spec":{"ports":[{"port":443}]}}""")).Expect(201);
        var configuration = JsonNode.Parse(Configuration("ValidatingWebhookConfiguration", "v", hook, "/", ConfigMaps))!;
        configuration["webhooks"]![0]!["clientConfig"] = new JsonObject
        {
            ["caBundle"] = hook.CaBundle,
            ["service"] = new JsonObject { ["namespace"] = "default", ["name"] = "hook", ["path"] = "/check" },
        };
        (await _api.PostAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", configuration.ToJsonString())).Expect(201);

        var nobody = await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code != 201);
        (await _api.PostAsync("/api/v1/namespaces/default/services",
            """{"metadata":{"name":"outside"},"spec":{"type":"ExternalName","externalName":"localhost"}}""")).Expect(201);
        configuration["webhooks"]![0]!["clientConfig"]!["service"] =
            new JsonObject { ["namespace"] = "default", ["name"] = "outside", ["path"] = "/check", ["port"] = hook.Port };
        (await _api.PutAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/v", configuration.ToJsonString())).Expect(200);
        var reached = await _api.UntilAsync(() => TryCreateAsync("default", "x", query: "?dryRun=All"), a => a.Code == 400);

        Assert.Equal("admission webhook \"hook.example.com\" denied the request without explanation", reached.Message);
        Assert.Equal(
            "Internal error occurred: failed calling webhook \"hook.example.com\": failed to call webhook: "
            + "Post \"https://hook.default.svc:443/check?timeout=10s\": no endpoints available for service \"hook\"", nobody.Message);
    }
}
