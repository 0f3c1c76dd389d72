import t from 'tap'
import { ALL, SHORT } from './chaos/options.ts'
import { Report } from './chaos/report.ts'
import { runChaos } from './chaos/run.ts'
import { needsOwn } from './support/servers/needs.ts'

t.setTimeout(1_500_000)

t.test(
  'every promise is kept while processes and servers fail',
  needsOwn('postgres', 'redis', 'rabbitmq', 's3'),
  async (t) => {
    const report = new Report({ write: (text: string) => t.comment(text.trimEnd()) })
    const findings = await runChaos({ ...SHORT, only: ALL, seed: 3, embedded: false, log: undefined }, report)
    for (const { promise, figure, wrong } of findings) t.same(wrong, [], `${promise} (${figure})`)
  }
)
