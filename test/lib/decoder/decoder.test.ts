import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { mock } from 'node:test'
import { setImmediate as immediate, setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Decoder, type DecoderOptions } from '../../../lib/decoder/decoder.ts'
import {
  type DecoderKilled,
  decodersMemory,
  isDecoderKilled,
  kills,
  runningDecoders
} from '../../../lib/decoder/diagnostics.ts'
import { frameStart } from '../../../lib/decoder/frame.ts'
import { usageOf } from '../../../lib/decoder/usage.ts'
import { photo } from '../../support/pictures/pictures.ts'

const UNRULY = join(import.meta.dirname, '../../support/decoder/unruly.ts')
const MB = 1024 * 1024
const isLinux = process.platform === 'linux'
const onLinux = { skip: !isLinux && 'needs /proc' }

const picture = await photo({ width: 64, height: 48 })
const never = new AbortController().signal

t.setTimeout(300_000)

function unruly(t: Test, options: Partial<DecoderOptions> = {}) {
  const decoder = new Decoder({ maxPixels: 1_000_000, concurrency: 1, entry: UNRULY, ...options })
  t.teardown(() => decoder.close())
  const order = (command: string | Buffer, signal = never) => decoder.compress(Buffer.from(command), signal)
  return { decoder, order }
}

function killsOf(t: Test): DecoderKilled[] {
  const seen: DecoderKilled[] = []
  const listen = (message: unknown) => void (isDecoderKilled(message) && seen.push(message))
  kills.subscribe(listen)
  t.teardown(() => kills.unsubscribe(listen))
  return seen
}

async function failure(work: Promise<unknown>) {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error
  )
  return error instanceof Error ? { ...error, message: error.message } : error
}

t.test('a picture comes back compressed, and what is wrong with one is said as in the process', async (t) => {
  const { order } = unruly(t)
  t.match(await order(picture), { width: 64, height: 48, jpeg: Buffer })
  t.match(await failure(order('GIF89a and nothing')), { code: 'corrupt_image', transient: false })
  t.match(await failure(order(await photo({ width: 2000, height: 1000 }))), { code: 'too_many_pixels' })
  t.match(await order(picture), { width: 64, height: 48 }, 'with the same decoder')
  t.equal(runningDecoders.size, 1)
})

t.test('of decoders that have nothing to do one is kept', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { order } = unruly(t, { concurrency: 3 })
  await Promise.all([order(picture), order(picture), order(picture)])
  t.equal(runningDecoders.size, 3)
  mock.timers.tick(5000)
  while (runningDecoders.size > 1) await immediate()
  mock.timers.tick(20_000)
  t.match(await order(picture), { width: 64, height: 48 })
  t.equal(runningDecoders.size, 1)
})

const CASES = [
  ['crash', 'corrupt_image', 'crash', /ended its decoder \((SIGABRT|SIGTRAP)\).*save it with/],
  ['exit', 'corrupt_image', 'crash', /ended its decoder \(exit code 3\)/],
  ['babble', 'corrupt_image', 'crash', /unreadable reply/],
  ['toil', 'timeout', 'cpu', /takes more than 1 seconds of CPU/],
  ['hang', 'timeout', 'wall_clock', /takes more than 2 seconds: save it with/],
  ['spin', 'timeout', 'cpu', /takes more than 1 seconds of CPU: save it with/],
  ['bloat', 'too_many_pixels', 'memory', /takes more than 300 MB of memory: send a smaller one/]
] as const

for (const [command, code, reason, message] of CASES) {
  t.test(`a picture that makes its decoder ${command} fails with ${code}`, onLinux, async (t) => {
    const seen = killsOf(t)
    const wallClockMs = command === 'hang' ? 2000 : 60_000
    const { order } = unruly(t, { limits: { wallClockMs, cpuSeconds: 1, residentBytes: 300 * MB } })
    t.match(await failure(order(command)), { code, message, transient: false })
    t.match(seen, [{ reason }])
    t.match(await order(picture), { width: 64 }, 'and its place is free')
  })
}

t.test('an abort ends the picture at once, and gives its reason', async (t) => {
  const { order } = unruly(t)
  const abort = new AbortController()
  const spinning = failure(order('spin', abort.signal))
  await wait(500)
  abort.abort(new Error('The service stops'))
  // Nothing else ends it with this message: the decoder spins until it is killed for another reason.
  t.match(await spinning, { message: 'The service stops' })
  t.match(await failure(order(picture, abort.signal)), { message: 'The service stops' }, 'nor is it begun')
})

t.test('ten bad pictures among a thousand good ones, four at once: each fails alone', onLinux, async (t) => {
  const seen = killsOf(t)
  const limits = { wallClockMs: 8000, cpuSeconds: 1, residentBytes: 300 * MB }
  const { order } = unruly(t, { concurrency: 4, limits })
  const bad = ['crash', 'hang', 'spin', 'bloat', 'exit', 'crash', 'hang', 'spin', 'bloat', 'exit']
  const every = 101
  const pictures = Array.from({ length: 1010 }, (_, at) => (at % every ? picture : (bad[at / every] ?? '')))
  const ended = await Promise.allSettled(pictures.map((source) => order(source)))
  const failed = ended.flatMap((end, at) =>
    end.status === 'rejected' ? [[pictures[at], end.reason.code]] : []
  )
  t.strictSame(
    failed,
    bad.map((command) => [command, CASES.find(([name]) => name === command)?.[1]])
  )
  t.equal(seen.length, 10, 'nothing else was ended')
})

t.test('a decoder that ends between two pictures costs none', async (t) => {
  const { order } = unruly(t)
  await order(picture)
  for (const pid of runningDecoders) process.kill(pid, 'SIGKILL')
  t.match(await order(picture), { width: 64 })
})

t.test(
  'a decoder that is killed from outside costs no picture, unless it happens again and again',
  onLinux,
  async (t) => {
    const seen = killsOf(t)
    const { order } = unruly(t)
    const killRunning = async (known: number[]): Promise<number> => {
      for (;;) {
        const pid = [...runningDecoders].find((running) => !known.includes(running))
        await wait(20)
        if (pid && decodesNow(pid)) {
          process.kill(pid, 'SIGKILL')
          return pid
        }
      }
    }
    const toiling = failure(order('toil'))
    const pids: number[] = []
    for (let times = 0; times < 3; times++) pids.push(await killRunning(pids))
    t.match(await toiling, { code: 'corrupt_image', message: /SIGKILL/ })
    t.equal(seen.length, 3)
    t.match(await order(picture), { width: 64 })
  }
)

t.test('close leaves no process, whatever they do', async (t) => {
  const { decoder, order } = unruly(t, { concurrency: 3 })
  const ends = ['spin', 'hang', 'spin'].map((command) => failure(order(command)))
  while (runningDecoders.size < 3) await wait(20)
  const pids = [...runningDecoders]
  await decoder.close()
  await Promise.all(ends)
  t.equal(runningDecoders.size, 0)
  for (const pid of pids) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  t.match(await failure(order(picture)), { message: 'The decoder is closed' })
})

t.test('a decoder knows no secret and has nothing to reach out with', onLinux, async (t) => {
  process.env.DECODER_TEST_SECRET = 'secret'
  const { order } = unruly(t)
  await order(picture)
  const [pid] = runningDecoders
  const proc = (name: string) => `/proc/${pid}/${name}`
  t.notMatch(readFileSync(proc('environ'), 'latin1'), /secret|PATH=/)
  const targets = readdirSync(proc('fd')).map((fd) => readlinkSync(proc(`fd/${fd}`)))
  const inherited = targets.filter((target) => target.startsWith('socket:') || target.startsWith('/'))
  t.equal(inherited.filter((target) => target.startsWith('socket:')).length, 3, 'its three pipes')
  t.strictSame(
    inherited.filter((target) => target.startsWith('/') && !target.startsWith('/dev/')),
    [],
    'no file'
  )
  t.match(readlinkSync(proc('cwd')), / \(deleted\)$/, 'a folder in which nothing can be created')
  t.equal(readFileSync(proc('stat'), 'latin1').split(') ')[1]?.split(' ')[16], '10', 'its nice value')
  t.match(readFileSync(proc('oom_score_adj'), 'latin1'), /^1000/)
  t.ok(decodersMemory() > 30 * MB)
  t.ok(decodersMemory() < 200 * MB)
})

t.test('signals to its process group or to itself do not end a picture', onLinux, async (t) => {
  const { order } = unruly(t)
  await order(picture)
  const [pid = 0] = runningDecoders
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal)
  t.match(await order(picture), { width: 64 })
  t.ok(runningDecoders.has(pid), 'the same decoder')
})

t.test('decoders end with a parent that is killed, even while they are stuck', onLinux, async (t) => {
  for (const command of ['hang', 'spin']) {
    const pids = await killParentWhile(command)
    t.equal(pids.length, 2)
    for (let tries = 0; pids.some(isRunning) && tries < 100; tries++) await wait(50)
    t.notOk(pids.some(isRunning), command)
  }
})

/** Whether the process has used some CPU since it was ready, which a start takes none of: 0.3 s at least. */
function decodesNow(pid: number): boolean {
  return (usageOf(pid)?.cpuSeconds ?? 0) > 0.8
}

t.test('without helpers a decoder ends with its pipe, even while a thread decodes', async (t) => {
  const child = spawn(process.execPath, [UNRULY], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  child.stdin.write(frameStart({ maxPixels: 1 }, 4))
  child.stdin.write('toil')
  const begun = Promise.withResolvers<void>()
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
    if (output.includes('begun')) begun.resolve()
  })
  await begun.promise
  await wait(200)
  child.stdin.destroy()
  t.strictSame((await exit)[1], 'SIGKILL')
})

/** Resolves with the decoders of a process that was killed while they were at work. */
async function killParentWhile(command: string): Promise<number[]> {
  const parent = join(import.meta.dirname, '../../support/decoder/parent.ts')
  const child = spawn(process.execPath, [parent, UNRULY, command], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line = ''] = await once(createInterface(child.stdout), 'line')
  child.kill('SIGKILL')
  await once(child, 'exit')
  return JSON.parse(line)
}

const isRunning = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
