import t from 'tap'
import { objects } from './files.ts'
import { mayConnect, type Pod } from './policies.ts'

const here = (labels: Record<string, string>): Pod => ({ namespace: 'asyncprod', labels })
const API = here({ app: 'asyncprod', role: 'api' })
const WORKER = here({ app: 'asyncprod', role: 'worker' })
const COMMAND = here(objects('examples/command.yaml')[0].spec.template.metadata.labels)
const POSTGRES = here({ app: 'postgres' })
const REDIS = here({ app: 'redis' })
const RABBITMQ = here({ app: 'rabbitmq' })
const DNS = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } }
const KEDA = { namespace: 'keda', labels: { app: 'keda-operator' } }
const INGRESS = { namespace: 'ingress-nginx', labels: { app: 'ingress-nginx' } }
const PROMETHEUS = { namespace: 'monitoring', labels: { app: 'prometheus' } }
const STRANGER = { namespace: 'shop', labels: { app: 'shop' } }

t.test('the service reaches its servers in the cluster, and they let it in', async (t) => {
  for (const pod of [API, WORKER, COMMAND]) {
    t.equal(mayConnect(pod, DNS, 53), true)
    t.equal(mayConnect(pod, POSTGRES, 5432), true)
    t.equal(mayConnect(pod, REDIS, 6379), true)
    t.equal(mayConnect(pod, RABBITMQ, 5672), true)
  }
})

t.test('KEDA, the ingress controller and Prometheus reach what they need', async (t) => {
  t.equal(mayConnect(KEDA, POSTGRES, 5432), true)
  t.equal(mayConnect(INGRESS, API, 8080), true)
  t.equal(mayConnect(PROMETHEUS, API, 9090), true)
  t.equal(mayConnect(PROMETHEUS, WORKER, 9090), true)
})

t.test('nothing else is open', async (t) => {
  t.equal(mayConnect(STRANGER, WORKER, 8080), false)
  t.equal(mayConnect(STRANGER, API, 9090), false)
  t.equal(mayConnect(STRANGER, COMMAND, 8080), false)
  for (const pod of [API, WORKER, COMMAND]) {
    t.equal(mayConnect(pod, STRANGER, 80), false)
    t.equal(mayConnect(pod, POSTGRES, 22), false)
    t.equal(mayConnect(pod, { ...POSTGRES, namespace: 'shop', labels: { app: 'postgres' } }, 5432), false)
    t.equal(mayConnect(pod, WORKER, 8080), false)
  }
})
