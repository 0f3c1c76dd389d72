import t from 'tap'
import { definitionOf, type Rendition } from '../../../lib/image/rendition.ts'
import { isOwnKey, renditionKey } from '../../../lib/storage/object-key.ts'

t.test('the key of a rendition is another for each image, attempt, name, definition and bytes', async (t) => {
  const image = { id: crypto.randomUUID(), generation: 1 }
  const thumb: Rendition = { name: 'thumb', width: 20, fit: 'inside', format: 'webp', quality: 80 }
  const bytes = Buffer.from('RIFF')
  const keys = [
    renditionKey(1, image, thumb, bytes),
    renditionKey(2, image, thumb, bytes),
    renditionKey(1, { ...image, id: crypto.randomUUID() }, thumb, bytes),
    renditionKey(1, { ...image, generation: 2 }, thumb, bytes),
    renditionKey(1, image, { ...thumb, name: 'small' }, bytes),
    renditionKey(1, image, { ...thumb, quality: 81 }, bytes),
    renditionKey(1, image, { ...thumb, fit: 'cover', height: 20 }, bytes),
    renditionKey(1, image, thumb, Buffer.from('WEBP'))
  ]
  t.equal(new Set(keys).size, keys.length)
  t.ok(keys.every(isOwnKey))
  t.equal(renditionKey(1, image, { ...thumb }, bytes), keys[0])
  t.equal(definitionOf({ ...thumb, name: 'small' }), definitionOf(thumb))
})
