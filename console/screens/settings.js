import { html } from '../html.js'
import { useLive } from '../live.js'
import { Waiting } from '../parts/shown.js'

/** What the process that responds was started with. Secrets do not leave it. */
export function Settings() {
  const { data, error } = useLive('settings', {}, 60_000)
  const all = data?.settings ?? []
  const given = all.filter(({ source }) => source !== 'default')
  const defaults = all.filter(({ source }) => source === 'default')
  return html`
    <section class="panel">
      <header><h2>Settings in force</h2></header>
      ${!data && html`<${Waiting} error=${error} what="settings" />`}
      ${
        data &&
        html`
        <${Rows} settings=${given} />
        <details class="body">
          <summary>Those that have their default</summary>
          <${Rows} settings=${defaults} />
        </details>`
      }
    </section>`
}

/** @param {{ settings: import('../calls.js').Setting[] }} props */
function Rows({ settings }) {
  if (settings.length === 0) return html`<p class="body soft">None is set.</p>`
  return html`
    <table>
      <thead><tr><th>Name</th><th>Value</th><th class="wide">Meaning</th></tr></thead>
      <tbody>
        ${settings.map(
          ({ name, description, source, value, is_secret: secret }) => html`
            <tr key=${name}>
              <td><code>${name}</code></td>
              <td>
                ${
                  secret && source !== 'default'
                    ? html`<span class="tag">secret</span>`
                    : html`<bdi>${value ?? '–'}</bdi>`
                }
                ${source === 'file' && html` <span class="soft small">from a file</span>`}
              </td>
              <td class="wide soft small">${description}</td>
            </tr>`
        )}
      </tbody>
    </table>`
}
