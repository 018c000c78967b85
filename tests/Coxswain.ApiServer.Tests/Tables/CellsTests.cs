using System.Text;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Tables;

namespace Coxswain.ApiServer.Tests.Tables;

public sealed class CellsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static ResourceDescriptor Find(string group, string version, string plural) => ResourceTable.Find(new(group, version, plural))!;

    private static string Row(ResourceDescriptor descriptor, string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var value = (IMetadataObject)descriptor.Codec.ReadJson(bytes, null);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, ObjectCodec.WriterOptions))
            TableWriter.Write(writer, TableTable.For(descriptor), [(value, bytes)], ListMeta.Empty, IncludeObject.None, Now, withDefinitions: false);
        using var table = JsonDocument.Parse(stream.ToArray());
        return string.Join('|', table.RootElement.GetProperty("rows")[0].GetProperty("cells").EnumerateArray().Select(cell => cell.ToString()));
    }

    [Theory]
    [InlineData("""{"phase":"Pending"}""", "0/1|Pending|0")]
    [InlineData("""{"phase":"Pending","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"ImagePullBackOff"}}}]}""", "0/1|ImagePullBackOff|0")]
    [InlineData("""{"phase":"Failed","containerStatuses":[{"name":"c","state":{"terminated":{"exitCode":3}}}]}""", "0/1|ExitCode:3|0")]
    [InlineData("""{"phase":"Failed","containerStatuses":[{"name":"c","state":{"terminated":{"exitCode":0,"signal":9}}}]}""", "0/1|Signal:9|0")]
    [InlineData("""{"phase":"Succeeded","containerStatuses":[{"name":"c","state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}""", "0/1|Completed|0")]
    [InlineData("""{"phase":"Failed","reason":"Evicted"}""", "0/1|Evicted|0")]
    [InlineData("""{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"waiting":{"reason":"PodInitializing"}}}]}""", "0/1|Init:0/0|0")]
    [InlineData("""{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":1,"reason":"Error"}}}]}""", "0/1|Init:Error|0")]
    [InlineData("""{"phase":"Running","containerStatuses":[{"name":"c","ready":true,"restartCount":2,"state":{"running":{}},"lastState":{"terminated":{"exitCode":1,"finishedAt":"2026-01-01T11:55:00Z"}}}]}""", "1/1|Running|2 (5m ago)")]
    [InlineData("""{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]}""", "0/1|SchedulingGated|0")]
    public void A_pods_row_says_what_keeps_it_from_running(string status, string expected) => Assert.StartsWith(
        "p|" + expected + "|<unknown>",
        Row(Find("", "v1", "pods"), $$"""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c"}]},"status":{{status}} }"""), StringComparison.Ordinal);

    [Fact]
    public void A_sidecar_counts_among_the_containers() => Assert.StartsWith(
        "p|2/2|Running|0|",
        Row(Find("", "v1", "pods"), """
            {"metadata":{"name":"p"},"spec":{"initContainers":[{"name":"s","restartPolicy":"Always"}],"containers":[{"name":"c"}]},
             "status":{"phase":"Running","initContainerStatuses":[{"name":"s","ready":true,"started":true,"state":{"running":{}}}],
                       "containerStatuses":[{"name":"c","ready":true,"state":{"running":{}}}]}}
            """), StringComparison.Ordinal);

    [Fact]
    public void A_deleted_pod_terminates() => Assert.StartsWith(
        "p|0/1|Terminating|0|60m|<none>|n|<none>|<none>",
        Row(Find("", "v1", "pods"), """{"metadata":{"name":"p","creationTimestamp":"2026-01-01T11:00:00Z","deletionTimestamp":"2026-01-01T11:59:00Z"},"spec":{"nodeName":"n","containers":[{"name":"c"}]},"status":{"phase":"Running"}}"""),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("", "v1", "services", """{"metadata":{"name":"s"},"spec":{"type":"NodePort","clusterIP":"10.96.0.9","ports":[{"port":80,"nodePort":30080,"protocol":"TCP"},{"port":53,"protocol":"UDP"}],"selector":{"b":"2","a":"1"}}}""",
        "s|NodePort|10.96.0.9|<none>|80:30080/TCP,53/UDP|<unknown>|a=1,b=2")]
    [InlineData("", "v1", "services", """{"metadata":{"name":"s"},"spec":{"type":"LoadBalancer","clusterIP":"None"}}""", "s|LoadBalancer|None|<pending>|<none>|<unknown>|<none>")]
    [InlineData("", "v1", "endpoints", """{"metadata":{"name":"e"},"subsets":[{"addresses":[{"ip":"192.0.2.1"},{"ip":"2001:db8::1"}],"ports":[{"port":1},{"port":2}]}]}""",
        "e|192.0.2.1:1,[2001:db8::1]:1,192.0.2.1:2 + 1 more...|<unknown>")]
    [InlineData("", "v1", "nodes", """{"metadata":{"name":"n","labels":{"node-role.kubernetes.io/worker":"","node-role.kubernetes.io/control-plane":""}},"spec":{"unschedulable":true},"status":{"conditions":[{"type":"Ready","status":"True"}],"nodeInfo":{"kubeletVersion":"v1.36.0"},"addresses":[{"type":"InternalIP","address":"10.0.0.1"}]}}""",
        "n|Ready,SchedulingDisabled|control-plane,worker|<unknown>|v1.36.0|10.0.0.1|<none>|<unknown>|<unknown>|<unknown>")]
    [InlineData("", "v1", "events", """{"metadata":{"name":"v"},"involvedObject":{"kind":"Pod","name":"p"},"type":"Normal","reason":"R","message":" m\n","count":0,"lastTimestamp":"2026-01-01T11:59:00Z"}""",
        "60s|Normal|R|pod/p|||m|<unknown>|1|v")]
    [InlineData("apps", "v1", "deployments", """{"metadata":{"name":"b"},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"app","operator":"Exists"}]},"template":{"spec":{"containers":[{"name":"main","image":"i:1"},{"name":"side","image":"j"}]}}},"status":{"readyReplicas":1,"updatedReplicas":2}}""",
        "b|1/3|2|0|<unknown>|main,side|i:1,j|app=web,app")]
    [InlineData("apps", "v1", "replicasets", """{"metadata":{"name":"b"},"spec":{"replicas":0,"selector":{"matchExpressions":[{"key":"app","operator":"In","values":["x","web"]}]},"template":{"spec":{"containers":[]}}}}""",
        "b|0|0|0|<unknown>|||app in (web,x)")]
    [InlineData("batch", "v1", "jobs", """{"metadata":{"name":"j"},"spec":{"completions":2,"template":{"spec":{"containers":[]}}},"status":{"succeeded":1,"startTime":"2026-01-01T11:58:00Z","conditions":[{"type":"Suspended","status":"False"}]}}""",
        "j|Running|1/2|2m|<unknown>|||<none>")]
    [InlineData("autoscaling", "v1", "horizontalpodautoscalers", """{"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},"maxReplicas":3,"targetCPUUtilizationPercentage":80},"status":{"currentReplicas":1,"currentCPUUtilizationPercentage":40}}""",
        "h|Deployment/d|cpu: 40%/80%|<unset>|3|1|<unknown>")]
    [InlineData("", "v1", "resourcequotas", """{"metadata":{"name":"q"},"status":{"hard":{"pods":"4","limits.cpu":"2"},"used":{"pods":"1"}}}""", "q|pods: 1/4|limits.cpu: 0/2|<unknown>")]
    [InlineData("networking.k8s.io", "v1", "networkpolicies", """{"metadata":{"name":"k"},"spec":{"podSelector":{}}}""", "k|<none>|<unknown>")]
    [InlineData("storage.k8s.io", "v1", "storageclasses", """{"metadata":{"name":"s","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"p","reclaimPolicy":"Delete","volumeBindingMode":"Immediate"}""",
        "s (default)|p|Delete|Immediate|False|<unknown>")]
    [InlineData("rbac.authorization.k8s.io", "v1", "rolebindings", """{"metadata":{"name":"b"},"roleRef":{"kind":"ClusterRole","name":"view"},"subjects":[{"kind":"User","name":"u"},{"kind":"Group","name":"g"},{"kind":"ServiceAccount","namespace":"n","name":"s"}]}""",
        "b|ClusterRole/view|<unknown>|u|g|n/s")]
    [InlineData("", "v1", "limitranges", """{"metadata":{"name":"l","creationTimestamp":"2026-01-01T11:59:00Z"}}""", "l|2026-01-01T11:59:00Z")]
    [InlineData("discovery.k8s.io", "v1", "endpointslices", """{"metadata":{"name":"e"},"addressType":"IPv4","ports":[{"port":80}],"endpoints":[{"addresses":["1.1.1.1"]},{"addresses":["1.1.1.2"]}]}""",
        "e|IPv4|80|1.1.1.1,1.1.1.2|<unknown>")]
    [InlineData("", "v1", "persistentvolumeclaims", """{"metadata":{"name":"c"},"spec":{"volumeName":"v","storageClassName":"x","volumeMode":"Filesystem"},"status":{"phase":"Bound","capacity":{"storage":"5Gi"},"accessModes":["ReadWriteMany","ReadWriteOnce"]}}""",
        "c|Bound|v|5Gi|RWO,RWX|x|<unset>|<unknown>|Filesystem")]
    public void Cells_are_those_of_upstream(string group, string version, string plural, string json, string expected) =>
        Assert.Equal(expected, Row(Find(group, version, plural), json));
}
