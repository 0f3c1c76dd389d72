import t from 'tap'
import { type Line, linesOf } from '../../../lib/http/lines.ts'

/** The lines of a text that arrives in chunks of so many bytes. */
async function read(text: string | Buffer, chunkBytes = 7): Promise<Line[]> {
  const bytes = Buffer.from(text)
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
  }
  const lines: Line[] = []
  for await (const some of linesOf(chunks())) lines.push(...some)
  return lines
}

const MIB = 1_048_576

t.test('lines are numbered, however they are cut into chunks', async (t) => {
  const expected = [
    { number: 1, text: 'ä short one' },
    { number: 2, text: 'another\r' },
    { number: 5, text: 'without an end' }
  ]
  for (const bytes of [1, 7, 1000])
    t.strictSame(await read('\uFEFFä short one\nanother\r\n\n \t\r\nwithout an end', bytes), expected)
  t.strictSame(await read(''), [])
  t.strictSame(await read('\n\n'), [])
})

t.test('a line that is too long or not UTF-8 is a fault, and those beside it are read', async (t) => {
  const broken = Buffer.concat([
    Buffer.from('one\n'),
    Buffer.from([0xc3, 0x28, 0x0a]),
    Buffer.alloc(MIB + 1, 'x'),
    Buffer.from('\n'),
    Buffer.alloc(MIB, 'y'),
    Buffer.from('\nlast')
  ])
  t.match(await read(broken, 65_536), [
    { number: 1, text: 'one' },
    { number: 2, fault: { code: 'malformed_request', message: 'The line is not valid UTF-8.' } },
    { number: 3, fault: { code: 'body_too_large', message: 'The line is longer than 1048576 bytes.' } },
    { number: 4, text: /^y+$/ },
    { number: 5, text: 'last' }
  ])
})
