import t from 'tap'
import { missing } from '../support/missing.ts'
import { objects } from './files.ts'

/** Every file of the kustomizations except themselves, and the examples. */
const FILES: string[] = ['', 'monitoring/'].flatMap((folder) =>
  objects(`${folder}kustomization.yaml`)[0].resources.map((file: string) => folder + file)
)
FILES.push('examples/ingress.yaml', 'examples/command.yaml')

/** Where the kinds that Kubernetes does not have itself come from. */
const SOURCES: Record<string, string> = {
  'keda.sh': '@kubernetes-models/keda',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator'
}

type Model = new (object: unknown) => { validate(): void }

/** The schema of a kind, made from the one that its makers publish. */
async function modelOf(apiVersion: string, kind: string): Promise<Model> {
  const source = SOURCES[apiVersion.split('/')[0] ?? ''] ?? 'kubernetes-models'
  const models: Record<string, Model> = await import(`${source}/${apiVersion}/${kind}`)
  const { [kind]: model } = models
  if (!model) throw new Error(`${source} does not know ${kind} of ${apiVersion}`)
  return model
}

const skip = await missing(import.meta.dirname)

for (const file of FILES) {
  t.test(`the objects of ${file} fit the schemas of Kubernetes`, { skip }, async (t) => {
    for (const object of objects(file)) {
      const Model = await modelOf(object.apiVersion, object.kind)
      t.doesNotThrow(() => new Model(object).validate(), `${object.kind} ${object.metadata.name ?? ''}`)
    }
  })
}

t.test('a value of another type is found', { skip }, async (t) => {
  const [deployment] = objects('api.yaml')
  const Model = await modelOf('apps/v1', 'Deployment')
  deployment.spec.replicas = 'two'
  t.throws(() => new Model(deployment).validate(), /replicas/)
})
