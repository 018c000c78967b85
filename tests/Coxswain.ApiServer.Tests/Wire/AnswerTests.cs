using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api.ApiRegistration.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.ApiServer.Tests.Wire;

/// <summary>Habits of upstream that its recorded answers showed, each by itself.</summary>
public sealed class AnswerTests(ClusterFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<string> NamespaceAsync()
    {
        var name = "answer-" + Guid.NewGuid().ToString("N")[..8];
        await fixture.Cluster.Admin.CreateAsync(new Namespace { Metadata = new() { Name = name } }, Cancellation);
        await fixture.Cluster.Admin.CreateAsync(new ServiceAccount { Metadata = new() { Name = "default", Namespace = name } }, Cancellation);
        return name;
    }

    private async Task<(int Code, JsonNode Body)> SendAsync(string method, string path, string? body = null, string type = "application/json", string accept = "application/json")
    {
        using var http = fixture.Cluster.Http();
        using var request = new HttpRequestMessage(new(method), path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, type);
        using var response = await http.SendAsync(request, Cancellation);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!);
    }

    private const string Merge = "application/merge-patch+json";
    private const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io";

    private static string Pod(string name, string more = "") =>
        $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"i:1"}]{{{more}}}}}""";

    [Fact]
    public async Task A_pod_that_goes_at_once_is_marked_first()
    {
        var pods = $"/api/v1/namespaces/{await NamespaceAsync()}/pods";
        var (_, made) = await SendAsync("POST", pods, Pod("p"));

        var (code, deleted) = await SendAsync("DELETE", pods + "/p", """{"gracePeriodSeconds":0}""");
        var (gone, _) = await SendAsync("GET", pods + "/p");

        Assert.Equal((200, 404), (code, gone));
        Assert.NotEqual((string?)made["metadata"]!["resourceVersion"], (string?)deleted["metadata"]!["resourceVersion"]);
        Assert.Equal(0, (int?)deleted["metadata"]!["deletionGracePeriodSeconds"]);
        Assert.NotNull(deleted["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public async Task Watchers_see_the_mark_before_the_pod_goes()
    {
        var admin = fixture.Cluster.Admin;
        var @namespace = await NamespaceAsync();
        var pod = await admin.CreateAsync(
            new Pod { Metadata = new() { Name = "p", Namespace = @namespace }, Spec = new() { Containers = [new() { Name = "c", Image = "i" }] } }, Cancellation);
        var seen = new List<(WatchEventType Type, long? Grace)>();

        var deletion = admin.DeleteAsync<Pod>(new(@namespace, "p"), null, Cancellation);
        await foreach (var next in admin.WatchAsync<Pod>(new() { Namespace = @namespace, ResourceVersion = pod.Metadata.ResourceVersion }, Cancellation))
        {
            seen.Add((next.Type, next.Object.Metadata.DeletionGracePeriodSeconds));
            if (next.Type == WatchEventType.Deleted)
                break;
        }

        await deletion;
        Assert.Equal([(WatchEventType.Modified, 0L), (WatchEventType.Deleted, 0L)], seen);
    }

    [Fact]
    public async Task A_deletion_that_is_only_tried_leaves_the_pod_unmarked()
    {
        var pods = $"/api/v1/namespaces/{await NamespaceAsync()}/pods";
        await SendAsync("POST", pods, Pod("p"));

        var (code, tried) = await SendAsync("DELETE", pods + "/p?dryRun=All");
        var (_, still) = await SendAsync("GET", pods + "/p");

        Assert.Equal(200, code);
        Assert.Equal(0, (int?)tried["metadata"]!["deletionGracePeriodSeconds"]);
        Assert.Null(still["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public async Task A_namespace_says_in_its_own_words_that_a_precondition_failed()
    {
        var name = await NamespaceAsync();

        var (code, uid) = await SendAsync("DELETE", "/api/v1/namespaces/" + name, """{"preconditions":{"uid":"other"}}""");
        var (_, version) = await SendAsync("DELETE", "/api/v1/namespaces/" + name, """{"preconditions":{"resourceVersion":"1"}}""");

        Assert.Equal(409, code);
        Assert.Equal("namespaces", (string?)uid["details"]!["kind"]);
        Assert.StartsWith($"Operation cannot be fulfilled on namespaces \"{name}\": Precondition failed: UID in precondition: other, UID in object meta: ", (string?)uid["message"], StringComparison.Ordinal);
        Assert.StartsWith($"Operation cannot be fulfilled on namespaces \"{name}\": Precondition failed: ResourceVersion in precondition: 1, ", (string?)version["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v1/namespaces/default/replicationcontrollers", "replicationcontrollers/scale.autoscaling")]
    [InlineData("/apis/apps/v1/namespaces/default/deployments", "deployments/scale.apps")]
    [InlineData("/apis/apps/v1/namespaces/default/replicasets", "replicasets/scale.apps")]
    [InlineData("/apis/apps/v1/namespaces/default/statefulsets", "statefulsets.apps")]
    public async Task The_scale_of_what_is_not_there_is_not_found(string path, string resource)
    {
        var (code, body) = await SendAsync("GET", path + "/none/scale");

        Assert.Equal((404, $"{resource} \"none\" not found"), (code, (string?)body["message"]));
    }

    [Fact]
    public async Task Tables_and_partial_objects_show_no_annotations_that_only_a_version_has()
    {
        var path = $"/apis/apps/v1/namespaces/{await NamespaceAsync()}/daemonsets";
        await SendAsync("POST", path, """
            {"metadata":{"name":"d","annotations":{"mine":"1"}},"spec":{"selector":{"matchLabels":{"a":"b"}},
            "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}
            """);

        var (_, whole) = await SendAsync("GET", path + "/d");
        var (_, table) = await SendAsync("GET", path, accept: Table);
        var (_, partial) = await SendAsync("GET", path + "/d", accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
        var (_, list) = await SendAsync("GET", path, accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");

        Assert.Equal("1", (string?)whole["metadata"]!["annotations"]!["deprecated.daemonset.template.generation"]);
        foreach (var metadata in (JsonNode[])[table["rows"]![0]!["object"]!["metadata"]!, partial["metadata"]!, list["items"]![0]!["metadata"]!])
            Assert.Equal("""{"mine":"1"}""", metadata["annotations"]!.ToJsonString());
    }

    [Fact]
    public async Task The_annotations_of_a_converted_autoscaler_are_not_in_tables()
    {
        var @namespace = await NamespaceAsync();
        await SendAsync("POST", $"/apis/autoscaling/v2/namespaces/{@namespace}/horizontalpodautoscalers", """
            {"metadata":{"name":"h"},"spec":{"maxReplicas":2,"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},
            "metrics":[{"type":"Resource","resource":{"name":"memory","target":{"type":"Utilization","averageUtilization":5}}}]}}
            """);
        var path = $"/apis/autoscaling/v1/namespaces/{@namespace}/horizontalpodautoscalers/h";

        var (_, whole) = await SendAsync("GET", path);
        var (_, table) = await SendAsync("GET", path, accept: Table);

        Assert.NotNull(whole["metadata"]!["annotations"]!["autoscaling.alpha.kubernetes.io/metrics"]);
        Assert.Null(table["rows"]![0]!["object"]!["metadata"]!["annotations"]);
    }

    [Fact]
    public async Task A_list_without_items_comes_back_as_null()
    {
        var path = "/apis/storage.k8s.io/v1/csinodes";
        var name = "answer-" + Guid.NewGuid().ToString("N")[..8];

        var (code, made) = await SendAsync("POST", path, $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"drivers":[]}}""");
        var (_, tried) = await SendAsync("POST", path + "?dryRun=All", $$$"""{"metadata":{"name":"{{{name}}}-dry"},"spec":{"drivers":[]}}""");
        var (_, read) = await SendAsync("GET", $"{path}/{name}");

        Assert.Equal(201, code);
        foreach (var node in (JsonNode[])[made, tried, read])
        {
            Assert.Null(node["spec"]!["drivers"]);
            Assert.True(node["spec"]!.AsObject().ContainsKey("drivers"));
            Assert.Contains("\"f:drivers\"", node["metadata"]!["managedFields"]!.ToJsonString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_a_status_write_wanted_of_the_spec_is_owned_by_its_manager_and_what_an_apply_repeats_is_not()
    {
        var pods = $"/api/v1/namespaces/{await NamespaceAsync()}/pods";
        await SendAsync("POST", pods, Pod("p"));

        var (_, patched) = await SendAsync("PATCH", pods + "/p/status?fieldManager=patcher", """{"spec":{"nodeName":"n"},"status":{"phase":"Running"}}""", Merge);
        var (_, applied) = await SendAsync("PATCH", pods + "/p/status?fieldManager=applier",
            """{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"c","image":"i:1"}]},"status":{"message":"m"}}""", "application/apply-patch+yaml");

        Assert.Null(patched["spec"]!["nodeName"]);
        Assert.Contains("f:nodeName", EntryOf(patched, "patcher"), StringComparison.Ordinal);
        Assert.DoesNotContain("f:spec", EntryOf(applied, "applier"), StringComparison.Ordinal);
    }

    private static string EntryOf(JsonNode o, string manager) =>
        o["metadata"]!["managedFields"]!.AsArray().Single(e => (string?)e!["manager"] == manager)!.ToJsonString();

    [Fact]
    public async Task An_object_of_another_kind_is_decoded_as_what_it_is()
    {
        var path = $"/api/v1/namespaces/{await NamespaceAsync()}/secrets";

        var (_, broken) = await SendAsync("POST", path, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":1}}""");
        var (code, other) = await SendAsync("POST", "/apis/events.k8s.io/v1/namespaces/default/events", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}""");

        Assert.Equal(
            "ConfigMap in version \"v1\" cannot be handled as a Secret: json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
            (string?)broken["message"]);
        Assert.Equal(400, code);
        Assert.EndsWith("converting (v1.ConfigMap) to (core.Event): unknown conversion", (string?)other["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revision_sent_with_white_space_cannot_be_patched()
    {
        var path = $"/apis/apps/v1/namespaces/{await NamespaceAsync()}/controllerrevisions";
        await SendAsync("POST", path, """{"metadata":{"name":"spaced"},"data":{"a": 1},"revision":1}""");
        await SendAsync("POST", path, """{"metadata":{"name":"compact"},"data":{"a":"é"},"revision":1}""");

        var (same, _) = await SendAsync("PUT", path + "/spaced", """{"metadata":{"name":"spaced"},"data":{"a": 1},"revision":2}""");
        var (spaced, _) = await SendAsync("PATCH", path + "/spaced", """{"revision":3}""", Merge);
        var (compact, _) = await SendAsync("PATCH", path + "/compact", """{"revision":3}""", Merge);

        Assert.Equal((200, 422, 200), (same, spaced, compact));
    }

    [Theory]
    [InlineData("/apis/storage.k8s.io/v1/volumeattachments", """{"spec":{"attacher":"a.example","nodeName":"n","source":{"persistentVolumeName":"v"}}}""", false)]
    [InlineData("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas", """{"spec":{"priorityLevelConfiguration":{"name":"exempt"}}}""", false)]
    [InlineData("/apis/storage.k8s.io/v1/csidrivers", """{"spec":{}}""", null)]
    [InlineData("/api/v1/persistentvolumes", """{"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"hostPath":{"path":"/x"}}}""", true)]
    public async Task A_status_update_changes_labels_only_where_the_kind_lets_it(string path, string body, bool? labels)
    {
        var name = "answer-" + Guid.NewGuid().ToString("N")[..8];
        var o = JsonNode.Parse(body)!;
        o["metadata"] = new JsonObject { ["name"] = name };
        var (made, _) = await SendAsync("POST", path, o.ToJsonString());

        var (code, written) = await SendAsync("PATCH", $"{path}/{name}/status", """{"metadata":{"labels":{"l":"1"}}}""", Merge);

        Assert.Equal((201, labels is null ? 404 : 200), (made, code));
        Assert.Equal(labels is true, written["metadata"]!["labels"] is not null);
    }

    [Fact]
    public async Task A_limit_range_may_be_made_by_a_put()
    {
        var path = $"/api/v1/namespaces/{await NamespaceAsync()}/limitranges/l";

        var (code, _) = await SendAsync("PUT", path, """{"metadata":{"name":"l"},"spec":{"limits":[{"type":"Pod","max":{"cpu":"1"}}]}}""");

        Assert.Equal(201, code);
    }

    [Fact]
    public async Task A_csi_driver_has_a_generation_once_it_was_changed()
    {
        var path = "/apis/storage.k8s.io/v1/csidrivers";
        var name = "answer-" + Guid.NewGuid().ToString("N")[..8];

        var (_, made) = await SendAsync("POST", path, $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{}}""");
        var (_, changed) = await SendAsync("PATCH", $"{path}/{name}", """{"spec":{"requiresRepublish":true}}""", Merge);

        Assert.Equal((null, 1), ((int?)made["metadata"]!["generation"], (int?)changed["metadata"]!["generation"]));
    }

    [Fact]
    public async Task System_priority_classes_stay()
    {
        var (code, body) = await SendAsync("DELETE", "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical");

        Assert.Equal(403, code);
        Assert.Equal(
            "priorityclasses.scheduling.k8s.io \"system-node-critical\" is forbidden: this is a system priority class and cannot be deleted", (string?)body["message"]);
    }

    [Fact]
    public async Task What_the_server_made_at_its_start_is_its_own()
    {
        var (_, role) = await SendAsync("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/edit");
        var (_, schema) = await SendAsync("GET", "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/catch-all");

        Assert.Equal("kube-apiserver", (string?)role["metadata"]!["managedFields"]![0]!["manager"]);
        Assert.Null(role["rules"]);
        Assert.Equal("api-priority-and-fairness-config-producer-v1", (string?)schema["metadata"]!["managedFields"]![0]!["manager"]);
    }

    [Fact]
    public async Task An_api_service_whose_service_is_missing_says_so()
    {
        var admin = fixture.Cluster.Admin;
        var made = await admin.CreateAsync(
            new APIService
            {
                Metadata = new() { Name = "v1.answer.example" },
                Spec = new() { Group = "answer.example", Version = "v1", GroupPriorityMinimum = 10, VersionPriority = 10, Service = new() { Namespace = "default", Name = "none" } },
            },
            Cancellation);

        await foreach (var next in admin.WatchAsync<APIService>(
            new() { FieldSelector = "metadata.name=v1.answer.example", ResourceVersion = made.Metadata.ResourceVersion }, Cancellation))
        {
            var condition = Assert.Single(next.Object.Status.Conditions);
            Assert.Equal(("Available", "False", "ServiceNotFound", "service/none in \"default\" is not present"), (condition.Type, condition.Status, condition.Reason, condition.Message));
            break;
        }

        await admin.DeleteAsync<APIService>(new("", "v1.answer.example"), null, Cancellation);
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/healthz/nothing")]
    [InlineData("/apis/nothing")]
    public async Task An_unknown_path_is_answered_in_plain_text(string path)
    {
        using var http = fixture.Cluster.Http();

        using var response = await http.GetAsync(path, Cancellation);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("404 page not found\n", await response.Content.ReadAsStringAsync(Cancellation));
    }
}
