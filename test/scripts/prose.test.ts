import t from 'tap'
import { check } from '../../scripts/prose/prose.ts'

const long = 'word '.repeat(23).trim()

t.test('words that are not used are found in prose, strings and identifiers', async (t) => {
  const faults = (line: string) => check('lib/file.ts', line).length
  t.equal(faults('const owedAt = row.owed_at // what is owed'), 3)
  t.equal(faults("throw new Error('It answers nobody')"), 1)
  t.equal(faults('/** Whoever holds it. */'), 1)
  t.equal(faults('this.#inHand.add(id)'), 1)
  t.equal(faults('  // Who waits is turned away.'), 2)
  t.equal(faults("t.test('who waits gets it', async (t) => {"), 1)
  t.equal(faults('the queue was stuck, seen. */'), 1)
  t.equal(faults('constructor({ mostBytes }: { mostBytes: number }) {'), 1)
  t.equal(faults('as the original had it'), 1)
  t.equal(check('README.md', '| call | answer |').length, 1)
})

t.test('words that only look alike are not', async (t) => {
  for (const line of [
    '// trailing blanks, amended commits, a trailer and power',
    '// the client, who pays; handlers by hand; at most one',
    '// who is to blame?',
    '// Measured: 5% of a start.',
    "const url = 'https://shop.example/lamp.jpg'",
    'export class Owl { constructor() {} }',
    'the original image is kept'
  ])
    t.strictSame(check('lib/file.ts', line), [], line)
})

t.test('comments and the text of Markdown have a longest line, code and tables have not', async (t) => {
  const fault = [`file:1: ${long.length + 3} characters, at most 110`]
  const found = (file: string, line: string) =>
    check(file, line).map((text) => text.replace(/^[^:]*/, 'file'))
  t.strictSame(found('lib/file.ts', `// ${long}`), fault)
  t.strictSame(found('lib/file.ts', ` * ${long}`), fault)
  t.strictSame(found('sql/001.sql', `-- ${long}`.slice(0, -1)), [fault[0]?.replace('117', '116')])
  t.strictSame(found('compose.yaml', `#  ${long}`), fault)
  t.strictSame(found('README.md', `-  ${long}`), fault)
  t.strictSame(found('lib/file.ts', `'${long}'`), [])
  t.strictSame(found('README.md', `| ${long} |`), [])
  t.strictSame(check('README.md', `\`\`\`sh\n${long}\n\`\`\`\n`), [])
  t.strictSame(check('README.md', `\`\`\`sh\n\`\`\`\n${long}`), [
    `README.md:3: ${long.length} characters, at most 110`
  ])
})
