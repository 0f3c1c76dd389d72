import t from 'tap'
import { createFolder } from './guard.ts'
import { runProgram, startProcess } from './process.ts'
import { descendants, isAlive } from './process-tree.ts'

const shell = (script: string) => ({ command: '/bin/sh', args: ['-c', script], cwd: createFolder('shell') })

t.test('a server that ends instead of starting is reported with what it printed', async (t) => {
  await t.rejects(startProcess(shell('echo no such option >&2; exit 2'), /ready/), {
    message: 'sh ended with 2 instead of starting:\nno such option\n'
  })
})

t.test('a program that fails is reported with what it printed', async (t) => {
  await t.rejects(runProgram(shell('echo no space left; exit 1')), {
    message: 'sh ended with 1:\nno space left\n'
  })
  await t.resolves(runProgram(shell('exit 0')))
})

t.test('a program that is not there is reported by its name', async (t) => {
  const program = { command: '/nowhere/server', args: [], cwd: createFolder('nowhere') }

  await t.rejects(startProcess(program, /ready/), { message: 'Cannot start /nowhere/server' })
})

t.test('the end of a server is the end of what it started, in other sessions too', async (t) => {
  const server = await startProcess(shell('setsid sleep 600 & sleep 600 & echo ready; wait'), /ready/)
  const below = descendants(server.pid)
  t.equal(below.length, 2)

  await server.end()

  t.strictSame([server.pid, ...below].filter(isAlive), [])
})
