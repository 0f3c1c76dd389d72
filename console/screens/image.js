import { useState } from 'preact/hooks'
import { ACTS } from '../acts.js'
import { adviceFor, needsSource } from '../codes.js'
import { bytes, number, words } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { Act } from '../parts/act.js'
import { Ago, Status, Waiting } from '../parts/shown.js'
import { link } from '../route.js'
import { useMayChange } from '../session.js'
import { Attempts } from './attempts.js'
import { Pictures } from './pictures.js'
import { Replace, Replaced } from './replace.js'

/** One image: its source beside its results, and every attempt. @param {{ id: string }} props */
export function Image({ id }) {
  const { data: image, error, refresh } = useLive(`images/${encodeURIComponent(id)}`)
  const { data: intake } = useLive('intake', {}, 10_000)
  const [act, setAct] = useState(/** @type {string | null} */ (null))
  const [replacing, setReplacing] = useState(false)
  const mayChange = useMayChange()
  if (!image)
    return html`<div class="screen"><h1>Image</h1><${Waiting} error=${error} what="the image" /></div>`
  const offered = Object.keys(ACTS).filter((name) => ACTS[name]?.of === image.status)
  const toReplace = image.error !== null && needsSource(image.error.code, image.error.detail)
  return html`
    <div class="screen">
      <div class="title">
        <h1>${image.product_name}</h1>
        <div class="row">
          ${
            mayChange &&
            offered.map((name) => {
              const tone = name === 'retry' && !toReplace ? 'primary' : ''
              return html`<button class=${tone} onClick=${() => setAct(name)}>${ACTS[name]?.name} …</button>`
            })
          }
          ${
            mayChange &&
            html`
            <button class=${toReplace ? 'primary' : ''} onClick=${() => setReplacing(true)}>
              Replace the source …
            </button>`
          }
        </div>
      </div>
      ${
        act &&
        html`<${Act} filter=${{ id: image.id }} act=${act} onClose=${() => {
          setAct(null)
          refresh()
        }} />`
      }
      ${replacing && html`<${Replace} image=${image} onClose=${() => setReplacing(false)} />`}
      <${Replaced} image=${image} />
      ${image.error && html`<${Reason} error=${image.error} source=${image.source_url} />`}
      ${
        image.status === 'pending' &&
        intake?.paused &&
        html`<p class="panel well warn"><a class="status" href="#/work">Waits: all work is paused</a></p>`
      }
      <${Pictures} image=${image} />
      <div class="two">
        <${Attempts} image=${image} />
        <${Facts} image=${image} />
      </div>
    </div>`
}

/** @param {{ error: { code: string, detail: string }, source: string }} props */
function Reason({ error: { code, detail }, source }) {
  const host = URL.canParse(source) ? URL.parse(source)?.host : undefined
  return html`
    <section class="panel needs" aria-label="Reason">
      <div class="well bad">
        <span class="tag">${words(code)}</span>
        <div class="grow"><strong><bdi>${detail}</bdi></strong><p class="soft">${adviceFor(code, detail)}</p></div>
        <a class="more" href=${link('images', { code, host, status: 'failed' })}>Others like it</a>
      </div>
    </section>`
}

/** @param {{ image: import('../calls.js').Image }} props */
function Facts({ image }) {
  const { status, since, attempts, enqueued_at: enqueued } = image
  const retried = image.history.length > attempts
  const facts = [
    ['Status', html`<${Status} name=${status} />`],
    [status === 'pending' ? 'Due' : 'Since', html`<${Ago} at=${since} />`],
    ['Enqueued', html`<${Ago} at=${enqueued} />`],
    [
      'Attempts',
      `${number(attempts)} of ${number(image.max_attempts)}${retried ? ' since the last retry' : ''}`
    ],
    [
      'Product',
      html`<a class="more" href=${link('images', { product_id: image.product_id })}>${image.product_id}</a>`
    ],
    ['External id', image.external_id ?? '–'],
    ['User', html`<a class="more" href=${link('images', { user_id: image.user_id })}>${image.user_id}</a>`],
    ['Source', html`<code>${image.source_url}</code>`],
    ['Result', image.url ? html`<code>${image.url}</code>` : '–'],
    [
      'Size',
      image.bytes === null ? '–' : `${bytes(image.source_bytes ?? 0)} fetched, ${bytes(image.bytes)} stored`
    ],
    ['Id', html`<code>${image.id}</code>`]
  ]
  return html`
    <section class="panel">
      <header><h2>Facts</h2></header>
      <dl class="body facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
    </section>`
}
