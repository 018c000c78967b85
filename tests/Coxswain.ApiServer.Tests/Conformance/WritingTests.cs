using System.Text.Json.Nodes;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Tests.Conformance;

/// <summary>Writes as clients of upstream know them: tried only, strictly read, patched, deleted, and through subresources.</summary>
public sealed class WritingTests(Wire.ClusterFixture fixture) : IDisposable
{
    private readonly Api _api = new(fixture.Cluster);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _api.Dispose();

    private static string Maps(string @namespace) => $"/api/v1/namespaces/{@namespace}/configmaps";

    private const string PodSpec = "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}";

    private async Task<string> WithPodAsync(string more = "")
    {
        var @namespace = await _api.NamespaceAsync();
        await _api.PostAsync($"/api/v1/namespaces/{@namespace}/serviceaccounts", """{"metadata":{"name":"default"}}""");
        (await _api.PostAsync($"/api/v1/namespaces/{@namespace}/pods", "{\"metadata\":{\"name\":\"p\",\"labels\":{\"app\":\"a\"}" + more + "}," + PodSpec + "}")).Expect(201);
        return @namespace;
    }

    [Fact]
    public async Task A_dry_run_of_every_verb_answers_as_if_and_changes_nothing()
    {
        var @namespace = await WithPodAsync();
        var (maps, pod) = (Maps(@namespace), $"/api/v1/namespaces/{@namespace}/pods/p");
        (await _api.PostAsync(maps, """{"metadata":{"name":"a"},"data":{"k":"v"}}""")).Expect(201);
        var before = (await _api.GetAsync(maps))["items"]!.ToJsonString();
        var podBefore = (await _api.GetAsync(pod)).Text;

        (await _api.PostAsync(maps + "?dryRun=All", """{"metadata":{"name":"b"}}""")).Expect(201);
        (await _api.PostAsync(maps + "?dryRun=All", """{"metadata":{"generateName":"b-"}}""")).Expect(201);
        (await _api.PostAsync(maps + "?dryRun=All", """{"metadata":{"name":"a"}}""")).Expect(409);
        Assert.Equal("w", (await _api.PutAsync(maps + "/a?dryRun=All", """{"metadata":{"name":"a"},"data":{"k":"w"}}""")).Expect(200).String("data/k"));
        foreach (var (type, patch) in new[]
        {
            ("application/merge-patch+json", """{"data":{"k":"w"}}"""), ("application/strategic-merge-patch+json", """{"data":{"k":"w"}}"""),
            ("application/json-patch+json", """[{"op":"replace","path":"/data/k","value":"w"}]"""),
            ("application/apply-patch+yaml", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"w"}}"""),
        })
            Assert.Equal("w", (await _api.SendAsync(
                "PATCH", maps + "/a?dryRun=All&fieldManager=m" + (type.Contains("apply", StringComparison.Ordinal) ? "&force=true" : ""), patch, type)).Expect(200).String("data/k"));
        (await _api.DeleteAsync(maps + "/a?dryRun=All")).Expect(200);
        (await _api.DeleteAsync(maps + "/a", """{"dryRun":["All"]}""")).Expect(200);
        (await _api.DeleteAsync(maps + "?dryRun=All")).Expect(200);
        (await _api.PostAsync(pod + "/binding?dryRun=All", """{"target":{"name":"n"}}""")).Expect(201);
        (await _api.PostAsync(pod + "/eviction?dryRun=All", """{"metadata":{"name":"p"}}""")).Expect(201);
        Assert.Equal("", (await _api.PostAsync($"/api/v1/namespaces/{@namespace}/serviceaccounts/default/token?dryRun=All", """{"spec":{}}""")).Expect(201).String("status/token"));
        var refused = await _api.PostAsync(maps + "?dryRun=Some", """{"metadata":{"name":"b"}}""");

        Assert.Equal(before, (await _api.GetAsync(maps))["items"]!.ToJsonString());
        Assert.Equal(podBefore, (await _api.GetAsync(pod)).Text);
        Assert.Equal("CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Some\"]: supported values: \"All\"", refused.Expect(422).Message);
    }

    [Theory]
    [InlineData("application/merge-patch+json", """{"data":{"k":"1","k":"2"},"extra":true}""", "duplicate field \"data.k\"", "unknown field \"extra\"")]
    [InlineData("application/strategic-merge-patch+json", """{"data":{"k":"1","k":"2"},"extra":true}""", "duplicate field \"data.k\"", "unknown field \"extra\"")]
    [InlineData("application/json-patch+json", """[{"op":"add","path":"/extra","value":true,"why":1,"op":"add"}]""",
        "json patch unknown field \"[0].why\"|json patch duplicate field \"[0].op\"", "unknown field \"extra\"")]
    public async Task Patches_are_read_strictly_loosely_or_with_a_warning(string type, string patch, string inPatch, string inObject)
    {
        var maps = Maps(await _api.NamespaceAsync());
        (await _api.PostAsync(maps, """{"metadata":{"name":"a"}}""")).Expect(201);
        Task<Answer> SendAsync(string validation) => _api.SendAsync("PATCH", maps + "/a" + validation, patch, type);
        var expected = inPatch.Split('|').Append(inObject).ToList();

        var strict = await SendAsync("?fieldValidation=Strict");
        var warned = await SendAsync("");
        var ignored = await SendAsync("?fieldValidation=Ignore");

        Assert.EndsWith("strict decoding error: " + string.Join(", ", expected), strict.Expect(422).Message, StringComparison.Ordinal);
        Assert.Equal(expected.Select(e => $"299 - \"{e.Replace("\"", "\\\"", StringComparison.Ordinal)}\""), warned.Expect(200).Warnings);
        Assert.Empty(ignored.Expect(200).Warnings);
    }

    [Fact]
    public async Task Applied_text_that_says_a_key_twice_is_refused_or_warned_of()
    {
        var maps = Maps(await _api.NamespaceAsync());
        const string Text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: a\n  k: b\n";

        var strict = await _api.ApplyAsync(maps + "/a?fieldValidation=Strict", Text);
        var warned = await _api.ApplyAsync(maps + "/a", Text);

        Assert.Equal("error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 7: key \"k\" already set in map", strict.Expect(400).Message);
        Assert.Single(warned.Expect(201).Warnings);
    }

    [Theory]
    [InlineData("application/merge-patch+json", "{", "error decoding patch: unexpected end of JSON input")]
    [InlineData("application/merge-patch+json", "[]", "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}")]
    [InlineData("application/json-patch+json", "{}", "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp")]
    [InlineData("application/json-patch+json", "[{\"op\":1}]", "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string")]
    public async Task What_is_no_patch_of_its_type_is_a_bad_request(string type, string patch, string message)
    {
        var maps = Maps(await _api.NamespaceAsync());
        (await _api.PostAsync(maps, """{"metadata":{"name":"a"}}""")).Expect(201);

        Assert.Equal(message, (await _api.SendAsync("PATCH", maps + "/a", patch, type)).Expect(400).Message);
    }

    [Fact]
    public async Task Preconditions_of_a_deletion_hold_it_back()
    {
        var maps = Maps(await _api.NamespaceAsync());
        var made = await _api.PostAsync(maps, """{"metadata":{"name":"a"}}""");
        var (uid, version) = (made.String("metadata/uid"), made.String("metadata/resourceVersion"));

        var otherUid = await _api.DeleteAsync(maps + "/a", """{"preconditions":{"uid":"x"}}""");
        var otherVersion = await _api.DeleteAsync(maps + "/a", """{"preconditions":{"resourceVersion":"1"}}""");
        var right = await _api.DeleteAsync(maps + "/a", "{\"preconditions\":{\"uid\":\"" + uid + "\",\"resourceVersion\":\"" + version + "\"}}");

        Assert.Contains($"the UID in the precondition (x) does not match the UID in record ({uid})", otherUid.Expect(409).Message, StringComparison.Ordinal);
        Assert.Contains("the ResourceVersion in the precondition (1) does not match", otherVersion.Expect(409).Message, StringComparison.Ordinal);
        right.Expect(200);
    }

    [Theory]
    [InlineData("propagationPolicy=Orphan", "orphan", 200)]
    [InlineData("propagationPolicy=Foreground", "foregroundDeletion", 200)]
    [InlineData("orphanDependents=true", "orphan", 200)]
    [InlineData("propagationPolicy=Background", null, 200)]
    public async Task What_becomes_of_dependents_is_told_to_the_garbage_collector(string query, string? finalizer, int code)
    {
        var maps = Maps(await _api.NamespaceAsync());
        (await _api.PostAsync(maps, """{"metadata":{"name":"a"}}""")).Expect(201);

        (await _api.DeleteAsync($"{maps}/a?{query}")).Expect(code);
        var left = await _api.GetAsync(maps + "/a");

        if (finalizer is null)
        {
            left.Expect(404);
            return;
        }

        Assert.Equal(finalizer, left.Expect(200).String("metadata/finalizers/0"));
        Assert.NotNull(left["metadata/deletionTimestamp"]);
        Assert.Equal(0, (int)left["metadata/deletionGracePeriodSeconds"]!);
    }

    [Fact]
    public async Task Options_of_a_deletion_that_contradict_each_other_are_refused()
    {
        var maps = Maps(await _api.NamespaceAsync());

        var both = await _api.DeleteAsync(maps + "/a", """{"propagationPolicy":"Orphan","orphanDependents":true}""");
        var unknown = await _api.DeleteAsync(maps + "/a?propagationPolicy=Maybe");

        Assert.Equal(
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set", both.Expect(422).Message);
        Assert.Equal(
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Maybe\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"", unknown.Expect(422).Message);
    }

    [Fact]
    public async Task A_pod_is_given_its_time_which_can_only_be_shortened()
    {
        var @namespace = await WithPodAsync();
        var pod = $"/api/v1/namespaces/{@namespace}/pods/p";
        (await _api.PostAsync(pod + "/binding", """{"target":{"name":"n"}}""")).Expect(201);

        var first = (await _api.DeleteAsync(pod)).Expect(200);
        var longer = (await _api.DeleteAsync(pod + "?gracePeriodSeconds=300")).Expect(200);
        var shorter = (await _api.DeleteAsync(pod + "?gracePeriodSeconds=5")).Expect(200);
        var now = (await _api.DeleteAsync(pod + "?gracePeriodSeconds=0")).Expect(200);

        Assert.Equal((30, 30, 5), ((int)first["metadata/deletionGracePeriodSeconds"]!, (int)longer["metadata/deletionGracePeriodSeconds"]!, (int)shorter["metadata/deletionGracePeriodSeconds"]!));
        Assert.NotNull(now);
        (await _api.GetAsync(pod)).Expect(404);
    }

    [Fact]
    public async Task Conflicts_tell_the_later_writer_and_patches_without_a_version_have_none()
    {
        var maps = Maps(await _api.NamespaceAsync());
        var made = (await _api.PostAsync(maps, """{"metadata":{"name":"a"}}""")).Expect(201);
        var version = made.String("metadata/resourceVersion");
        (await _api.MergeAsync(maps + "/a", """{"data":{"x":"1"}}""")).Expect(200);

        var put = await _api.PutAsync(maps + "/a", "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"" + version + "\"}}");
        var patch = await _api.MergeAsync(maps + "/a", "{\"metadata\":{\"resourceVersion\":\"" + version + "\"},\"data\":{\"y\":\"1\"}}");
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => (await _api.MergeAsync(maps + "/a", "{\"data\":{\"k" + i + "\":\"1\"}}")).Expect(200)));

        const string Message = "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again";
        Assert.Equal((Message, Message), (put.Expect(409).Message, patch.Expect(409).Message));
        Assert.Equal(21, (await _api.GetAsync(maps + "/a"))["data"]!.AsObject().Count);
    }

    [Fact]
    public async Task An_eviction_spends_the_budget_and_is_refused_when_it_is_spent()
    {
        var @namespace = await WithPodAsync();
        var pod = $"/api/v1/namespaces/{@namespace}/pods/p";
        var budgets = $"/apis/policy/v1/namespaces/{@namespace}/poddisruptionbudgets";
        (await _api.SendAsync("PATCH", pod + "/status", """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""", "application/strategic-merge-patch+json")).Expect(200);
        (await _api.PostAsync(budgets, """{"metadata":{"name":"b"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"a"}}}}""")).Expect(201);

        var unseen = await _api.PostAsync(pod + "/eviction", """{"metadata":{"name":"p"}}""");
        (await _api.MergeAsync(budgets + "/b/status", """{"status":{"observedGeneration":1,"disruptionsAllowed":0,"currentHealthy":1,"desiredHealthy":1,"expectedPods":1}}""")).Expect(200);
        var spent = await _api.PostAsync(pod + "/eviction", """{"metadata":{"name":"p"}}""");
        (await _api.MergeAsync(budgets + "/b/status", """{"status":{"disruptionsAllowed":1}}""")).Expect(200);
        var tried = await _api.PostAsync(pod + "/eviction?dryRun=All", """{"metadata":{"name":"p"}}""");
        var untouched = await _api.GetAsync(budgets + "/b");
        (await _api.PostAsync(pod + "/binding", """{"target":{"name":"n"}}""")).Expect(201);
        var done = await _api.PostAsync(pod + "/eviction", """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"},"deleteOptions":{"gracePeriodSeconds":7}}""");
        var budget = await _api.GetAsync(budgets + "/b");
        var evicted = await _api.GetAsync(pod);

        Assert.Equal("Cannot evict pod as it would violate the pod's disruption budget.", unseen.Expect(429).Message);
        Assert.Equal(("DisruptionBudget", "The disruption budget b is still being processed by the server."), (unseen.String("details/causes/0/reason"), unseen.String("details/causes/0/message")));
        Assert.Equal("The disruption budget b needs 1 healthy pods and has 1 currently", spent.Expect(429).String("details/causes/0/message"));
        tried.Expect(201);
        Assert.Equal(1, (int)untouched["status/disruptionsAllowed"]!);
        Assert.Equal("Success", done.Expect(201).String("status"));
        Assert.Equal(0, (int)budget["status/disruptionsAllowed"]!);
        Assert.NotNull(budget["status/disruptedPods"]!["p"]);
        Assert.Equal(7, (int)evicted["metadata/deletionGracePeriodSeconds"]!);
        Assert.Contains(evicted["status/conditions"]!.AsArray(), c => (string?)c!["type"] == "DisruptionTarget" && (string?)c["reason"] == "EvictionByEvictionAPI"
            && (string?)c["message"] == "Eviction API: evicting" && (string?)c["status"] == "True");
    }

    [Fact]
    public async Task A_pod_that_several_budgets_cover_cannot_be_evicted_and_one_that_does_no_work_always()
    {
        var @namespace = await WithPodAsync();
        var pod = $"/api/v1/namespaces/{@namespace}/pods/p";
        var budgets = $"/apis/policy/v1/namespaces/{@namespace}/poddisruptionbudgets";
        foreach (var name in new[] { "a", "b" })
            (await _api.PostAsync(budgets, "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"minAvailable\":1,\"selector\":{\"matchLabels\":{\"app\":\"a\"}}}}")).Expect(201);
        (await _api.SendAsync("PATCH", pod + "/status", """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""", "application/strategic-merge-patch+json")).Expect(200);

        var several = await _api.PostAsync(pod + "/eviction", """{"metadata":{"name":"p"}}""");
        (await _api.SendAsync("PATCH", pod + "/status", """{"status":{"phase":"Succeeded"}}""", "application/strategic-merge-patch+json")).Expect(200);
        var ended = await _api.PostAsync(pod + "/eviction", """{"metadata":{"name":"p"}}""");

        Assert.Equal("Internal error occurred: This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.", several.Expect(500).Message);
        ended.Expect(201);
    }

    [Fact]
    public async Task Versions_of_one_kind_share_objects_and_each_names_its_fields()
    {
        var @namespace = await _api.NamespaceAsync();
        var (v1, v2) = ($"/apis/autoscaling/v1/namespaces/{@namespace}/horizontalpodautoscalers", $"/apis/autoscaling/v2/namespaces/{@namespace}/horizontalpodautoscalers");
        const string Target = "\"scaleTargetRef\":{\"kind\":\"Deployment\",\"name\":\"d\",\"apiVersion\":\"apps/v1\"}";
        (await _api.PostAsync(v2 + "?fieldManager=two", "{\"metadata\":{\"name\":\"h\"},\"spec\":{\"maxReplicas\":5," + Target
            + ",\"metrics\":[{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":{\"type\":\"Utilization\",\"averageUtilization\":70}}},"
            + "{\"type\":\"Pods\",\"pods\":{\"metric\":{\"name\":\"rps\"},\"target\":{\"type\":\"AverageValue\",\"averageValue\":\"5\"}}}],"
            + "\"behavior\":{\"scaleDown\":{\"stabilizationWindowSeconds\":17}}}}")).Expect(201);

        var old = (await _api.GetAsync(v1 + "/h")).Expect(200);
        (await _api.MergeAsync(v1 + "/h?fieldManager=one", """{"spec":{"minReplicas":2}}""")).Expect(200);
        var back = (await _api.GetAsync(v2 + "/h")).Expect(200);

        Assert.Equal(70, (int)old["spec/targetCPUUtilizationPercentage"]!);
        Assert.Equal(("rps", 17, 2), (back.String("spec/metrics/1/pods/metric/name") ?? back.String("spec/metrics/0/pods/metric/name"), (int)back["spec/behavior/scaleDown/stabilizationWindowSeconds"]!, (int)back["spec/minReplicas"]!));
        Assert.Null(back["metadata/annotations"]);
        var managers = back["metadata/managedFields"]!.AsArray().ToDictionary(e => (string)e!["manager"]!, e => (string)e!["apiVersion"]!);
        Assert.Equal(("autoscaling/v2", "autoscaling/v1"), (managers["two"], managers["one"]));
        // What the manager of the other version set first stays its own.
        Assert.NotNull(back["metadata/managedFields"]!.AsArray().Single(e => (string?)e!["manager"] == "two")!["fieldsV1"]!["f:spec"]!["f:behavior"]);
    }

    [Fact]
    public async Task Events_of_both_groups_are_the_same_events()
    {
        var @namespace = await _api.NamespaceAsync();
        (await _api.PostAsync($"/apis/events.k8s.io/v1/namespaces/{@namespace}/events",
            "{\"metadata\":{\"name\":\"e\"},\"eventTime\":\"2026-01-01T00:00:00.000001Z\",\"reportingController\":\"example.com/c\",\"reportingInstance\":\"i\",\"action\":\"a\",\"reason\":\"r\","
            + "\"type\":\"Normal\",\"note\":\"n\",\"regarding\":{\"kind\":\"Pod\",\"namespace\":\"" + @namespace + "\",\"name\":\"p\"}}")).Expect(201);

        var core = (await _api.GetAsync($"/api/v1/namespaces/{@namespace}/events/e")).Expect(200);
        (await _api.MergeAsync($"/api/v1/namespaces/{@namespace}/events/e", """{"count":3}""")).Expect(200);
        var again = (await _api.GetAsync($"/apis/events.k8s.io/v1/namespaces/{@namespace}/events/e")).Expect(200);

        Assert.Equal(("n", "p", "example.com/c"), (core.String("message"), core.String("involvedObject/name"), core.String("reportingComponent")));
        Assert.Equal(("n", 3, "2026-01-01T00:00:00.000001Z"), (again.String("note"), (int)again["deprecatedCount"]!, again.String("eventTime")));
        (await _api.DeleteAsync($"/apis/events.k8s.io/v1/namespaces/{@namespace}/events?fieldSelector=reason%3Dr")).Expect(200);
        (await _api.GetAsync($"/api/v1/namespaces/{@namespace}/events/e")).Expect(404);
    }

    [Fact]
    public async Task Containers_are_added_to_debug_a_pod_and_never_changed()
    {
        var @namespace = await WithPodAsync();
        var path = $"/api/v1/namespaces/{@namespace}/pods/p/ephemeralcontainers";
        Task<Answer> PatchAsync(string image) => _api.SendAsync(
            "PATCH", path, "{\"spec\":{\"ephemeralContainers\":[{\"name\":\"d\",\"image\":\"" + image + "\",\"targetContainerName\":\"c\"}]}}", "application/strategic-merge-patch+json");

        var added = (await PatchAsync("busybox")).Expect(200);
        var changed = await PatchAsync("other");
        var throughPod = await _api.SendAsync("PATCH", $"/api/v1/namespaces/{@namespace}/pods/p", """{"spec":{"ephemeralContainers":[{"name":"e","image":"x"}]}}""", "application/strategic-merge-patch+json");

        Assert.Equal("d", added.String("spec/ephemeralContainers/0/name"));
        Assert.Contains("existing ephemeral containers \"d\" may not be changed", changed.Expect(422).Message, StringComparison.Ordinal);
        throughPod.Expect(422);
    }

    [Fact]
    public async Task The_first_limit_range_of_a_namespace_holds_from_the_moment_it_was_made()
    {
        for (var i = 0; i < 20; i++)
        {
            var @namespace = await _api.NamespaceAsync();
            await _api.PostAsync($"/api/v1/namespaces/{@namespace}/serviceaccounts", """{"metadata":{"name":"default"}}""");
            (await _api.PostAsync(
                $"/api/v1/namespaces/{@namespace}/limitranges", """{"metadata":{"name":"l"},"spec":{"limits":[{"type":"Container","defaultRequest":{"cpu":"70m"}}]}}""")).Expect(201);
            var pod = (await _api.PostAsync($"/api/v1/namespaces/{@namespace}/pods", "{\"metadata\":{\"name\":\"p\"}," + PodSpec + "}")).Expect(201);
            Assert.Equal("70m", pod.String("spec/containers/0/resources/requests/cpu"));
        }
    }

    [Fact]
    public async Task The_resources_of_a_pod_change_through_resize_only()
    {
        var @namespace = await _api.NamespaceAsync();
        await _api.PostAsync($"/api/v1/namespaces/{@namespace}/serviceaccounts", """{"metadata":{"name":"default"}}""");
        var pods = $"/api/v1/namespaces/{@namespace}/pods";
        (await _api.PostAsync(pods, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"100m"},"limits":{"cpu":"200m"}}}]}}""")).Expect(201);
        const string Patch = """{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"150m"}}}]}}""";

        var plain = await _api.SendAsync("PATCH", pods + "/p", Patch, "application/strategic-merge-patch+json");
        var resized = await _api.SendAsync("PATCH", pods + "/p/resize", Patch, "application/strategic-merge-patch+json");
        var other = await _api.SendAsync("PATCH", pods + "/p/resize", """{"spec":{"containers":[{"name":"c","image":"j"}]}}""", "application/strategic-merge-patch+json");

        plain.Expect(422);
        Assert.Equal("150m", resized.Expect(200).String("spec/containers/0/resources/requests/cpu"));
        Assert.Equal("i", other.Expect(200).String("spec/containers/0/image"));
    }

    [Fact]
    public async Task A_namespace_waits_for_its_own_finalizers_which_only_finalize_takes_away()
    {
        var name = await _api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{name}";
        var made = await _api.GetAsync(path);
        var throughPut = await _api.PutAsync(path, "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"finalizers\":[\"a.b/c\"]}}");
        var fake = await _api.PutAsync(path + "/finalize", "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"finalizers\":[\"kubernetes\",\"a.b/c\"]}}");
        var deleted = await _api.DeleteAsync(path);
        var refused = await _api.PostAsync(Maps(name), """{"metadata":{"name":"late"}}""");
        (await _api.PutAsync(path + "/finalize", "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"finalizers\":[]}}")).Expect(200);

        Assert.Equal("Active", made.String("status/phase"));
        Assert.Equal("""["kubernetes"]""", throughPut.Expect(200)["spec/finalizers"]!.ToJsonString());
        Assert.Equal("""["kubernetes","a.b/c"]""", fake.Expect(200)["spec/finalizers"]!.ToJsonString());
        Assert.Equal("Terminating", deleted.Expect(200).String("status/phase"));
        Assert.Equal($"configmaps \"late\" is forbidden: unable to create new content in namespace {name} because it is being terminated", refused.Expect(403).Message);
        Assert.Equal("NamespaceTerminating", refused.String("details/causes/0/reason"));
        (await _api.GetAsync(path)).Expect(404);
    }

    [Fact]
    public async Task A_request_for_a_certificate_is_approved_through_approval_only()
    {
        var name = "csr-" + Guid.NewGuid().ToString("N")[..8];
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=test", key, System.Security.Cryptography.HashAlgorithmName.SHA256).CreateSigningRequestPem();
        const string Path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
        (await _api.PostAsync(Path, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(request)),
                ["signerName"] = "example.com/signer",
                ["usages"] = new JsonArray("client auth"),
            },
        }.ToJsonString())).Expect(201);
        const string Approved = """{"status":{"conditions":[{"type":"Approved","status":"True","reason":"r","message":"m"}]}}""";

        await _api.MergeAsync($"{Path}/{name}/status", Approved);
        Assert.Null((await _api.GetAsync($"{Path}/{name}"))["status/conditions"]);
        var approved = await _api.MergeAsync($"{Path}/{name}/approval", Approved);
        var withdrawn = await _api.MergeAsync($"{Path}/{name}/approval", """{"status":{"conditions":[]}}""");

        Assert.Equal("Approved", approved.Expect(200).String("status/conditions/0/type"));
        withdrawn.Expect(422);
        (await _api.DeleteAsync($"{Path}/{name}")).Expect(200);
    }

    [Fact]
    public async Task In_process_callers_get_what_is_stored_not_what_they_sent()
    {
        var @namespace = await _api.NamespaceAsync();
        var sent = new Coxswain.Api.Coordination.V1.Lease
        {
            Metadata = new() { Name = "l", Namespace = @namespace },
            Spec = new() { HolderIdentity = "h", RenewTime = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(1234567) },
        };
        var pod = new Pod
        {
            Metadata = new() { Name = "q", Namespace = @namespace },
            Spec = new() { Containers = [new() { Name = "c", Image = "i" }] },
        };
        await _api.PostAsync($"/api/v1/namespaces/{@namespace}/serviceaccounts", """{"metadata":{"name":"default"}}""");

        var lease = await fixture.Cluster.Admin.CreateAsync(sent, Cancellation);
        var made = await fixture.Cluster.Admin.CreateAsync(pod, Cancellation);
        var changed = await fixture.Cluster.Admin.UpdateStatusAsync(
            made with { Status = made.Status with { StartTime = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMilliseconds(250) } }, Cancellation);

        // metav1.MicroTime has microseconds, metav1.Time whole seconds.
        Assert.Equal(1234560, lease.Spec.RenewTime!.Value.Ticks % TimeSpan.TicksPerSecond);
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), changed.Status.StartTime);
        Assert.Equal(changed, await fixture.Cluster.Admin.GetAsync<Pod>(new(@namespace, "q"), Cancellation));
    }

    [Fact]
    public async Task Generated_names_keep_to_the_length_of_names()
    {
        var maps = Maps(await _api.NamespaceAsync());

        var made = await _api.PostAsync(maps, "{\"metadata\":{\"generateName\":\"" + new string('a', 300) + "\"}}");
        var normal = await _api.PostAsync(maps, """{"metadata":{"generateName":"a-"}}""");

        made.Expect(422);
        Assert.Matches("^a-[bcdfghjklmnpqrstvwxz2456789]{5}$", normal.Expect(201).String("metadata/name"));
    }

    [Fact]
    public async Task Applying_creates_owns_conflicts_forces_and_gives_up()
    {
        var maps = Maps(await _api.NamespaceAsync());
        const string Head = "\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}";
        (await _api.ApplyAsync(maps + "/a", "{" + Head + ",\"data\":{\"k\":\"1\",\"l\":\"1\"}}", "one")).Expect(201);

        var conflict = await _api.ApplyAsync(maps + "/a", "{" + Head + ",\"data\":{\"k\":\"2\"}}", "two");
        var forced = await _api.ApplyAsync(maps + "/a?force=true", "{" + Head + ",\"data\":{\"k\":\"2\"}}", "two");
        var givenUp = await _api.ApplyAsync(maps + "/a", "{" + Head + "}", "one");

        Assert.Equal("Apply failed with 1 conflict: conflict with \"one\": .data.k", conflict.Expect(409).Message);
        Assert.Equal("FieldManagerConflict", conflict.String("details/causes/0/reason"));
        Assert.Equal("2", forced.Expect(200).String("data/k"));
        Assert.Equal("""{"k":"2"}""", givenUp.Expect(200)["data"]!.ToJsonString());
    }
}
