import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { buildTestApp } from '../support/app.ts'
import { asyncprod } from '../support/cli.ts'
import { createFolder } from '../support/servers/guard.ts'

const app = await buildTestApp(t)
const url = await app.listen({ port: 0 })
const folder = createFolder('import')

async function run(command: string, name: string, content: string | Buffer, ...options: string[]) {
  const file = join(folder, name)
  await writeFile(file, content)
  const ended = await asyncprod([command, file, '--url', url, ...options])
  const refused = `${file}.refused.ndjson`
  const lines = existsSync(refused) ? (await readFile(refused, 'utf8')).trim().split('\n') : []
  return { ...ended, refused: lines.map((line) => JSON.parse(line)) }
}

const find = async (externalId: string) =>
  (await app.inject(`/api/v1/products?external_id=${externalId}`)).json()[0]

t.test('lines of JSON are imported, and those that are refused are in a file', async (t) => {
  const lines = Buffer.concat([
    Buffer.from('{"external_id": "a", "product_price": 2}\n\n{"external_id": "b", "colour": "red"}\n{\n'),
    Buffer.from([0x22, 0xff, 0x22, 0x0a]),
    Buffer.from('{"external_id": "c"}')
  ])
  const { code, stdout, stderr, refused } = await run('import', 'some.ndjson', lines)
  t.equal(code, 1, stderr)
  const [counts, reasons, ...others] = stdout.split('\n')
  t.match(counts, /^5 products: 2 created, 0 replaced, 3 refused; [\d,]+\/s$/)
  t.match(reasons, /^The refused lines and their reasons: .*some\.ndjson\.refused\.ndjson$/)
  t.strictSame(others, [''])
  t.match(
    refused.toSorted((one, other) => one.line - other.line),
    [
      {
        line: 3,
        status: 400,
        errors: [{ pointer: '/colour' }],
        product: '{"external_id": "b", "colour": "red"}'
      },
      { line: 4, status: 400, code: 'malformed_request', product: '{' },
      { line: 5, status: 400, code: 'malformed_request', error: 'The line is not valid UTF-8.' }
    ]
  )
  t.match(await find('a'), { product_price: 2 })
})

t.test('CSV is imported, with a map from columns to fields', async (t) => {
  const csv = [
    '\uFEFFsku,name,price,image1,image2,colour,product_description,stock',
    'x-1,"Lamp, ""tall""",9.5,https://a.example/1.jpg https://a.example/2.jpg,https://a.example/3.jpg,red,"two',
    'lines",7',
    'x-2,,cheap,,,,,7',
    'x-3,,,,,,,'
  ].join('\r\n')
  const map = [
    ...['sku=external_id', 'name=product_name', 'price=product_price', 'colour=metadata.colour'],
    ...['image1=product_images', 'image2=product_images']
  ].join()
  const { code, stdout, stderr, refused } = await run('import', 'some.csv', csv, '--csv', '--map', map)
  t.equal(code, 1, stderr)
  t.match(stdout, /^3 products: 2 created, 0 replaced, 1 refused;/)
  t.match(stdout, 'Columns that are no field of a product: stock. Name theirs with --map.')
  t.match(refused, [{ line: 3, errors: [{ pointer: '/product_price' }], product: { external_id: 'x-2' } }])
  t.match(await find('x-1'), {
    product_name: 'Lamp, "tall"',
    product_description: 'two\r\nlines',
    product_price: 9.5,
    product_images: ['https://a.example/1.jpg', 'https://a.example/2.jpg', 'https://a.example/3.jpg'],
    metadata: { colour: 'red' }
  })
  t.match(await find('x-3'), { product_name: 'x-3', product_price: 0 })
})

t.test('an export can be imported again, and changes nothing', async (t) => {
  const file = join(folder, 'export.ndjson')
  const first = await asyncprod(['export', file, '--url', url])
  t.match(first, { code: 0, stderr: /^\d products\n$/ })
  const text = await readFile(file, 'utf8')
  const imported = await run('import', 'export.ndjson', text)
  t.match(imported, { code: 0, stdout: /^(\d) products: 0 created, \1 replaced, 0 refused/ }, imported.stdout)
  // Meanwhile attempts at their images may have failed.
  t.strictSame(written((await asyncprod(['export', '--url', url])).stdout), written(text))
  t.equal((await asyncprod(['export', '-', '--url', url, '--user-id', '4711'])).stdout, '')
})

t.test('an export that cannot be written says why', async (t) => {
  for (const [file, stderr] of [
    [join(folder, 'none', 'export.ndjson'), /^ENOENT: no such file or directory, open '.*export\.ndjson'\n$/],
    ['/dev/full', /^ENOSPC: no space left on device, write\n$/]
  ] as const)
    t.match(await asyncprod(['export', file, '--url', url]), { code: 1, stdout: '', stderr })
})

/** What a client writes of exported products. */
const written = (text: string) =>
  text.split('\n').flatMap((line) => {
    if (line === '') return []
    const { id, external_id, product_name, product_description, product_price, metadata, product_images } =
      JSON.parse(line)
    return [{ id, external_id, product_name, product_description, product_price, metadata, product_images }]
  })

t.test('a file that cannot be imported at all ends with a reason', async (t) => {
  for (const [args, stderr] of [
    [[], /^asyncprod import/],
    [['-', '--map', 'sku=price'], /^--map sku=price must be column=field; the fields are .*external_id/],
    [['nothing.csv', '--url', url], /^nothing\.csv cannot be read: .*no such file/],
    [['-', '--key-file', 'nothing', '--url', url], /^nothing cannot be read: /],
    [['-', '--url', 'http://127.0.0.1:1'], /^No service responds at http:\/\/127\.0\.0\.1:1: .*--url\.\n$/]
  ] as const) {
    const ended = await asyncprod(['import', ...args])
    t.not(ended.code, 0)
    t.match(ended.stderr, stderr)
  }
  const broken = await run('import', 'broken.csv', 'a,b\n"x', '--csv')
  t.match(broken, { code: 2, stderr: /^The CSV cannot be read: / })
})

t.test(
  'CSV without --csv, or without a column of --map, is refused before anything is written',
  async (t) => {
    const csv = 'sku,name\nrefused-1,Lamp\n'
    t.match(await run('import', 'head.csv', csv), {
      code: 2,
      stdout: '',
      stderr: 'The input is no JSON; it looks like CSV: add --csv\n'
    })
    t.match(await run('import', 'head.csv', csv, '--csv', '--map', 'foo=external_id,name=product_name'), {
      code: 2,
      stdout: '',
      stderr: '--map names columns that the CSV lacks: foo. It has sku, name\n'
    })
    t.equal(await find('refused-1'), undefined)
    const lines = '{"external_id": "mapped-1"}\n{"sku": "mapped-2"}\n'
    const { code, stdout } = await run(
      'import',
      'map.ndjson',
      lines,
      '--map',
      'sku=external_id,foo=product_name'
    )
    t.equal(code, 0)
    t.match(stdout, /^2 products: 2 created.*\nNo line has what --map names: foo\.\n$/)
  }
)

t.test('a key is read from a file', async (t) => {
  const key = 'key-for-all-users'
  const guarded = await buildTestApp(t, { API_KEYS: `${key}:1` })
  const other = await guarded.listen({ port: 0 })
  const file = join(folder, 'key')
  await writeFile(file, `${key}\n`)
  const products = join(folder, 'one.ndjson')
  await writeFile(products, '{"external_id": "a"}\n')
  t.match(await asyncprod(['import', products, '--url', other, '--key-file', file]), { code: 0 })
  t.match(await asyncprod(['import', products, '--url', other]), {
    code: 1,
    stderr: /^Credentials are missing.*Set ASYNCPROD_KEY to the key, .*--key-file\.$/m
  })
  for (const command of ['export', 'failed list', 'actions list'])
    t.match(await asyncprod([...command.split(' '), '--url', other]), {
      code: 1,
      stderr: /^Credentials are missing.*Set ASYNCPROD_KEY/
    })
  t.match(await asyncprod(['export', '--url', other, '--key-file', file]), {
    code: 0,
    stdout: /"external_id":"a"/
  })
})
