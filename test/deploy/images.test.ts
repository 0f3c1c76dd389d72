import t from 'tap'
import { composeServices, objects, read } from './files.ts'

/** A whole version, a release by its date, or a digest. */
const PINNED = /(:(v?\d+\.\d+(\.\d+)?|RELEASE\.\d{4}-\d\d-\d\dT[\d-]+Z)(-[a-z-]+)?|@sha256:[0-9a-f]{64})$/

t.test('every image that is pulled has its version', async (t) => {
  const pulled = Object.values(composeServices()).flatMap(({ image, build }) =>
    image && !build ? [image] : []
  )
  const bases = [...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, image = '']) => image)
  t.equal(bases.length, 2)
  for (const image of [...pulled, ...bases]) t.match(image, PINNED)
})

t.test('the image bounds the space for new objects as `npm start` does', async (t) => {
  const options = (text = '') => text.match(/--[\w=-]+/g)
  const { scripts } = JSON.parse(read('package.json'))
  const flags = ['--min-semi-space-size=4', '--max-semi-space-size=4']
  t.strictSame(options(scripts.start), flags)
  t.strictSame(options(/^CMD (.*)$/m.exec(read('Dockerfile'))?.[1]), flags)
})

t.test('Kubernetes gets the version of the package', async (t) => {
  const [{ images }] = objects('kustomization.yaml')
  t.match(images, [{ name: 'asyncprod', newTag: JSON.parse(read('package.json')).version }])
})
