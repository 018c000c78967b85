using System.Text.Json.Nodes;

namespace Coxswain.ApiServer.Tests.Conformance;

/// <summary>Every operation that the public list of behaviours asks of single resources.</summary>
public sealed class ApiOperationTests(Wire.ClusterFixture fixture) : IDisposable
{
    private readonly Api _api = new(fixture.Cluster);

    public void Dispose() => _api.Dispose();

    public static TheoryData<string, string, string, bool> Resources => new()
    {
        {
            "apis/flowcontrol.apiserver.k8s.io/v1", "flowschemas",
            """{"spec":{"matchingPrecedence":9000,"priorityLevelConfiguration":{"name":"global-default"},"rules":[{"subjects":[{"kind":"User","user":{"name":"u"}}],"nonResourceRules":[{"verbs":["get"],"nonResourceURLs":["/x"]}]}]}}""", true
        },
        {
            "apis/flowcontrol.apiserver.k8s.io/v1", "prioritylevelconfigurations",
            """{"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":2,"limitResponse":{"type":"Reject"}}}}""", true
        },
        {
            "apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicies",
            """{"spec":{"matchConstraints":{"resourceRules":[{"apiGroups":["x.example.com"],"apiVersions":["v1"],"operations":["CREATE"],"resources":["xs"]}]},"validations":[{"expression":"true"}]}}""", true
        },
        { "apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings", """{"spec":{"policyName":"none.example.com","validationActions":["Deny"]}}""", false },
        { "apis/admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations", """{"webhooks":[]}""", false },
        { "apis/admissionregistration.k8s.io/v1", "validatingwebhookconfigurations", """{"webhooks":[]}""", false },
        { "api/v1/namespaces/default", "resourcequotas", """{"spec":{"hard":{"requests.cpu":"100","requests.memory":"500Gi"}}}""", true },
        { "api/v1/namespaces/default", "podtemplates", """{"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}}""", false },
        {
            "api/v1/namespaces/default", "events",
            """{"involvedObject":{"kind":"Pod","namespace":"default","name":"p"},"reason":"r","message":"m","type":"Normal","count":1,"source":{"component":"test"}}""", false
        },
        {
            "apis/events.k8s.io/v1/namespaces/default", "events",
            """{"eventTime":"2026-01-01T00:00:00.000000Z","reportingController":"example.com/c","reportingInstance":"i","action":"a","reason":"r","type":"Normal","note":"n","regarding":{"kind":"Pod","namespace":"default","name":"p"}}""", false
        },
    };

    [Theory]
    [MemberData(nameof(Resources))]
    public async Task A_resource_is_created_read_listed_watched_changed_and_deleted_one_by_one_and_together(string at, string plural, string document, bool hasStatus)
    {
        // 1. Discovery knows the resource.
        var version = at.Contains("/namespaces/", StringComparison.Ordinal) ? at[..at.IndexOf("/namespaces/", StringComparison.Ordinal)] : at;
        var found = (await _api.GetAsync("/" + version)).Expect(200)["resources"]!.AsArray().Select(r => (string?)r!["name"]).ToList();
        Assert.Contains(plural, found);
        Assert.Equal(hasStatus, found.Contains(plural + "/status"));

        // 2. Create, get, list by label.
        var label = "t" + Guid.NewGuid().ToString("N")[..8];
        var path = $"/{at}/{plural}";
        var selected = $"{path}?labelSelector=test%3D{label}";
        for (var i = 0; i < 3; i++)
        {
            var made = JsonNode.Parse(document)!.AsObject();
            made["metadata"] = new JsonObject { ["name"] = $"{label}-{i}", ["labels"] = new JsonObject { ["test"] = label } };
            (await _api.PostAsync(path, made.ToJsonString())).Expect(201);
        }

        var one = (await _api.GetAsync($"{path}/{label}-0")).Expect(200);
        var list = (await _api.GetAsync(selected)).Expect(200);
        Assert.Equal(3, list["items"]!.AsArray().Count);

        // 3. Patch, update, status; a watch from before sees them (of this one alone: the server itself writes the status of some kinds).
        (await _api.MergeAsync($"{path}/{label}-0", """{"metadata":{"annotations":{"patched":"true"}}}""")).Expect(200);
        var whole = (await _api.GetAsync($"{path}/{label}-0")).Json.AsObject();
        whole["metadata"]!["annotations"]!["updated"] = "true";
        Assert.Equal("true", (await _api.PutAsync($"{path}/{label}-0", whole.ToJsonString())).Expect(200).String("metadata/annotations/updated"));
        if (hasStatus)
        {
            (await _api.GetAsync($"{path}/{label}-0/status")).Expect(200);
            (await _api.MergeAsync($"{path}/{label}-0/status", "{\"status\":{}}")).Expect(200);
        }

        (await _api.DeleteAsync($"{path}/{label}-0")).Expect(200);
        // Others may write too: the status of policies is the server's.
        List<string?> Types(Answer watched) => [.. watched.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!)
            .Where(e => (string?)e["object"]!["metadata"]!["name"] == label + "-0").Select(e => (string?)e["type"])];
        var events = Types(await _api.UntilAsync(
            () => _api.GetAsync($"{selected}&fieldSelector=metadata.name%3D{label}-0&watch=true&timeoutSeconds=1&resourceVersion={list.String("metadata/resourceVersion")}"), w => Types(w).Contains("DELETED")));
        Assert.Equal(("MODIFIED", "DELETED"), (events[0], events[^1]));

        // 4. Delete what is left, together.
        (await _api.DeleteAsync(selected)).Expect(200);
        Assert.Empty((await _api.GetAsync(selected))["items"]!.AsArray());
        Assert.NotNull(one.String("metadata/uid"));
    }

    [Fact]
    public async Task Every_group_has_a_preferred_version_whose_resources_are_found()
    {
        foreach (var group in (await _api.GetAsync("/apis")).Expect(200)["groups"]!.AsArray())
        {
            var preferred = (string)group!["preferredVersion"]!["groupVersion"]!;
            Assert.Contains(group["versions"]!.AsArray(), v => (string?)v!["groupVersion"] == preferred);
            var resources = (await _api.GetAsync("/apis/" + preferred)).Expect(200);
            Assert.Equal(preferred, resources.String("groupVersion"));
            Assert.NotEmpty(resources["resources"]!.AsArray());
            Assert.Equal(preferred, (await _api.GetAsync("/apis/" + (string)group["name"]!)).Expect(200).String("preferredVersion/groupVersion"));
        }
    }

    [Fact]
    public async Task The_version_of_the_server_is_a_pair_of_numbers()
    {
        var version = (await _api.GetAsync("/version")).Expect(200);

        Assert.Matches("^[0-9]+$", version.String("major"));
        Assert.Matches("^[0-9]+$", version.String("minor"));
    }

    [Fact]
    public async Task A_namespace_is_patched_updated_and_given_a_status_and_a_finalizer()
    {
        var name = await _api.NamespaceAsync();
        var path = "/api/v1/namespaces/" + name;

        (await _api.MergeAsync(path, """{"metadata":{"labels":{"patched":"yes"}}}""")).Expect(200);
        var status = (await _api.MergeAsync(path + "/status", """{"status":{"conditions":[{"type":"StatusPatch","status":"True","reason":"E2E","message":"m","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}""")).Expect(200);
        var whole = (await _api.GetAsync(path)).Json.AsObject();
        whole["metadata"]!["labels"]!["updated"] = "yes";
        var updated = (await _api.PutAsync(path, whole.ToJsonString())).Expect(200);

        Assert.Equal(("Active", "StatusPatch"), (status.String("status/phase"), status.String("status/conditions/0/type")));
        Assert.Equal(("yes", "yes", name), (updated.String("metadata/labels/patched"), updated.String("metadata/labels/updated"), (string?)updated["metadata/labels"]!["kubernetes.io/metadata.name"]));
    }

    [Fact]
    public async Task The_status_of_a_quota_changes_through_its_own_door_and_leaves_the_spec()
    {
        var path = $"/api/v1/namespaces/{await _api.NamespaceAsync()}/resourcequotas";
        (await _api.PostAsync(path, """{"metadata":{"name":"q"},"spec":{"hard":{"cpu":"500m","memory":"500Mi"}}}""")).Expect(201);

        (await _api.MergeAsync(path + "/q/status", """{"status":{"hard":{"cpu":"500m","memory":"500Mi"}},"spec":{"hard":{"cpu":"9"}}}""")).Expect(200);
        var first = await _api.GetAsync(path + "/q/status");
        (await _api.MergeAsync(path + "/q", """{"spec":{"hard":{"cpu":"1","memory":"1Gi"}},"status":{"hard":{"cpu":"9"}}}""")).Expect(200);
        var second = await _api.GetAsync(path + "/q");

        Assert.Equal(("500m", "500m"), (first.String("spec/hard/cpu"), first.String("status/hard/cpu")));
        Assert.Equal(("1", "500m"), (second.String("spec/hard/cpu"), second.String("status/hard/cpu")));
    }

    [Fact]
    public async Task Unknown_doubled_and_unknown_metadata_fields_of_a_typed_object_are_refused_to_strict_clients()
    {
        var path = $"/apis/apps/v1/namespaces/{await _api.NamespaceAsync()}/deployments?fieldValidation=Strict";
        const string Rest = "\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}";

        var unknown = await _api.PostAsync(path, "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"unknown1\":1,\"paused\":true,\"paused\":true," + Rest + "}}");
        var metadata = await _api.PostAsync(path, "{\"metadata\":{\"name\":\"d\",\"unknownMeta\":1},\"spec\":{" + Rest + "}}");

        Assert.Equal(
            "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.unknown1\", duplicate field \"spec.paused\"",
            unknown.Expect(400).Message);
        Assert.Contains("strict decoding error: unknown field \"metadata.unknownMeta\"", metadata.Expect(400).Message, StringComparison.Ordinal);
    }
}
