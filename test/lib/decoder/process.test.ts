import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { decodersMemory, runningDecoders } from '../../../lib/decoder/diagnostics.ts'
import { frameStart } from '../../../lib/decoder/frame.ts'
import { usageOf } from '../../../lib/decoder/usage.ts'
import { failure, killsOf, MB, onLinux, picture, UNRULY, unruly } from './setup.ts'

t.setTimeout(300_000)

const HASTY = join(import.meta.dirname, '../../support/decoder/hasty.ts')

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

t.test(
  'a decoder that replies before it has the whole picture is killed, and is sent no more of it',
  async (t) => {
    const seen = killsOf(t)
    const { order } = unruly(t, { entry: HASTY })
    t.match(await failure(order(Buffer.alloc(4 * MB))), {
      code: 'corrupt_image',
      message: /an unreadable reply/
    })
    t.match(seen, [{ reason: 'crash' }])
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
