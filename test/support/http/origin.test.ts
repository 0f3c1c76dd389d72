import t from 'tap'
import { drip, flood, lie, redirect, reset, resetAfter, silence, stall, startOrigin } from './origin.ts'

t.test('an origin', async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const get = (path: string) => fetch(origin.url + path)

  t.test('serves bytes under a path, whatever the query, and counts', async (t) => {
    origin.serve('/a.jpg', 'bytes', { headers: { etag: '"1"' } })
    const requested = origin.requested('/a.jpg')

    const response = await get('/a.jpg?v=2')

    t.equal(await response.text(), 'bytes')
    t.equal(response.headers.get('content-type'), 'image/jpeg')
    t.equal(response.headers.get('etag'), '"1"')
    await requested
    t.equal(origin.count('/a.jpg'), 1)
    t.ok(origin.requests.includes('/a.jpg?v=2'))
  })

  t.test('has nothing anywhere else', async (t) => {
    t.equal((await get('/elsewhere')).status, 404)
  })

  t.test('redirects', async (t) => {
    origin.serve('/new', 'here')
    origin.on('/old', redirect('/new'))

    t.equal(await (await get('/old')).text(), 'here')
  })

  t.test('resets a connection, before and in the middle of a body', async (t) => {
    origin.on('/reset', reset())
    origin.on('/reset-after', resetAfter('begun'))

    await t.rejects(get('/reset'), { cause: { code: 'ECONNRESET' } })
    const response = await get('/reset-after')
    await t.rejects(response.text(), { cause: { code: 'ECONNRESET' } })
  })

  t.test('lies about a length', async (t) => {
    origin.on('/longer', lie('bytes', 3))
    origin.on('/shorter', lie('bytes', 30))

    t.equal(await (await get('/longer')).text(), 'byt')
    const response = await get('/shorter')
    await t.rejects(response.text(), { message: 'terminated' })
  })

  t.test('drips and floods until the client leaves', async (t) => {
    origin.on('/drip', drip(1))
    origin.on('/flood', flood())

    t.equal(await read('/drip', 3), 3)
    t.ok((await read('/flood', 10_000_000)) >= 10_000_000)
  })

  t.test('takes a request and stays silent, or falls silent in the middle', async (t) => {
    origin.on('/silence', silence())
    origin.on('/stall', stall('begun'))
    const leave = new AbortController()
    const requested = origin.requested('/silence')

    const unanswered = fetch(`${origin.url}/silence`, { signal: leave.signal })
    await requested
    leave.abort()
    await t.rejects(unanswered, { name: 'AbortError' })

    t.equal(await read('/stall', 5), 5)
  })

  async function read(path: string, enough: number): Promise<number> {
    const { body } = await get(path)
    let length = 0
    for await (const chunk of body ?? []) {
      length += chunk.length
      if (length >= enough) break
    }
    return length
  }
})
