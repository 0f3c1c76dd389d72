import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { createFolder } from './guard.ts'
import { SupervisedProcess } from './process.ts'
import { descendants, identify, isAlive } from './process-tree.ts'
import { runProgram, startServer } from './start.ts'

const shell = (script: string) => ({ command: '/bin/sh', args: ['-c', script], cwd: createFolder('shell') })

t.test('a server that ends instead of starting is reported with what it printed', async (t) => {
  await t.rejects(startServer(shell('echo no such option >&2; exit 2'), /ready/), {
    message: 'sh ended with 2 before it printed /ready/:\nno such option'
  })
  await t.rejects(startServer(shell('exit 3'), 1), {
    message: 'sh ended with 3 before it listened on port 1:\n(it printed nothing)'
  })
})

t.test('a program that fails is reported with what it printed', async (t) => {
  await t.rejects(runProgram(shell('echo no space left; exit 1')), {
    message: 'sh ended with 1 instead of 0:\nno space left'
  })
  await t.resolves(runProgram(shell('exit 0')))
})

t.test('a program that does not exist is reported by its name', async (t) => {
  const program = { command: '/nowhere/server', args: [], cwd: createFolder('nowhere') }

  await t.rejects(startServer(program, /ready/), { message: 'Cannot start /nowhere/server' })
})

t.test('the end of a process is the end of what it started, in other sessions too', async (t) => {
  const server = await startServer(shell('setsid sleep 600 & sleep 600 & echo ready; wait'), /ready/)
  const tree = [identify(server.pid), ...descendants(server.pid)]
  t.equal(tree.length, 3)

  t.same(await server.stop(), { code: null, signal: 'SIGKILL' })

  t.strictSame(tree.filter(isAlive), [])
})

t.test('output that a process printed before can be awaited like its next output', async (t) => {
  await using process = new SupervisedProcess(shell('echo one; read line < /dev/stdin; echo two; exit 4'))

  t.equal(await process.said(/one/), 'one')
  t.equal(await process.said(/two/), 'two')
  t.equal(await process.said(/one/), 'one')
  t.same(await process.ended, { code: 4, signal: null })
  await t.rejects(process.said(/three/), { message: 'sh ended with 4 before it printed /three/:\none\ntwo' })
})

t.test('a frozen process does nothing until it is thawed', async (t) => {
  await using process = new SupervisedProcess(shell('while sleep 0.05; do echo tick; done'))
  await process.said(/tick/)
  process.freeze()
  await wait(100)
  const { length } = process.lines
  await wait(200)

  t.equal(process.lines.length, length)
  process.thaw()
  await once(process, 'line')
})

t.test('the usage of a process includes what it started, and what has ended', async (t) => {
  const busy = 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'
  await using process = new SupervisedProcess(
    shell(`(${busy}); echo ended; (${busy}; echo busy; sleep 600) & wait`)
  )
  await process.said(/ended/)
  const one = process.usage().cpuSeconds
  await process.said(/busy/)
  const two = process.usage()

  t.ok(one > 0 && two.cpuSeconds > one)
  const resident = process.residentBytes()
  t.ok(resident > 0 && two.peakBytes >= resident)
})
