// What programs do with the JavaScript client: each step says a sentence, or the program ends with an error.
// Usage: node test.mjs NAMESPACE IMAGE      (KUBECONFIG names the cluster)
import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { connect } from 'node:net';
import * as k8s from '@kubernetes/client-node';

const [namespace, image] = process.argv.slice(2);
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);

async function step(sentence, work) {
  await work();
  console.log(`ok ${sentence}`);
}

async function until(what, condition) {
  for (let i = 0; i < 600; i++) {
    if (await condition()) return;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error(`not within 30 s: ${what}`);
}

function text(stream) {
  let all = '';
  stream.on('data', chunk => { all += chunk; });
  return () => all;
}

await step('reads versions and groups', async () => {
  const version = await config.makeApiClient(k8s.VersionApi).getCode();
  assert.equal(version.major, '1');
  const groups = await config.makeApiClient(k8s.ApisApi).getAPIVersions();
  assert.ok(groups.groups.some(g => g.name === 'apps'));
});

await step('creates, reads, lists in pages, and selects', async () => {
  for (const name of ['a', 'b', 'c'])
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels: { from: 'javascript' } }, data: { x: name } } });
  const one = await core.readNamespacedConfigMap({ namespace, name: 'a' });
  assert.equal(one.data.x, 'a');
  assert.ok(one.metadata.creationTimestamp instanceof Date);
  const first = await core.listNamespacedConfigMap({ namespace, labelSelector: 'from=javascript', limit: 2 });
  assert.deepEqual(first.items.map(i => i.metadata.name), ['a', 'b']);
  const rest = await core.listNamespacedConfigMap({ namespace, labelSelector: 'from=javascript', limit: 2, _continue: first.metadata._continue });
  assert.deepEqual(rest.items.map(i => i.metadata.name), ['c']);
  const chosen = await core.listNamespacedConfigMap({ namespace, fieldSelector: 'metadata.name=b' });
  assert.equal(chosen.items.length, 1);
});

await step('patches in every way', async () => {
  const as = type => k8s.setHeaderOptions('Content-Type', type);
  let map = await core.patchNamespacedConfigMap({ namespace, name: 'a', body: { data: { y: '1' } } }, as(k8s.PatchStrategy.MergePatch));
  assert.deepEqual(map.data, { x: 'a', y: '1' });
  map = await core.patchNamespacedConfigMap({ namespace, name: 'a', body: [{ op: 'remove', path: '/data/y' }] }, as(k8s.PatchStrategy.JsonPatch));
  assert.deepEqual(map.data, { x: 'a' });
  map = await core.patchNamespacedConfigMap({ namespace, name: 'a', body: { data: { z: '2' } } }, as(k8s.PatchStrategy.StrategicMergePatch));
  assert.deepEqual(map.data, { x: 'a', z: '2' });
  map = await core.patchNamespacedConfigMap(
    { namespace, name: 'a', fieldManager: 'javascript', force: true, body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: 'applied' } } },
    as(k8s.PatchStrategy.ServerSideApply));
  assert.equal(map.data.x, 'applied');
});

await step('is told what is wrong', async () => {
  await assert.rejects(core.readNamespacedConfigMap({ namespace, name: 'none' }), error => {
    assert.equal(error.code, 404);
    assert.equal(JSON.parse(error.body).reason, 'NotFound');
    return true;
  });
  await assert.rejects(core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'a' } } }), { code: 409 });
  const map = await core.readNamespacedConfigMap({ namespace, name: 'b' });
  await core.replaceNamespacedConfigMap({ namespace, name: 'b', body: { ...map, data: { x: 'new' } } });
  await assert.rejects(core.replaceNamespacedConfigMap({ namespace, name: 'b', body: { ...map, data: { x: 'old' } } }), { code: 409 });
});

await step('works with any object by its kind', async () => {
  const objects = k8s.KubernetesObjectApi.makeApiClient(config);
  const made = await objects.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'any', namespace }, stringData: { k: 'v' } });
  assert.equal(made.data.k, 'dg==');
  await objects.delete(made);
  await assert.rejects(objects.read(made), { code: 404 });
});

await step('watches', async () => {
  const seen = [];
  const { metadata: { resourceVersion } } = await core.listNamespacedConfigMap({ namespace });
  const watch = new k8s.Watch(config);
  let ended;
  const end = new Promise(resolve => { ended = resolve; });
  const request = await watch.watch(`/api/v1/namespaces/${namespace}/configmaps`, { resourceVersion, allowWatchBookmarks: true, labelSelector: 'watched' },
    (type, object) => seen.push(`${type} ${object.metadata.name}`), ended);
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'w', labels: { watched: 'yes' } } } });
  await core.patchNamespacedConfigMap({ namespace, name: 'w', body: { data: { x: '1' } } }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
  await core.deleteNamespacedConfigMap({ namespace, name: 'w' });
  await until('three events', () => seen.length >= 3);
  assert.deepEqual(seen, ['ADDED w', 'MODIFIED w', 'DELETED w']);
  request.abort();
  await end;
  const timed = new Promise(resolve => watch.watch(`/api/v1/namespaces/${namespace}/configmaps`, { timeoutSeconds: 1 }, () => {}, resolve));
  await timed;
});

await step('is informed', async () => {
  const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`,
    () => core.listNamespacedConfigMap({ namespace, labelSelector: 'informed' }), 'informed');
  const seen = [];
  for (const event of ['add', 'update', 'delete'])
    informer.on(event, object => seen.push(`${event} ${object.metadata.name}`));
  informer.on('error', error => seen.push(`error ${error}`));
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'i', labels: { informed: 'yes' } } } });
  await informer.start();
  await until('the first', () => seen.includes('add i'));
  await core.patchNamespacedConfigMap({ namespace, name: 'i', body: { data: { x: '1' } } }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
  await until('the change', () => seen.includes('update i'));
  assert.equal(informer.get('i', namespace).data.x, '1');
  await core.deleteNamespacedConfigMap({ namespace, name: 'i' });
  await until('the end', () => seen.includes('delete i'));
  assert.equal(informer.list(namespace).length, 0);
  assert.ok(!seen.some(s => s.startsWith('error')), seen.join());
  await informer.stop();
});

await step('runs a deployment and waits for it', async () => {
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name: 'web' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [{ name: 'c', image, command: ['sh', '-c', 'echo started; mkdir /w; echo served > /w/index.html; exec httpd -f -p 8080 -h /w'] }],
          },
        },
      },
    },
  });
  await until('a ready replica', async () => (await apps.readNamespacedDeploymentStatus({ namespace, name: 'web' })).status.readyReplicas === 1);
});

const pod = (await core.listNamespacedPod({ namespace, labelSelector: 'app=web' })).items[0].metadata.name;

await step('runs programs in a container', async () => {
  const exec = new k8s.Exec(config);
  const run = (command, input) => new Promise((resolve, reject) => {
    const [out, err] = [new PassThrough(), new PassThrough()];
    const [outText, errText] = [text(out), text(err)];
    exec.exec(namespace, pod, 'c', command, out, err, input === undefined ? null : Readable.from([input]), false,
      status => setImmediate(() => resolve({ status, out: outText(), err: errText() }))).catch(reject);
  });
  let result = await run(['echo', 'hello']);
  assert.deepEqual([result.status.status, result.out], ['Success', 'hello\n']);
  result = await run(['sh', '-c', 'echo wrong >&2; exit 3']);
  assert.deepEqual([result.status.status, result.err, result.status.details.causes[0].message], ['Failure', 'wrong\n', '3']);
  // The end of the input reaches the program, and what it says then comes back.
  result = await run(['sh', '-c', 'cat; echo end'], 'typed in\n');
  assert.deepEqual([result.out, result.status.status], ['typed in\nend\n', 'Success']);
});

await step('reads and follows logs', async () => {
  assert.equal(await core.readNamespacedPodLog({ namespace, name: pod }), 'started\n');
  const out = new PassThrough();
  const all = text(out);
  const request = await new k8s.Log(config).log(namespace, pod, 'c', out, { follow: true });
  await until('the line', () => all() === 'started\n');
  request.abort();
});

await step('forwards a port', async () => {
  const { createServer } = await import('node:net');
  const forward = new k8s.PortForward(config);
  const server = createServer(socket => { forward.portForward(namespace, pod, [8080], socket, null, socket); });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const answer = await new Promise((resolve, reject) => {
    const socket = connect(server.address().port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    let all = '';
    socket.on('data', chunk => { all += chunk; if (all.includes('served')) { socket.destroy(); resolve(all); } });
    socket.on('error', reject);
  });
  assert.match(answer, /200 OK/);
  server.close();
});

await step('deletes one and many', async () => {
  await apps.deleteNamespacedDeployment({ namespace, name: 'web', body: { propagationPolicy: 'Foreground' } });
  await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'from=javascript' });
  assert.equal((await core.listNamespacedConfigMap({ namespace, labelSelector: 'from=javascript' })).items.length, 0);
});

console.log('done');
process.exit(0);
