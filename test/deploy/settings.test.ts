import t, { type Test } from 'tap'
import { loadConfig } from '../../lib/config/config.ts'
import { Settings } from '../../lib/config/settings.ts'
import { embeddedDatabase } from '../support/database.ts'
import { enqueue } from '../support/outbox.ts'
import { composeServices, objects, read, settingsIn } from './files.ts'

const SECRET = 'd5c3f1a27b5e'.repeat(4)
/** `${NAME}` and `${NAME:?message}` in a compose file. */
const VARIABLE = /\$\{[A-Z_]+(:\?[^}]*)?\}/g
const PLACEHOLDER = /<[^>]+>/

function checkSettings(t: Test, variables: Record<string, string>): void {
  const unknown = Object.keys(variables).filter((name) => !(name in Settings.properties))
  t.strictSame(unknown, [], 'every variable is a setting')
  t.doesNotThrow(() => loadConfig(variables))
}

t.test('the settings of the fleet on compose are settings that can be used', async (t) => {
  const services = composeServices()
  for (const role of ['api', 'worker']) {
    const { environment = {}, read_only } = services[role] ?? {}
    const values = Object.entries(environment).map(([name, value]) => [
      name,
      value.replaceAll(VARIABLE, SECRET)
    ])
    checkSettings(t, Object.fromEntries(values))
    t.equal(environment.ROLE, role)
    t.equal(read_only, true)
  }
})

t.test('the settings of the fleet on Kubernetes are settings that can be used', async (t) => {
  const [map] = objects('settings.yaml')
  const secret = settingsIn(
    read('deploy/kubernetes/secret.env.example').replaceAll(new RegExp(PLACEHOLDER, 'g'), SECRET)
  )
  for (const role of ['api', 'worker']) {
    const [deployment] = objects(`${role}.yaml`)
    const [{ env }] = deployment.spec.template.spec.containers
    t.strictSame(env, [{ name: 'ROLE', value: role }])
    checkSettings(t, { ...map.data, ...secret, ROLE: role })
  }
})

t.test('no secret of an example works', async (t) => {
  const settings = settingsIn(read('deploy/kubernetes/secret.env.example'))
  t.ok(Object.keys(settings).length >= 4)
  for (const [name, value] of Object.entries(settings)) t.match(value, PLACEHOLDER, name)
  t.throws(() => loadConfig({ API_KEYS: settings.API_KEYS ?? '' }), /API_KEYS/)
  const passwords = Object.values(composeServices()).flatMap(({ environment = {} }) =>
    Object.entries(environment).filter(([name]) => /PASS|SECRET|KEYS|AUTH/.test(name))
  )
  t.ok(passwords.length >= 8)
  for (const [name, value] of passwords) t.match(value, /^\$\{[A-Z_]+(:\?.+)?\}$/, name)
})

t.test('KEDA reaches the database from its own namespace: the host has a full name', async (t) => {
  const [trigger, { spec }] = objects('scaling.yaml')
  t.match(trigger.spec.secretTargetRef, [{ name: 'asyncprod', key: 'DATABASE_URL' }])
  t.equal(spec.triggers[0].authenticationRef.name, trigger.metadata.name)
  const { DATABASE_URL = '' } = settingsIn(read('deploy/kubernetes/secret.env.example'))
  const [{ namespace }] = objects('kustomization.yaml')
  t.match(new URL(DATABASE_URL.replace(PLACEHOLDER, 'x')).hostname, new RegExp(`\\.${namespace}\\.svc`))
})

t.test('applying the files again changes no number of pods that a scaler has set', async (t) => {
  const scaled = objects('scaling.yaml').flatMap(({ spec }) => spec.scaleTargetRef?.name ?? [])
  t.strictSame(scaled.sort(), ['api', 'worker'])
  for (const role of scaled) t.notOk('replicas' in objects(`${role}.yaml`)[0].spec, role)
})

t.test('a command runs once, with the settings, the image and the limits of the others', async (t) => {
  const [job] = objects('examples/command.yaml')
  const { spec } = job.spec.template
  const [{ image, args, envFrom, securityContext }] = spec.containers
  const [{ images, namespace }] = objects('kustomization.yaml')
  t.equal(image, `${images[0].newName}:${images[0].newTag}`)
  t.strictSame(args, ['dist/cli.js', 'check'])
  t.equal(job.metadata.namespace, namespace)
  const [api] = objects('api.yaml')
  const [container] = api.spec.template.spec.containers
  t.strictSame([envFrom, securityContext], [container.envFrom, container.securityContext])
  t.strictSame(spec.securityContext, api.spec.template.spec.securityContext)
})

t.test('the Ingress leads to the service of the API', async (t) => {
  const [{ metadata, spec }] = objects('examples/ingress.yaml')
  const [, service] = objects('api.yaml')
  const { backend } = spec.rules[0].http.paths[0]
  t.equal(metadata.namespace, objects('kustomization.yaml')[0].namespace)
  t.equal(backend.service.name, service.metadata.name)
  t.equal(backend.service.port.name, service.spec.ports[0].name)
})

t.test('the Ingress passes imports on, which are of any size and read while they are sent', async (t) => {
  const [{ metadata }] = objects('examples/ingress.yaml')
  t.match(metadata.annotations, {
    'nginx.ingress.kubernetes.io/proxy-body-size': '0',
    'nginx.ingress.kubernetes.io/proxy-request-buffering': 'off',
    'nginx.ingress.kubernetes.io/proxy-buffering': 'off'
  })
})

t.test('applying the files again leaves the secret alone', async (t) => {
  const [{ resources }] = objects('kustomization.yaml')
  const kinds = resources.flatMap((file: string) => objects(file).map(({ kind }) => kind))
  t.ok(kinds.includes('ConfigMap'))
  t.notOk(kinds.includes('Secret'))
})

t.test('X-Forwarded-For is believed from the load balancer alone', async (t) => {
  const { api, balancer } = composeServices()
  t.equal(api?.environment?.TRUST_PROXY, `${balancer?.networks?.default?.ipv4_address}/32`)
  const [map] = objects('settings.yaml')
  for (const address of (map.data.TRUST_PROXY ?? '').split(','))
    t.match(address, /^$|^[\d.]+\/32$|^[\da-f:]+\/128$/)
})

t.test("RabbitMQ finds its data again: the host's name is part of the path", async (t) => {
  const { rabbitmq } = composeServices()
  t.equal(rabbitmq?.hostname, 'rabbitmq')
  t.strictSame(rabbitmq?.volumes, ['rabbitmq:/var/lib/rabbitmq'])
})

t.test('selectors of pods on Kubernetes select those of the role that they are named after', async (t) => {
  for (const role of ['api', 'worker']) {
    const all = objects(`${role}.yaml`)
    const labels = { app: 'asyncprod', role }
    t.strictSame(all[0].spec.template.metadata.labels, labels)
    for (const { kind, spec } of all) {
      t.strictSame(spec.selector.matchLabels ?? spec.selector, labels, `${kind} ${role}`)
    }
  }
})

t.test('the probes ask for health, and a pod may stop for as long as the service does', async (t) => {
  const { shutdownGraceMs, startupTimeoutMs } = loadConfig({})
  for (const role of ['api', 'worker']) {
    const [{ spec }] = objects(`${role}.yaml`)
    const { containers, terminationGracePeriodSeconds } = spec.template.spec
    const [{ livenessProbe, readinessProbe, startupProbe, lifecycle }] = containers
    t.equal(livenessProbe.httpGet.path, '/health/live')
    t.equal(readinessProbe.httpGet.path, '/health/ready')
    t.ok(startupProbe.periodSeconds * startupProbe.failureThreshold * 1000 > startupTimeoutMs)
    const asleep = lifecycle?.preStop.sleep.seconds ?? 0
    t.ok((terminationGracePeriodSeconds - asleep) * 1000 > shutdownGraceMs)
  }
})

t.test('workers are scaled by the products that are due, as the queue is kept shallow', async (t) => {
  const [, { spec }] = objects('scaling.yaml')
  const { pool } = await embeddedDatabase(t)
  await enqueue(pool, { count: 3 })
  await enqueue(pool, { count: 2, waitMs: 60_000 })
  await enqueue(pool, { kind: 'webhook' })
  t.same((await pool.query(spec.triggers[0].metadata.query)).rows, [{ due: 3 }])
})
