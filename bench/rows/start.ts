import { freePort } from '../../test/support/servers/port.ts'
import { Member } from '../member.ts'
import type { Row, Sample } from '../row.ts'

export const row: Row = {
  name: 'start',
  title: 'ROLE=api from exec to the first 200',
  ceiling: 'bare Fastify, pg and Redis from exec to the first 200',
  figures: [{ name: 'milliseconds', unit: 'ms', reach: { atMost: 2 } }],
  rounds: ({ rounds }) => 2 * rounds,
  async open(world, _size, stack) {
    const estate = await world.estate(stack)
    const timed = async (name: string, start: (port: number) => Promise<Member>): Promise<Sample> => {
      const port = await freePort()
      const close = world.accounts.open()
      const started = performance.now()
      await using member = await start(port)
      world.accounts.name(member.pid, name)
      await member.ready(`http://127.0.0.1:${port}/health`)
      const milliseconds = performance.now() - started
      return { values: { milliseconds }, usage: close() }
    }
    return {
      ceiling: () =>
        timed('bare Fastify', async (port) =>
          Member.start('bare Fastify', 'bare-api.ts', { ...estate, port })
        ),
      ours: () =>
        timed('api', async (port) =>
          Member.product('api', { ...estate.variables, ROLE: 'api', PORT: `${port}` })
        )
    }
  }
}
