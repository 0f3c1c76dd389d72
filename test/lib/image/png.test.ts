import t from 'tap'
import { withRightSum } from '../../../lib/image/png.ts'

t.test('A PNG without pixels cannot be repaired', async (t) => {
  const png = Buffer.from('89504e470d0a1a0a0000000049454e44ae426082', 'hex')
  t.equal(await withRightSum(png), undefined)
})
