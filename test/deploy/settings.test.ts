import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { loadConfig } from '../../lib/config/config.ts'
import { Settings } from '../../lib/config/settings.ts'

const DEPLOY = join(import.meta.dirname, '../../deploy')
const read = (file: string) => readFileSync(join(DEPLOY, file), 'utf8')
const documents = (file: string) => parseAllDocuments(read(file)).map((document) => document.toJS())

function checkSettings(t: Test, variables: Record<string, string>): void {
  const unknown = Object.keys(variables).filter((name) => !(name in Settings.properties))
  t.strictSame(unknown, [], 'every variable is a setting')
  t.doesNotThrow(() => loadConfig(variables))
}

t.test('the settings of the fleet on compose are settings that can be used', async (t) => {
  const { services } = parse(read('compose.fleet.yaml'), { merge: true })
  for (const role of ['api', 'worker']) {
    checkSettings(t, services[role].environment)
    t.equal(services[role].environment.ROLE, role)
    t.equal(services[role].read_only, true)
  }
})

t.test('the settings of the fleet on Kubernetes are settings that can be used', async (t) => {
  const [map, secret] = documents('kubernetes/settings.yaml')
  for (const role of ['api', 'worker']) {
    const [deployment] = documents(`kubernetes/${role}.yaml`)
    const [{ env }] = deployment.spec.template.spec.containers
    t.strictSame(env, [{ name: 'ROLE', value: role }])
    checkSettings(t, { ...map.data, ...secret.stringData, ROLE: role })
  }
})

t.test('what selects pods on Kubernetes selects those of the role it is named after', async (t) => {
  for (const role of ['api', 'worker']) {
    const all = documents(`kubernetes/${role}.yaml`)
    const labels = { app: 'asyncprod', role }
    t.strictSame(all[0].spec.template.metadata.labels, labels)
    for (const { kind, spec } of all) {
      t.strictSame(spec.selector.matchLabels ?? spec.selector, labels, `${kind} ${role}`)
    }
  }
})

t.test(
  'Kubernetes asks for what the service answers, and waits for as long as a stop may take',
  async (t) => {
    const { shutdownGraceMs, startupTimeoutMs } = loadConfig({})
    for (const role of ['api', 'worker']) {
      const [{ spec }] = documents(`kubernetes/${role}.yaml`)
      const { containers, terminationGracePeriodSeconds } = spec.template.spec
      const [{ livenessProbe, readinessProbe, startupProbe, lifecycle }] = containers
      t.equal(livenessProbe.httpGet.path, '/health/live')
      t.equal(readinessProbe.httpGet.path, '/health/ready')
      t.ok(startupProbe.periodSeconds * startupProbe.failureThreshold * 1000 > startupTimeoutMs)
      const asleep = lifecycle?.preStop.sleep.seconds ?? 0
      t.ok((terminationGracePeriodSeconds - asleep) * 1000 > shutdownGraceMs)
    }
  }
)

t.test('workers are scaled by the queue they work on', async (t) => {
  const [, { spec }] = documents('kubernetes/scaling.yaml')
  t.equal(spec.triggers[0].metadata.queueName, loadConfig({ RABBITMQ_URL: 'amqp://host' }).rabbitmq?.queue)
})
