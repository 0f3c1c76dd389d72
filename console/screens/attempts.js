import { duration, words } from '../format.js'
import { html } from '../html.js'
import { Ago } from '../parts/shown.js'

/** The stages of an attempt in their order, with a colour each. */
const STAGES = [
  ['dns_ms', 'DNS', '--s1'],
  ['connect_ms', 'connect', '--s2'],
  ['headers_ms', 'headers', '--s3'],
  ['body_ms', 'body', '--s4'],
  ['core_wait_ms', 'wait for a core', '--s5'],
  ['compress_ms', 'decode and encode', '--s6'],
  ['upload_ms', 'upload', '--s7']
]

/** @type {Record<string, string>} */
const OUTCOMES = { done: 'ok', unchanged: 'ok', failed: 'bad', retry: 'warn' }

/** The attempts that are kept, newest first. @param {{ image: import('../calls.js').Image }} props */
export function Attempts({ image: { history: attempts, error, status } }) {
  const waits = status === 'pending' && error?.code === 'storage'
  const none = waits ? 'None is counted while the store takes no images.' : 'None is kept.'
  return html`
    <section class="panel">
      <header><h2>Attempts</h2><span class="soft small">kept for 30 days</span></header>
      ${attempts.length === 0 && html`<p class="empty">${none}</p>`}
      <ol class="attempts">${attempts.map((attempt) => html`<${Attempt} key=${attempt.at} attempt=${attempt} />`)}</ol>
    </section>`
}

/** @param {{ attempt: import('../calls.js').Attempt }} props */
function Attempt({ attempt: { at, outcome, code, detail, ms, stages, responses } }) {
  const ended = outcome === 'retry' ? 'will be retried' : outcome
  return html`
    <li>
      <div class="row">
        <span class=${`status ${OUTCOMES[outcome] ?? ''}`}><b>${ended}</b></span>
        ${code && html`<span class="tag">${words(code)}</span>`}
        <span class="grow"></span>
        <span class="soft small"><${Ago} at=${at} /> · took ${duration(ms)}</span>
      </div>
      ${detail && html`<p class="soft"><bdi>${detail}</bdi></p>`}
      <${Stages} stages=${stages} />
      ${responses.map((response) => html`<${Hop} response=${response} />`)}
    </li>`
}

/** @param {{ response: import('../calls.js').Attempt['responses'][number] }} props */
function Hop({ response: { url, status, address, kept } }) {
  const from = html`<span>from <code>${address}</code>${kept && ', over a kept connection'}</span>`
  return html`
    <p class="small soft hop">
      <span class=${`tag ${status === null || status >= 400 ? 'bad' : ''}`}>${status ?? 'no response'}</span>
      <code>${url}</code> ${address && from}
    </p>`
}

/** @param {{ stages: Record<string, number | null> }} props */
function Stages({ stages }) {
  const reached = STAGES.flatMap(([name = '', label = '', color = '']) => {
    const ms = stages[name]
    return ms === null || ms === undefined ? [] : [{ label, color, ms }]
  })
  if (reached.length === 0) return null
  return html`
    <div class="stages" aria-hidden="true">
      ${reached.map(({ color, ms }) => html`<span style=${{ flexGrow: ms, '--shade': `var(${color})` }}></span>`)}
    </div>
    <p class="small soft row legend">
      ${reached.map(
        ({ label, color, ms }) =>
          html`<span class="status" style=${{ '--tone': `var(${color})` }}>${label} ${duration(ms)}</span>`
      )}
    </p>`
}
