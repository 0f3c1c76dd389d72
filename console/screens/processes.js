import { call } from '../api.js'
import { bytes, number } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { attempt } from '../parts/notices.js'
import { Ago, Status, Waiting } from '../parts/shown.js'
import { useMayChange } from '../session.js'

const ISOLATION = 'Pictures are decoded in processes without secrets, files and network'

/** Every process of the fleet. */
export function Processes() {
  const { data, error, refresh } = useLive('processes')
  return html`
    <section class="panel">
      <header><h2>Processes</h2></header>
      ${
        data
          ? html`
          <table>
            <thead>
              <tr>
                <th>State</th><th>Host</th><th class="wide">Role</th><th class="right">Jobs</th>
                <th class="right wide">Memory</th><th class="wide"><span title=${ISOLATION}>Decoders</span></th>
                <th class="wide">Started</th><th class="wide">Seen</th><th><span class="unseen">Acts</span></th>
              </tr>
            </thead>
            <tbody>
              ${data.processes.map((row) => html`<${Row} key=${row.id} process=${row} onChange=${refresh} />`)}
            </tbody>
          </table>`
          : html`<${Waiting} error=${error} what="processes" />`
      }
    </section>`
}

/** @param {{ process: import('../calls.js').Process, onChange: () => void }} props */
function Row({
  process: { id, role, version, host, pid, state, since, seen_at: seen, jobs, memory_bytes: memory, fence },
  onChange
}) {
  const mayChange = useMayChange()
  /** @param {boolean} drain */
  const put = (drain) => call('PUT', `processes/${id}`, { body: { drain } }).then(onChange)
  const drains = state === 'draining' || state === 'drained'
  const name = drains ? 'Use again' : 'Drain'
  const label = `${name} ${host}, pid ${pid}`
  const does = drains ? 'takes work again' : 'finishes its jobs and takes no new ones'
  const toggle = () =>
    attempt(
      () => put(!drains),
      `${host} ${does}.`,
      () => attempt(() => put(drains), 'Undone.')
    )
  return html`
    <tr>
      <td><${Status} name=${state} /></td>
      <td>${host}<p class="soft small">pid ${pid} · ${version}</p></td>
      <td class="wide"><span class="tag">${role}</span></td>
      <td class="right">${number(jobs)}</td>
      <td class="right wide">${bytes(memory)}</td>
      <td class="wide small">
        ${fence === null && html`<span class="soft">decodes nothing</span>`}
        ${fence?.missing.length === 0 && 'fully isolated'}
        ${fence && fence.missing.length > 0 && html`<span class="tag warn">without ${fence.missing.join(', ')}</span>`}
      </td>
      <td class="wide soft"><${Ago} at=${since} /></td>
      <td class="wide soft"><${Ago} at=${seen} /></td>
      <td class="right">
        ${
          mayChange &&
          role !== 'api' &&
          state !== 'lost' &&
          html`<button title=${`It ${does}`} aria-label=${label} onClick=${toggle}>${name}</button>`
        }
      </td>
    </tr>`
}
