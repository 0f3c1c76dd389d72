import t from 'tap'
import { waitForServer } from '../../../lib/startup/wait-for-server.ts'
import { createLog } from '../../support/log.ts'

const server = { name: 'The server', setting: 'SERVER_URL' }

t.test('a server that is up is used at once', async (t) => {
  const log = createLog()
  t.equal(await waitForServer({ ...server, timeoutMs: 1, log }, async () => 7), 7)
  t.same(log.lines, [])
})

t.test('one that is not up yet is tried again, and that is said', async (t) => {
  const log = createLog()
  let tries = 0
  const attempt = async () => {
    if (++tries === 1)
      throw new AggregateError([new Error('refused at ::1'), new Error('refused at 127.0.0.1')])
    return 'up'
  }
  t.equal(await waitForServer({ ...server, timeoutMs: 60_000, log }, attempt), 'up')
  t.match(log.lines, [
    {
      level: 'warn',
      details: { reason: 'refused at ::1, refused at 127.0.0.1' },
      message: 'The server cannot be used yet; trying again'
    }
  ])
})

t.test('one that does not come up in time ends the start with the setting to look at', async (t) => {
  const attempt = () => Promise.reject(new Error('connection refused'))
  await t.rejects(waitForServer({ ...server, timeoutMs: 10, log: createLog() }, attempt), {
    name: 'StartError',
    message:
      'The server could not be used within 10 ms: connection refused. Is it running, and is SERVER_URL right?'
  })
})
