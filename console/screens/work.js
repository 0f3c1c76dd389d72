import { duration, number } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { Empty, Waiting } from '../parts/shown.js'
import { DeadLetters } from './dead-letters.js'
import { Intake } from './intake.js'
import { Processes } from './processes.js'

/** What is due, which processes work on it, and what could not be parsed. */
export function Work() {
  const { data: overview, error, refresh } = useLive('overview')
  return html`
    <div class="screen">
      <div class="title"><h1>Work</h1></div>
      <${Intake} />
      <section class="panel">
        <header><h2>Outbox</h2><span class="soft small">${queueText(overview)}</span></header>
        ${!overview && html`<${Waiting} error=${error} what="the outbox" />`}
        ${overview && html`<${Outbox} rows=${overview.outbox} />`}
      </section>
      <${Processes} />
      ${overview?.queue && html`<${DeadLetters} total=${overview.queue.dead_letters} onChange=${refresh} />`}
    </div>`
}

/** @param {import('../calls.js').Overview | undefined} overview */
function queueText(overview) {
  if (!overview) return ''
  const { queue, dependencies } = overview
  if (queue) return `${number(queue.messages)} messages on RabbitMQ`
  return dependencies.rabbitmq ? 'RabbitMQ is away: workers read the outbox' : 'Workers read it directly'
}

const SCHEDULED = 'What a worker does now, retries, and removals of files that pages may still show'

/** @type {Record<string, string>} what a row of the outbox is for */
const KINDS = {
  images: 'images of a product',
  object: 'stored files to remove',
  webhook: 'webhooks',
  action: 'actions of operators'
}

/** @param {{ rows: import('../calls.js').Overview['outbox'] }} props */
function Outbox({ rows: all }) {
  const rows = all.filter(({ due, waiting }) => due + waiting > 0)
  if (rows.length === 0) return html`<${Empty}>Nothing waits.<//>`
  return html`
    <table>
      <thead>
        <tr>
          <th>Kind</th>
          <th title="Interactive: of a request. Bulk: of an import or an action; it comes second">Class</th>
          <th class="right wide">Due for</th><th class="right" title="A worker may take it now">Due now</th>
          <th class="right" title=${SCHEDULED}>Running or scheduled</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ kind, class: name, due, waiting, oldest_due_s: oldest, is_capped: capped }) => html`
            <tr>
              <td>${KINDS[kind] ?? kind}</td>
              <td><span class="tag">${name}</span></td>
              <td class="right soft wide">${oldest === null ? '–' : duration(oldest * 1000)}</td>
              <td class="right">${number(due)}${capped ? '+' : ''}</td>
              <td class="right">${number(waiting)}${capped ? '+' : ''}</td>
            </tr>`
        )}
      </tbody>
    </table>`
}
