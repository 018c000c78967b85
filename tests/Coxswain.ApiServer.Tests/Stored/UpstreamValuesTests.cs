using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Tests.Conformance;

namespace Coxswain.ApiServer.Tests.Stored;

/// <summary>What an upstream server left in the store is served, changed, and then lies there in our form.</summary>
public sealed class UpstreamValuesTests(Wire.ClusterFixture fixture) : IDisposable
{
    private const string Template = """{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}""";
    private readonly Conformance.Api _api = new(fixture.Cluster);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _api.Dispose();

    /// <summary>One small object of each kind.</summary>
    private static readonly Dictionary<string, string> Samples = new()
    {
        ["configmaps"] = """{"data":{"k":"v"},"binaryData":{"b":"AQI="}}""",
        ["endpoints"] = """{"subsets":[{"addresses":[{"ip":"192.168.3.1"}],"ports":[{"port":8000}]}]}""",
        ["events"] = """{"involvedObject":{"namespace":"default","name":"p","kind":"Pod"},"reason":"r","message":"m","type":"Normal","count":2,"source":{"component":"c"},"firstTimestamp":"2026-01-01T00:00:00Z"}""",
        ["limitranges"] = """{"spec":{"limits":[{"type":"Pod","max":{"cpu":"2"}}]}}""",
        ["namespaces"] = "{}",
        ["nodes"] = """{"spec":{"unschedulable":true}}""",
        ["persistentvolumeclaims"] = """{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"2M"}}}}""",
        ["persistentvolumes"] = """{"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"3M"},"hostPath":{"path":"/tmp/test/"}}}""",
        ["pods"] = """{"spec":{"serviceAccountName":"stored","automountServiceAccountToken":false,"containers":[{"name":"c","image":"i","ports":[{"containerPort":80}],"readinessProbe":{"httpGet":{"port":"http","path":"/"}}}]}}""",
        ["podtemplates"] = $"{{\"template\":{Template}}}",
        ["replicationcontrollers"] = $"{{\"spec\":{{\"selector\":{{\"a\":\"b\"}},\"template\":{Template}}}}}",
        ["resourcequotas"] = """{"spec":{"hard":{"cpu":"5M"}}}""",
        ["secrets"] = """{"data":{"key":"ZGF0YSBmaWxl"}}""",
        ["serviceaccounts"] = """{"secrets":[{"name":"secret00"}]}""",
        ["services"] = """{"spec":{"ports":[{"port":10000,"targetPort":"x"}],"selector":{"test":"data"}}}""",
        ["mutatingadmissionpolicies"] = """{"spec":{"matchConstraints":{"resourceRules":[{"apiGroups":["x.example.com"],"apiVersions":["v1"],"operations":["CREATE"],"resources":["xs"]}]},"reinvocationPolicy":"IfNeeded","mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{metadata: Object.metadata{labels: {'example':'true'}}}"}}]}}""",
        ["mutatingadmissionpolicybindings"] = """{"spec":{"policyName":"none.example.com"}}""",
        ["mutatingwebhookconfigurations"] = """{"webhooks":[]}""",
        ["validatingadmissionpolicies"] = """{"spec":{"matchConstraints":{"resourceRules":[{"apiGroups":["x.example.com"],"apiVersions":["v1"],"operations":["CREATE"],"resources":["xs"]}]},"validations":[{"expression":"true"}]}}""",
        ["validatingadmissionpolicybindings"] = """{"spec":{"policyName":"none.example.com","validationActions":["Deny"]}}""",
        ["validatingwebhookconfigurations"] = """{"webhooks":[]}""",
        ["apiservices"] = """{"metadata":{"name":"v1.aggregated.example.com"},"spec":{"group":"aggregated.example.com","version":"v1","groupPriorityMinimum":100,"versionPriority":10,"service":{"namespace":"default","name":"none"},"insecureSkipTLSVerify":true}}""",
        ["customresourcedefinitions"] = """{"metadata":{"name":"stones.stored.example.com"},"spec":{"group":"stored.example.com","scope":"Namespaced","names":{"plural":"stones","kind":"Stone"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"}}}}}}}]}}""",
        ["controllerrevisions"] = """{"data":{"a":{"b":[1,2]}},"revision":3}""",
        ["daemonsets"] = $"{{\"spec\":{{\"selector\":{{\"matchLabels\":{{\"a\":\"b\"}}}},\"template\":{Template}}}}}",
        ["deployments"] = $"{{\"spec\":{{\"selector\":{{\"matchLabels\":{{\"a\":\"b\"}}}},\"template\":{Template}}}}}",
        ["replicasets"] = $"{{\"spec\":{{\"selector\":{{\"matchLabels\":{{\"a\":\"b\"}}}},\"template\":{Template}}}}}",
        ["statefulsets"] = $"{{\"spec\":{{\"serviceName\":\"s\",\"selector\":{{\"matchLabels\":{{\"a\":\"b\"}}}},\"template\":{Template}}}}}",
        ["horizontalpodautoscalers"] = """{"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":55}}}]}}""",
        ["cronjobs"] = """{"spec":{"schedule":"* * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}}""",
        ["jobs"] = """{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}""",
        ["certificatesigningrequests"] = "",
        ["leases"] = """{"spec":{"holderIdentity":"h","leaseDurationSeconds":5,"renewTime":"2026-01-01T00:00:00.123456Z"}}""",
        ["endpointslices"] = """{"addressType":"IPv4","endpoints":[{"addresses":["10.1.2.3"],"conditions":{"ready":true}}],"ports":[{"name":"","port":80,"protocol":"TCP"}]}""",
        ["flowschemas"] = """{"spec":{"matchingPrecedence":9001,"priorityLevelConfiguration":{"name":"global-default"}}}""",
        ["prioritylevelconfigurations"] = """{"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":3,"limitResponse":{"type":"Reject"}}}}""",
        ["ingressclasses"] = """{"spec":{"controller":"example.com/controller"}}""",
        ["ingresses"] = """{"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":5000}}}}}""",
        ["ipaddresses"] = """{"metadata":{"name":"192.168.2.3"},"spec":{"parentRef":{"resource":"services","name":"test","namespace":"ns"}}}""",
        ["networkpolicies"] = """{"spec":{"podSelector":{"matchLabels":{"e":"f"}}}}""",
        ["servicecidrs"] = """{"spec":{"cidrs":["192.168.0.0/24"]}}""",
        ["runtimeclasses"] = """{"handler":"h3"}""",
        ["poddisruptionbudgets"] = """{"spec":{"minAvailable":"50%","selector":{"matchLabels":{"a":"b"}}}}""",
        ["clusterrolebindings"] = """{"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"g"}]}""",
        ["clusterroles"] = """{"rules":[{"nonResourceURLs":["/version"],"verbs":["get"]}]}""",
        ["rolebindings"] = """{"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"}}""",
        ["roles"] = """{"rules":[{"apiGroups":[""],"resources":["events"],"verbs":["watch"]}]}""",
        ["deviceclasses"] = """{"spec":{"selectors":[{"cel":{"expression":"device.driver == 'd'"}}]}}""",
        ["resourceclaims"] = """{"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"c","allocationMode":"ExactCount","count":1}}]}}}""",
        ["resourceclaimtemplates"] = """{"spec":{"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"c","allocationMode":"ExactCount","count":1}}]}}}}""",
        ["resourceslices"] = """{"spec":{"nodeName":"worker1","driver":"dra.example.com","pool":{"name":"worker1","resourceSliceCount":1}}}""",
        ["priorityclasses"] = """{"value":1000}""",
        ["csidrivers"] = """{"spec":{"attachRequired":false}}""",
        ["csinodes"] = """{"spec":{"drivers":[{"name":"d","nodeID":"n"}]}}""",
        ["csistoragecapacities"] = """{"storageClassName":"sc1","capacity":"10Gi"}""",
        ["storageclasses"] = """{"provisioner":"aws"}""",
        ["volumeattachments"] = """{"spec":{"attacher":"gce","nodeName":"localhost","source":{"persistentVolumeName":"pv3"}}}""",
        ["volumeattributesclasses"] = """{"driverName":"example.com/driver","parameters":{"foo":"bar"}}""",
    };

    public static TheoryData<string, string> Kinds()
    {
        var kinds = new TheoryData<string, string>();
        foreach (var descriptor in ResourceTable.All)
            if (descriptor.HasVerb("create") && descriptor.HasVerb("get"))
                kinds.Add(descriptor.Kind.ApiVersion, descriptor.Plural);
        return kinds;
    }

    [Fact]
    public async Task A_job_of_an_older_server_has_the_defaults_of_this_one_and_can_be_changed_though_it_lacks_the_newer_labels()
    {
        // As a server of v1.20 leaves it: neither completionMode nor suspend, and labels without a prefix.
        var uid = Guid.NewGuid().ToString();
        var job = (IMetadataObject)CodecTable.Find(Coxswain.Api.Batch.V1.Job.ResourceKind)!.ReadJson(Encoding.UTF8.GetBytes(
            """
            {"metadata":{"name":"old","namespace":"default","uid":"UID","creationTimestamp":"2026-01-01T00:00:00Z"},
             "spec":{"parallelism":1,"completions":1,"backoffLimit":6,"selector":{"matchLabels":{"controller-uid":"UID"}},
              "template":{"metadata":{"labels":{"controller-uid":"UID","job-name":"old"}},
               "spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i","imagePullPolicy":"Always","terminationMessagePath":"/t","terminationMessagePolicy":"File"}]}}}}
            """.Replace("UID", uid, StringComparison.Ordinal)), null);
        await PutAsync("/registry/jobs/default/old", ProtobufEnvelope.ToBytes(CodecTable.Find(job.GroupVersionKind)!, job));
        const string Path = "/apis/batch/v1/namespaces/default/jobs/old";

        var read = (await _api.GetAsync(Path)).Expect(200);
        Assert.Equal("NonIndexed", read.String("spec/completionMode"));
        Assert.Equal("old", read.String("metadata/labels/job-name"));

        var changed = (await _api.MergeAsync(Path, """{"metadata":{"annotations":{"touched":"yes"}}}""")).Expect(200);
        Assert.Equal("yes", changed.String("metadata/annotations/touched"));
        (await _api.DeleteAsync(Path)).Expect(200);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_protobuf_value_of_upstream_is_served_and_the_next_change_stores_it_in_our_form(string apiVersion, string plural)
    {
        var descriptor = ResourceTable.All.Single(d => d.Kind.ApiVersion == apiVersion && d.Plural == plural);
        var form = StoredForms.For(descriptor);
        var (path, before) = await CreateAsync(descriptor);
        var key = form.Descriptor.StorageKeyPrefix + (descriptor.Namespaced ? "default/" : "") + before.String("metadata/name");

        // As upstream would have written it: its storage version, protobuf, no revision in it.
        var kind = ConversionTable.Find(descriptor)?.Storage.Kind ?? descriptor.Kind;
        var codec = CodecTable.Find(kind)!;
        var stored = (await fixture.Cluster.Store.GetAsync(key, Cancellation))!;
        var envelope = ProtobufEnvelope.ToBytes(codec, form.ToStored(form.Decode(stored.Value.Span)));
        envelope = Relabel(envelope, kind.ApiVersion, form.StoredKind.ApiVersion);
        await PutAsync(key, envelope);

        // 1. It is served as before.
        var after = (await _api.GetAsync(path)).Expect(200);
        Assert.Equal(WithoutRevision(before.Json), WithoutRevision(after.Json));

        // 2. A change that changes nothing stores it in our form, as upstream does with what it would write otherwise.
        var whole = (await _api.SendAsync("PUT", path, after.Text)).Expect(200);
        Assert.True(form.IsCurrent((await fixture.Cluster.Store.GetAsync(key, Cancellation))!.Value.Span));
        Assert.Equal(WithoutTimes(before.Json), WithoutTimes(whole.Json));

        // 3. A change changes just what it says.
        await PutAsync(key, envelope);
        (await _api.MergeAsync(path, """{"metadata":{"labels":{"touched":"yes"}}}""")).Expect(200);
        var bytes = (await fixture.Cluster.Store.GetAsync(key, Cancellation))!.Value;
        Assert.StartsWith($"{{\"kind\":\"{form.StoredKind.Kind}\",\"apiVersion\":\"{form.StoredKind.ApiVersion}\",\"metadata\":{{\"name\":", Encoding.UTF8.GetString(bytes.Span), StringComparison.Ordinal);
        Assert.DoesNotContain("\"resourceVersion\":\"", Encoding.UTF8.GetString(bytes.Span[..200]), StringComparison.Ordinal);
        var read = (await _api.GetAsync(path)).Expect(200);
        Assert.Equal("yes", read.String("metadata/labels/touched"));
        (await _api.DeleteAsync(path + "?gracePeriodSeconds=0")).Expect(200);
    }

    [Theory]
    [InlineData("core.service-life", "/registry/services/specs/")]
    [InlineData("core.persistentvolume-life", "/registry/persistentvolumes/")]
    [InlineData("core.namespace-life", "/registry/namespaces/")]
    [InlineData("apps.deployment-life", "/registry/deployments/")]
    [InlineData("apps.statefulset-life", "/registry/statefulsets/")]
    [InlineData("coordination.lease-life", "/registry/leases/")]
    [InlineData("certificates.certificatesigningrequest-life", "/registry/certificatesigningrequests/")]
    public async Task Bytes_that_an_upstream_server_sent_are_served_from_the_store(string recording, string prefix)
    {
        using var document = JsonDocument.Parse(typeof(UpstreamValuesTests).Assembly.GetManifestResourceStream(recording)!);
        var step = document.RootElement.GetProperty("steps").EnumerateArray().First(s => s.GetProperty("response").TryGetProperty("bodyBase64", out _));
        var bytes = step.GetProperty("response").GetProperty("bodyBase64").GetBytesFromBase64();
        var path = step.GetProperty("request").GetProperty("path").GetString()!;
        var parts = path.Split('/');
        var at = Array.IndexOf(parts, "namespaces");
        var key = prefix + (at > 0 && at + 3 < parts.Length ? parts[at + 1] + "/" : "") + parts[^1];

        if (at > 0 && at + 3 < parts.Length)
            (await _api.PostAsync("/api/v1/namespaces", "{\"metadata\":{\"name\":\"" + parts[at + 1] + "\"}}")).Expect(201);
        await PutAsync(key, bytes);

        var read = (await _api.GetAsync(path)).Expect(200);
        var twin = await WholeAsync(path, "application/vnd.kubernetes.protobuf");
        Assert.Equal(parts[^1], read.String("metadata/name"));
        Assert.NotEmpty(read["metadata/managedFields"]!.AsArray());
        var envelope = ProtobufEnvelope.Read(bytes);
        var codec = CodecTable.Find(new(read.String("apiVersion")!.Contains('/', StringComparison.Ordinal) ? read.String("apiVersion")!.Split('/')[0] : "", read.String("apiVersion")!.Split('/')[^1], envelope.Kind))!;
        var (sent, served) = ((IMetadataObject)codec.ReadProtobuf(envelope.Message.Span), (IMetadataObject)codec.ReadProtobuf(ProtobufEnvelope.Read(twin).Message.Span));

        // What the old server did not know has this one's defaults, as every object has that a client sends.
        sent = sent switch
        {
            Coxswain.Api.Core.V1.Namespace n => n with { Metadata = n.Metadata with { Labels = n.Metadata.Labels.With("kubernetes.io/metadata.name", n.Metadata.Name) } },
            Coxswain.Api.Core.V1.Service s => s with { Spec = s.Spec with { InternalTrafficPolicy = "Cluster" } },
            StatefulSet s => s with { Spec = s.Spec with { PersistentVolumeClaimRetentionPolicy = new() { WhenDeleted = "Retain", WhenScaled = "Retain" } } },
            _ => sent,
        };
        Assert.Equal(sent.WithMetadata(sent.Metadata with { ResourceVersion = "" }), served.WithMetadata(served.Metadata with { ResourceVersion = "" }));
        var patched = (await _api.MergeAsync(path, """{"metadata":{"annotations":{"seen":"here"}}}""")).Expect(200);
        Assert.Equal("here", patched.String("metadata/annotations/seen"));
        Assert.Equal((byte)'{', (await fixture.Cluster.Store.GetAsync(key, Cancellation))!.Value.Span[0]);
    }

    [Fact]
    public async Task Values_of_older_versions_are_read_where_they_mean_the_same()
    {
        var name = "old-" + Guid.NewGuid().ToString("N")[..8];
        await PutAsync($"/registry/poddisruptionbudgets/default/{name}", Encoding.UTF8.GetBytes(
            "{\"kind\":\"PodDisruptionBudget\",\"apiVersion\":\"policy/v1beta1\",\"metadata\":{\"name\":\"" + name + "\",\"namespace\":\"default\",\"uid\":\"u\"},\"spec\":{\"selector\":{},\"minAvailable\":1}}"));
        await PutAsync($"/registry/horizontalpodautoscalers/default/{name}", Encoding.UTF8.GetBytes(
            "{\"kind\":\"HorizontalPodAutoscaler\",\"apiVersion\":\"autoscaling/v1\",\"metadata\":{\"name\":\"" + name + "\",\"namespace\":\"default\",\"uid\":\"u\"},\"spec\":{\"scaleTargetRef\":{\"kind\":\"Deployment\",\"name\":\"d\"},\"maxReplicas\":4,\"targetCPUUtilizationPercentage\":61}}"));
        var controller = Relabel(ProtobufEnvelope.ToBytes(DaemonSet.Codec, new DaemonSet { Metadata = new() { Name = name, Namespace = "default", Uid = "u" } }), "apps/v1", "apps/v1beta2");
        await PutAsync($"/registry/daemonsets/default/{name}", controller);

        var budget = (await _api.GetAsync($"/apis/policy/v1/namespaces/default/poddisruptionbudgets/{name}")).Expect(200);
        var scaler = (await _api.GetAsync($"/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/{name}")).Expect(200);

        Assert.Equal("pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match", budget.String("spec/selector/matchExpressions/0/key"));
        Assert.Equal("policy/v1", budget.String("apiVersion"));
        Assert.Equal(61, (int)scaler["spec/metrics/0/resource/target/averageUtilization"]!);
        (await _api.GetAsync($"/apis/apps/v1/namespaces/default/daemonsets/{name}")).Expect(200);
    }

    [Fact]
    public async Task A_value_that_cannot_be_read_is_told_of_by_its_name_and_hides_nobody_else()
    {
        var name = "odd-" + Guid.NewGuid().ToString("N")[..8];
        await PutAsync($"/registry/ingress/default/{name}", Encoding.UTF8.GetBytes(
            "{\"kind\":\"Ingress\",\"apiVersion\":\"networking.k8s.io/v1beta1\",\"metadata\":{\"name\":\"" + name + "\",\"namespace\":\"default\"},\"spec\":{\"backend\":{\"serviceName\":\"s\",\"servicePort\":1}}}"));
        await PutAsync($"/registry/ingress/default/{name}-enc", Encoding.UTF8.GetBytes("k8s:enc:aescbc:v1:key1:0123456789abcdef0123456789abcdef"));
        var path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
        (await _api.PostAsync(path, "{\"metadata\":{\"name\":\"" + name + "-good\"},\"spec\":{\"defaultBackend\":{\"service\":{\"name\":\"s\",\"port\":{\"number\":5000}}}}}")).Expect(201);

        var odd = (await _api.GetAsync($"{path}/{name}")).Expect(500);
        var encrypted = (await _api.GetAsync($"{path}/{name}-enc")).Expect(500);
        var list = (await _api.GetAsync(path)).Expect(200);
        var metrics = await _api.GetAsync("/metrics");

        Assert.Equal(
            "Internal error occurred: no kind \"Ingress\" is registered for version \"networking.k8s.io/v1beta1\": of Ingress, this server reads networking.k8s.io/v1; the server that wrote the value must store it anew as one of these",
            odd.Message);
        Assert.Equal($"Internal error occurred: unable to transform key \"/registry/ingress/default/{name}-enc\": identity transformer tried to read encrypted data", encrypted.Message);
        Assert.Contains(list["items"]!.AsArray(), item => (string?)item!["metadata"]!["name"] == name + "-good");
        Assert.Contains("coxswain_watch_cache_undecodable_objects{resource=\"ingresses.networking.k8s.io\"} 2\n", metrics.Text, StringComparison.Ordinal);
        foreach (var key in (string[])[name, name + "-enc"])
            await PutAsync($"/registry/ingress/default/{key}", null);
    }

    /// <summary>Upstream stores definitions as JSON of the former version, whose shared parts stand once.</summary>
    [Fact]
    public async Task A_definition_as_upstream_stores_it_is_served_with_its_objects()
    {
        await PutAsync("/registry/apiextensions.k8s.io/customresourcedefinitions/pebbles.stored.example.org", """
            {"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1beta1","metadata":{"name":"pebbles.stored.example.org","uid":"3b7e3d2c-0000-4000-8000-000000000001","generation":1,"creationTimestamp":"2026-01-01T00:00:00Z"},
            "spec":{"group":"stored.example.org","version":"v1","names":{"plural":"pebbles","singular":"pebble","kind":"Pebble","listKind":"PebbleList"},"scope":"Namespaced",
            "validation":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer","minimum":1}}}}}},
            "subresources":{"status":{}},"versions":[{"name":"v1","served":true,"storage":true},{"name":"v1alpha1","served":true,"storage":false}],
            "additionalPrinterColumns":[{"name":"Size","type":"integer","JSONPath":".spec.size"}],"conversion":{"strategy":"None"},"preserveUnknownFields":false},
            "status":{"conditions":[{"type":"NamesAccepted","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"NoConflicts","message":"no conflicts found"},{"type":"Established","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"InitialNamesAccepted","message":"the initial names have been accepted"}],
            "acceptedNames":{"plural":"pebbles","singular":"pebble","kind":"Pebble","listKind":"PebbleList"},"storedVersions":["v1"]}}
            """u8.ToArray());

        var definition = (await _api.GetAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pebbles.stored.example.org")).Expect(200);
        Assert.Equal(".spec.size", definition.String("spec/versions/1/additionalPrinterColumns/0/jsonPath"));
        Assert.Equal(1, (int)definition["spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size/minimum"]!);
        Assert.NotNull(definition["spec/versions/0/subresources/status"]);
        Assert.Null(definition["spec/validation"]);

        var objects = "/apis/stored.example.org/v1/namespaces/default/pebbles";
        await _api.UntilAsync(() => _api.GetAsync(objects), answer => answer.Code == 200);
        (await _api.PostAsync(objects, """{"kind":"Pebble","apiVersion":"stored.example.org/v1","metadata":{"name":"p"},"spec":{"size":0}}""")).Expect(422);

        // An object that upstream left in the version that was the storage version before.
        await PutAsync("/registry/stored.example.org/pebbles/default/old", """{"apiVersion":"stored.example.org/v1alpha1","kind":"Pebble","metadata":{"name":"old","namespace":"default","uid":"u"},"spec":{"size":3}}"""u8.ToArray());
        var old = await _api.UntilAsync(() => _api.GetAsync(objects + "/old"), answer => answer.Code == 200);
        Assert.Equal("stored.example.org/v1", old.String("apiVersion"));

        // Writing it back unchanged is how storage is migrated.
        (await _api.PutAsync(objects + "/old", old.Text)).Expect(200);
        Assert.Contains("stored.example.org/v1\"", Encoding.UTF8.GetString((await fixture.Cluster.Store.GetAsync("/registry/stored.example.org/pebbles/default/old", Cancellation))!.Value.Span), StringComparison.Ordinal);
        (await _api.DeleteAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pebbles.stored.example.org")).Expect(200);
    }

    private async Task<(string Path, Answer Object)> CreateAsync(ResourceDescriptor descriptor)
    {
        var sample = Samples[descriptor.Plural];
        if (descriptor is { Plural: "certificatesigningrequests" })
        {
            using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
            var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=a", key, System.Security.Cryptography.HashAlgorithmName.SHA256).CreateSigningRequestPem();
            sample = "{\"spec\":{\"signerName\":\"example.com/signer\",\"usages\":[\"any\"],\"request\":\"" + Convert.ToBase64String(Encoding.ASCII.GetBytes(request)) + "\"}}";
        }
        else if (descriptor.Kind.Group == "events.k8s.io")
        {
            sample = """{"eventTime":"2026-01-01T00:00:00.000000Z","reportingController":"example.com/c","reportingInstance":"i","action":"a","reason":"r","type":"Normal","note":"n","regarding":{"kind":"Pod","namespace":"default","name":"p"}}""";
        }
        else if (descriptor is { Plural: "horizontalpodautoscalers", Kind.Version: "v1" })
        {
            sample = """{"spec":{"maxReplicas":3,"targetCPUUtilizationPercentage":41,"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"}}}""";
        }

        else if (descriptor is { Plural: "pods" })
        {
            await _api.PostAsync("/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"stored"}}""");
        }

        var document = JsonNode.Parse(sample)!.AsObject();
        document["metadata"] ??= new JsonObject { ["name"] = "stored-" + Guid.NewGuid().ToString("N")[..8] };
        var root = descriptor.Kind.Group.Length == 0 ? "/api/v1" : "/apis/" + descriptor.Kind.ApiVersion;
        var collection = $"{root}/{(descriptor.Namespaced ? "namespaces/default/" : "")}{descriptor.Plural}";
        (await _api.PostAsync(collection, document.ToJsonString())).Expect(201);
        var path = $"{collection}/{document["metadata"]!["name"]}";

        // The server itself may still write: states of services, definitions, policies.
        if (descriptor.Kind.Kind is "CustomResourceDefinition")
            await _api.UntilAsync(() => _api.GetAsync(path), a => a.Text.Contains("\"Established\",\"status\":\"True\"", StringComparison.Ordinal));
        if (descriptor.Kind.Kind is "APIService")
            await _api.UntilAsync(() => _api.GetAsync(path), a => a.Text.Contains("\"Available\"", StringComparison.Ordinal));
        if (descriptor.Kind.Kind is "ValidatingAdmissionPolicy")
            await _api.UntilAsync(() => _api.GetAsync(path), a => a.Text.Contains("observedGeneration", StringComparison.Ordinal));
        return (path, await _api.GetAsync(path));
    }

    private async Task PutAsync(string key, byte[]? value)
    {
        // Others may write in between.
        for (var i = 0; i < 100; i++)
        {
            var now = await fixture.Cluster.Store.GetAsync(key, Cancellation);
            if ((await fixture.Cluster.Store.WriteAsync(new(key, now?.ModRevision ?? 0, value), Cancellation)).Committed)
                return;
        }

        Assert.Fail($"{key} is written all the time");
    }

    private async Task<byte[]> WholeAsync(string path, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await _api.Http.SendAsync(request, Cancellation);
        return await response.Content.ReadAsByteArrayAsync(Cancellation);
    }

    /// <summary>The same envelope with another apiVersion in it.</summary>
    private static byte[] Relabel(byte[] envelope, string from, string to)
    {
        if (from == to)
            return envelope;
        var document = ProtobufEnvelope.Read(envelope);
        byte[] type = [0x0a, (byte)to.Length, .. Encoding.ASCII.GetBytes(to), 0x12, (byte)document.Kind.Length, .. Encoding.ASCII.GetBytes(document.Kind)];
        var rest = envelope.AsSpan(4 + 2 + envelope[5]);
        return [.. "k8s\0"u8, 0x0a, (byte)type.Length, .. type, .. rest];
    }

    private static string WithoutRevision(JsonNode o)
    {
        o["metadata"]!.AsObject().Remove("resourceVersion");
        return o.ToJsonString();
    }

    private static string WithoutTimes(JsonNode o)
    {
        o["metadata"]!.AsObject().Remove("managedFields");
        o["metadata"]!.AsObject().Remove("generation");
        return WithoutRevision(o);
    }
}
