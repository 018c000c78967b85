namespace Coxswain.EndToEnd.Tests.Kubectl;

/// <summary>create, run, expose, autoscale: what makes objects.</summary>
internal static class CreateRows
{
    public static IReadOnlyList<Row> All { get; } =
    [
        new("A config map is made of literals, a file and a folder",
            "create configmap a --from-literal=x=y --from-file={dir}/one.txt --from-file=other={dir}/one.txt".Says("configmap/a created"),
            "get configmap a -o jsonpath={.data}".Says("""{"one.txt":"text\n","other":"text\n","x":"y"}"""),
            "create configmap b --from-env-file={dir}/settings.env".Says("configmap/b created"),
            "get configmap b -o jsonpath={.data.NAME}".Says("value"),
            "create configmap a --from-literal=x=y".Fails("configmaps \"a\" already exists"))
        { Files = new Dictionary<string, string> { ["one.txt"] = "text\n", ["settings.env"] = "NAME=value\n" } },

        new("Secrets of all types are made",
            "create secret generic g --from-literal=user=admin".Says("secret/g created"),
            "get secret g -o jsonpath={.type},{.data.user}".Says("Opaque,YWRtaW4="),
            "create secret docker-registry r --docker-server=r.example --docker-username=u --docker-password=p --docker-email=e@example.com".Says("secret/r created"),
            "get secret r -o jsonpath={.type}".Says("kubernetes.io/dockerconfigjson"),
            "create secret generic typed --type=example.com/own --from-literal=a=b".Says("secret/typed created"),
            "get secrets --no-headers".Matches(@"^g\s+Opaque\s+1\s+\d+s\nr\s+kubernetes.io/dockerconfigjson\s+1\s+\d+s\ntyped\s+example.com/own\s+1\s+\d+s")),

        new("A TLS secret is made of a key pair, and refused without one",
            "create secret tls t --cert={dir}/tls.crt --key={dir}/tls.key".Says("secret/t created"),
            "get secret t -o jsonpath={.type}".Says("kubernetes.io/tls"),
            "create secret tls u --cert={dir}/none --key={dir}/tls.key".Fails("no such file or directory"))
        { Files = KeyPair() },

        new("A deployment is made with replicas and a port",
            "create deployment web --image=nginx:1 --replicas=2 --port=80".Says("deployment.apps/web created"),
            "get deployment web -o jsonpath={.spec.replicas},{.spec.template.spec.containers[0].ports[0].containerPort},{.spec.selector.matchLabels.app}".Says("2,80,web"),
            "create deployment many --image=nginx:1 --image=redis:1".Says("deployment.apps/many created"),
            "get deployment many -o jsonpath={.spec.template.spec.containers[*].name}".Says("nginx redis")),

        new("A job is made, also from a cron job",
            "create job j --image=busybox -- echo hello".Says("job.batch/j created"),
            "get job j -o jsonpath={.spec.template.spec.containers[0].command}".Says("""["echo","hello"]"""),
            "create cronjob c --image=busybox --schedule='*/5 * * * *' -- date".Says("cronjob.batch/c created"),
            "create job k --from=cronjob/c".Says("job.batch/k created"),
            "get job k -o jsonpath={.metadata.annotations.cronjob\\.kubernetes\\.io/instantiate},{.metadata.ownerReferences[0].kind}".Says("manual,CronJob"))
        { Versions = ["sid"] },

        new("Roles and bindings are made",
            "create role reader --verb=get,list --resource=pods,deployments.apps/scale --resource-name=one".Says("role.rbac.authorization.k8s.io/reader created"),
            "get role reader -o jsonpath={.rules}".Says(
                """[{"apiGroups":[""],"resourceNames":["one"],"resources":["pods"],"verbs":["get","list"]},{"apiGroups":["apps"],"resourceNames":["one"],"resources":["deployments/scale"],"verbs":["get","list"]}]"""),
            "create clusterrole {v} --verb=get --non-resource-url=/logs/*".Says("clusterrole.rbac.authorization.k8s.io/{v} created"),
            "create clusterrole {v}-all --aggregation-rule=rbac.example.com/all=true".Says("clusterrole.rbac.authorization.k8s.io/{v}-all created"),
            "create rolebinding b --role=reader --user=jane --group=team --serviceaccount={ns}:default".Says("rolebinding.rbac.authorization.k8s.io/b created"),
            "get rolebinding b -o wide --no-headers".Matches(@"^b\s+Role/reader\s+\d+s\s+jane\s+team\s+{ns}/default"),
            "create clusterrolebinding {v} --clusterrole={v} --user=jane".Says("clusterrolebinding.rbac.authorization.k8s.io/{v} created"),
            "create role broken --verb=get --resource=nonsense".Fails("nonsense")),

        new("A quota is made and shown",
            "create quota q --hard=pods=2,requests.cpu=1 --scopes=NotBestEffort".Says("resourcequota/q created"),
            "describe quota q".Mentions("Name:", "NotBestEffort", "requests.cpu").Soon()),

        new("A disruption budget is made",
            "create poddisruptionbudget p --selector=app=web --min-available=50%".Says("poddisruptionbudget.policy/p created"),
            "get pdb p --no-headers".Matches(@"^p\s+50%\s+N/A\s+0\s+\d+s"))
        { Versions = ["sid"] },

        new("An ingress is made of rules",
            "create ingress i --rule=shop.example/cart*=cart:80,tls=cert --annotation=a=b --class=own".Says("ingress.networking.k8s.io/i created"),
            "get ingress i --no-headers".Matches(@"^i\s+own\s+shop.example\s+80, 443\s+\d+s"),
            "get ingress i -o jsonpath={.spec.rules[0].http.paths[0].pathType},{.spec.rules[0].http.paths[0].backend.service.port.number}".Says("Prefix,80")),

        new("A priority class is made",
            "create priorityclass {v} --value=1000 --description=high".Says("priorityclass.scheduling.k8s.io/{v} created"),
            "get priorityclass {v} --no-headers".Matches(@"^{v}\s+1000\s+false\s+\d+s")),

        new("Services of all types are made",
            "create service clusterip a --tcp=80:8080".Says("service/a created"),
            "create service clusterip none --clusterip=None".Says("service/none created"),
            "create service nodeport b --tcp=80:8080".Says("service/b created"),
            "create service loadbalancer c --tcp=80".Says("service/c created"),
            "create service externalname d --external-name=db.example".Says("service/d created"),
            "get services --no-headers".Matches(@"^a\s+ClusterIP\s+10\.96\.\d+\.\d+\s+<none>\s+80/TCP\s+\d+s\nb\s+NodePort\s+10\.96\.\d+\.\d+\s+<none>\s+80:3\d+/TCP\s+\d+s\n"
                + @"c\s+LoadBalancer\s+10\.96\.\d+\.\d+\s+<pending>\s+80:3\d+/TCP\s+\d+s\nd\s+ExternalName\s+<none>\s+db.example\s+<none>\s+\d+s\nnone\s+ClusterIP\s+None\s+<none>\s+<none>\s+\d+s")),

        new("A service account is made, and tokens for it",
            "create serviceaccount robot".Says("serviceaccount/robot created"),
            "create token robot".Matches(@"^[\w-]+\.[\w-]+\.[\w-]+$"),
            "create token robot --duration=10m --audience=vault -o jsonpath={.spec.audiences[0]},{.spec.expirationSeconds}".Says("vault,600"),
            "create token nobody".Fails("""error: failed to create token: serviceaccounts "nobody" not found"""),
            "create token robot --duration=1s".Fails("may not specify a duration less than 10 minutes"))
        { Versions = ["sid"] },

        new("A service account is made by an old kubectl", "create serviceaccount robot".Says("serviceaccount/robot created")) { Versions = ["1.20"] },

        new("A namespace is made and removed",
            "create namespace {v}-more".Says("namespace/{v}-more created"),
            "get namespace {v}-more -o jsonpath={.status.phase}".Says("Active"),
            "delete namespace {v}-more".Says("""namespace "{v}-more" deleted"""),
            "get namespace {v}-more".Fails("""Error from server (NotFound): namespaces "{v}-more" not found""")),

        new("A dry run makes nothing",
            "create configmap a --from-literal=x=y --dry-run=client -o yaml".Mentions("apiVersion: v1", "kind: ConfigMap", "  name: a"),
            "create configmap a --from-literal=x=y --dry-run=server".Says("configmap/a created (server dry run)"),
            "get configmap a".Fails("NotFound")),

        new("Several documents of a file and a folder are made at once",
            "create -f {dir}/all -R".Says("configmap/a created\nconfigmap/b created\nsecret/c created"),
            "delete -f {dir}/all -R --wait=false".Mentions("configmap \"a\" deleted", "secret \"c\" deleted"))
        {
            Files = new Dictionary<string, string>
            {
                ["all/1.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
                ["all/deeper/2.json"] = """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"c"}}""",
            },
        },

        new("A raw body is posted, put and deleted",
            "create --raw /api/v1/namespaces/{ns}/configmaps -f {dir}/a.json".Mentions("\"name\":\"a\"", "\"x\":\"y\""),
            "replace --raw /api/v1/namespaces/{ns}/configmaps/a -f {dir}/b.json".Mentions("\"x\":\"z\""),
            "delete --raw /api/v1/namespaces/{ns}/configmaps/a".Mentions("\"status\":\"Success\""))
        {
            Files = new Dictionary<string, string>
            {
                ["a.json"] = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"y"}}""",
                ["b.json"] = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"z"}}""",
            },
        },

        new("An object that is wrong is refused in the server's words",
            "create -f {dir}/pod.yaml".Fails("""The Pod "Bad_Name" is invalid:"""),
            "create -f {dir}/unknown.yaml".Fails("""no matches for kind "Nonsense" in version "v1"""))
        {
            Files = new Dictionary<string, string>
            {
                ["pod.yaml"] = "apiVersion: v1\nkind: Pod\nmetadata: {name: Bad_Name}\nspec: {containers: [{name: c, image: i}]}\n",
                ["unknown.yaml"] = "apiVersion: v1\nkind: Nonsense\nmetadata: {name: a}\n",
            },
        },

        new("A field that is not known is refused, warned of, or let pass",
            "create -f {dir}/a.yaml".Fails("dta"),
            "create --validate=warn -f {dir}/a.yaml".Warns("unknown field \"dta\""),
            "create --validate=ignore --dry-run=server -f {dir}/b.yaml".Says("configmap/b created (server dry run)"))
        {
            Versions = ["sid"],
            Files = new Dictionary<string, string>
            {
                ["a.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndta: {x: y}\n",
                ["b.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndta: {x: y}\n",
            },
        },

        new("A pod is run",
            "run p --image=busybox --labels=a=b --env=X=y --port=80 --restart=Never -- sleep 10".Says("pod/p created"),
            "get pod p -o jsonpath={.metadata.labels.a},{.spec.containers[0].env[0].value},{.spec.containers[0].args},{.spec.restartPolicy}".Says("""b,y,["sleep","10"],Never"""),
            "run q --image=busybox --dry-run=client -o name".Says("pod/q"),
            "run r --image=busybox --overrides='{\"spec\":{\"priorityClassName\":\"none\"}}'".Fails("no PriorityClass with name none was found")),

        new("A deployment, a service and a pod are exposed",
            "create deployment web --image=nginx:1 --port=80".Works(),
            "expose deployment web --target-port=8080 --name=front --type=NodePort".Says("service/front exposed"),
            "get service front -o jsonpath={.spec.type},{.spec.ports[0].port},{.spec.ports[0].targetPort},{.spec.selector.app}".Says("NodePort,80,8080,web"),
            "expose service front --name=back --port=81 --protocol=UDP".Says("service/back exposed"),
            "expose deployment none --port=80".Fails("""Error from server (NotFound): deployments.apps "none" not found""")),

        new("A deployment is scaled by itself",
            "create deployment web --image=nginx:1".Works(),
            "autoscale deployment web --min=2 --max=5 --cpu-percent=80".Says("horizontalpodautoscaler.autoscaling/web autoscaled"),
            "get hpa web --no-headers".Matches(@"^web\s+Deployment/web\s+(cpu: )?<unknown>/80%\s+2\s+5\s+\d+\s+\d+s"),
            "get horizontalpodautoscalers.v1.autoscaling web -o jsonpath={.spec.targetCPUUtilizationPercentage}".Says("80"),
            "get horizontalpodautoscalers.v2.autoscaling web -o jsonpath={.spec.metrics[0].resource.target.averageUtilization}".Says("80")),
    ];

    private static Dictionary<string, string> KeyPair()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=test", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return new() { ["tls.crt"] = certificate.ExportCertificatePem(), ["tls.key"] = key.ExportPkcs8PrivateKeyPem() };
    }
}
