import t from 'tap'
import { StartError, tryServer, waitForServer } from '../../../lib/startup/wait-for-server.ts'
import { createLog } from '../../support/log.ts'

const server = {
  name: 'The server',
  settings: 'SERVER_URL',
  cureOf: (error: unknown) => (String(error).includes('password') ? 'Set SERVER_PASSWORD.' : null)
}
const reject = (message: string) => () => Promise.reject(new Error(message))

t.test('a server that can be used is used at once', async (t) => {
  const log = createLog()
  t.equal(await waitForServer(server, { timeoutMs: 1, log }, async () => 7), 7)
  t.same(log.lines, [])
})

t.test('a server that is away is tried again, and each time the log says why', async (t) => {
  const log = createLog()
  let tries = 0
  const attempt = async () => {
    if (++tries === 1)
      throw new AggregateError([new Error('refused at ::1'), new Error('refused at 127.0.0.1')])
    return 'up'
  }
  t.equal(await waitForServer(server, { timeoutMs: 60_000, log }, attempt), 'up')
  t.match(log.lines, [
    {
      level: 'warn',
      details: { reason: 'refused at ::1, refused at 127.0.0.1' },
      message: 'The server cannot be used yet; trying again'
    }
  ])
})

t.test('a server that stays away ends the start with the setting to look at', async (t) => {
  await t.rejects(waitForServer(server, { timeoutMs: 10, log: createLog() }, reject('connection refused')), {
    name: 'StartError',
    message:
      'The server could not be used for 10 ms: connection refused. Is it running, and is SERVER_URL right?'
  })
})

t.test('a setting that is wrong ends the start at once, and is named', async (t) => {
  const log = createLog()
  const expected = {
    name: 'StartError',
    message: 'The server cannot be used: wrong password. Set SERVER_PASSWORD.'
  }
  await t.rejects(waitForServer(server, { timeoutMs: 60_000, log }, reject('wrong password')), expected)
  await t.rejects(tryServer(server, log, reject('wrong password')), expected)
  const own = new StartError('DATA_DIR cannot be used')
  await t.rejects(
    waitForServer(server, { timeoutMs: 60_000, log }, () => Promise.reject(own)),
    own
  )
  t.same(log.lines, [])
})

t.test('a server that is not needed is tried once', async (t) => {
  const log = createLog()
  await tryServer(server, log, reject('connection refused'))
  t.match(log.lines, [
    {
      level: 'warn',
      details: { reason: 'connection refused' },
      message: 'The server cannot be used yet; the service starts without it'
    }
  ])
})
