"""What programs do with the Python client: each step says a sentence, or the program ends with an error.

Usage: python3 test.py NAMESPACE IMAGE      (KUBECONFIG names the cluster)
"""
import sys
import threading
import time

from kubernetes import client, config, dynamic, stream, watch
from kubernetes.client.rest import ApiException

namespace, image = sys.argv[1:]
config.load_kube_config()
core = client.CoreV1Api()
apps = client.AppsV1Api()


def step(work):
    work()
    print("ok", work.__doc__, flush=True)


def until(what, condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "not within 30 s: " + what
        time.sleep(0.05)


def config_map(name, **labels):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels=labels), data={"x": name})


@step
def _():
    """reads versions and groups"""
    assert client.VersionApi().get_code().major == "1"
    assert "apps" in [g.name for g in client.ApisApi().get_api_versions().groups]


@step
def _():
    """creates, reads, lists in pages, and selects"""
    for name in "abc":
        core.create_namespaced_config_map(namespace, config_map(name, client="python"))
    one = core.read_namespaced_config_map("a", namespace)
    assert one.data == {"x": "a"} and one.metadata.creation_timestamp.year > 2000
    first = core.list_namespaced_config_map(namespace, label_selector="client=python", limit=2)
    assert [i.metadata.name for i in first.items] == ["a", "b"]
    rest = core.list_namespaced_config_map(namespace, label_selector="client=python", limit=2, _continue=first.metadata._continue)
    assert [i.metadata.name for i in rest.items] == ["c"]
    assert len(core.list_namespaced_config_map(namespace, field_selector="metadata.name=b").items) == 1


@step
def _():
    """patches and replaces"""
    assert core.patch_namespaced_config_map("a", namespace, {"data": {"y": "1"}}).data == {"x": "a", "y": "1"}
    assert core.patch_namespaced_config_map("a", namespace, [{"op": "remove", "path": "/data/y"}]).data == {"x": "a"}
    one = core.read_namespaced_config_map("b", namespace)
    one.data = {"x": "new"}
    assert core.replace_namespaced_config_map("b", namespace, one).data == {"x": "new"}
    try:
        core.replace_namespaced_config_map("b", namespace, one)
        raise AssertionError("an old version was taken")
    except ApiException as e:
        assert e.status == 409 and '"reason":"Conflict"' in e.body


@step
def _():
    """is told what is wrong"""
    for status, work in [
        (404, lambda: core.read_namespaced_config_map("none", namespace)),
        (409, lambda: core.create_namespaced_config_map(namespace, config_map("a"))),
        (422, lambda: core.create_namespaced_config_map(namespace, config_map("Not_A_Name"))),
    ]:
        try:
            work()
            raise AssertionError("not refused")
        except ApiException as e:
            assert e.status == status, e


@step
def _():
    """watches"""
    seen = []
    version = core.list_namespaced_config_map(namespace).metadata.resource_version
    watcher = watch.Watch()

    def look():
        for event in watcher.stream(core.list_namespaced_config_map, namespace, label_selector="watched", resource_version=version, timeout_seconds=20):
            seen.append((event["type"], event["object"].metadata.name))
            if len(seen) == 3:
                watcher.stop()

    thread = threading.Thread(target=look)
    thread.start()
    core.create_namespaced_config_map(namespace, config_map("w", watched="yes"))
    core.patch_namespaced_config_map("w", namespace, {"data": {"y": "1"}})
    core.delete_namespaced_config_map("w", namespace)
    thread.join(30)
    assert seen == [("ADDED", "w"), ("MODIFIED", "w"), ("DELETED", "w")], seen


@step
def _():
    """works with any kind"""
    kinds = dynamic.DynamicClient(client.ApiClient())
    secrets = kinds.resources.get(api_version="v1", kind="Secret")
    made = secrets.create({"metadata": {"name": "any"}, "stringData": {"k": "v"}}, namespace=namespace)
    assert made.data.k == "dg=="
    # Its server_side_apply sends nothing: the library cannot write a body of that type.
    secrets.delete("any", namespace=namespace)
    deployments = kinds.resources.get(api_version="apps/v1", kind="Deployment")
    assert deployments.get(namespace=namespace).items == []


@step
def _():
    """runs a deployment and waits for it"""
    apps.create_namespaced_deployment(namespace, client.V1Deployment(
        metadata=client.V1ObjectMeta(name="web"),
        spec=client.V1DeploymentSpec(
            replicas=1,
            selector=client.V1LabelSelector(match_labels={"app": "web"}),
            template=client.V1PodTemplateSpec(
                metadata=client.V1ObjectMeta(labels={"app": "web"}),
                spec=client.V1PodSpec(termination_grace_period_seconds=0, containers=[
                    client.V1Container(name="c", image=image, command=["sh", "-c", "echo started; exec sleep 1000"])])))))
    until("a ready replica", lambda: apps.read_namespaced_deployment_status("web", namespace).status.ready_replicas == 1)
    apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 2}})
    until("two replicas", lambda: apps.read_namespaced_deployment_status("web", namespace).status.ready_replicas == 2)


pod = core.list_namespaced_pod(namespace, label_selector="app=web").items[0].metadata.name


@step
def _():
    """runs programs in a container"""
    said = stream.stream(core.connect_get_namespaced_pod_exec, pod, namespace, command=["echo", "hello"], stdout=True, stderr=True, stdin=False, tty=False)
    assert said == "hello\n", said
    shell = stream.stream(core.connect_get_namespaced_pod_exec, pod, namespace, command=["sh"], stdin=True, stdout=True, stderr=True, tty=False, _preload_content=False)
    shell.write_stdin("echo out; echo err >&2; exit 3\n")
    shell.run_forever(timeout=20)
    assert (shell.read_stdout(), shell.read_stderr(), shell.returncode) == ("out\n", "err\n", 3)
    shell.close()


@step
def _():
    """reads and follows logs"""
    assert core.read_namespaced_pod_log(pod, namespace) == "started\n"
    for line in watch.Watch().stream(core.read_namespaced_pod_log, pod, namespace):
        assert line == "started"
        break


@step
def _():
    """deletes one and many"""
    apps.delete_namespaced_deployment("web", namespace, propagation_policy="Foreground")
    until("no pod", lambda: not core.list_namespaced_pod(namespace, label_selector="app=web").items)
    core.delete_collection_namespaced_config_map(namespace, label_selector="client=python")
    assert not core.list_namespaced_config_map(namespace, label_selector="client=python").items


print("done")
