import { useState } from 'preact/hooks'
import { counted, shortUrl, words } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { Act } from '../parts/act.js'
import { Ago, Empty, Status, Waiting } from '../parts/shown.js'
import { link } from '../route.js'
import { useMayChange } from '../session.js'
import { Filters, filterOf } from './filters.js'

/**
 * Images that match the filter in the address, and acts on all of them.
 * @param {{ query: Record<string, string> }} props
 */
export function Images({ query }) {
  const filter = filterOf(query)
  const { data, error, refresh } = useLive('images', { ...filter, limit: 50, cursor: query.cursor })
  const [acting, setActing] = useState(false)
  const mayChange = useMayChange()
  const isAll = !query.cursor && data?.next === null
  const total = data?.total ?? (isAll ? data.images.length : null)
  const act = () => setActing(true)
  return html`
    <div class="screen">
      <div class="title">
        <h1>Images</h1>
        <span class="soft small grow">${data && matchText(total)}</span>
        ${
          mayChange &&
          html`<button class="primary" disabled=${total === 0} onClick=${act}>Act on all that match …</button>`
        }
      </div>
      <${Filters} filter=${filter} />
      ${
        acting &&
        html`<${Act} filter=${filter} onClose=${() => {
          setActing(false)
          refresh()
        }} />`
      }
      <section class="panel" aria-label="Images">
        ${!data && html`<${Waiting} error=${error} what="images" />`}
        ${data && html`<${Rows} images=${data.images} next=${data.next} />`}
      </section>
      <${Pages} query=${query} next=${data?.next} />
    </div>`
}

/** @param {number | null} total */
function matchText(total) {
  if (total === null) return 'many match: an act counts them first'
  return `${counted(total, 'image')} ${total === 1 ? 'matches' : 'match'}`
}

/** @param {{ images: import('../calls.js').FoundImage[], next: string | null }} props */
function Rows({ images, next }) {
  if (images.length === 0)
    return html`<${Empty}>${next ? 'None among the newest: search further.' : 'No image matches.'}<//>`
  return html`
    <table class="lines">
      <thead>
        <tr>
          <th class="c8">Status</th><th class="third">Source</th><th class="wide">Reason</th>
          <th class="wide c9">Product</th><th class="right wide c8">Attempts</th><th class="right c9">Since</th>
        </tr>
      </thead>
      <tbody>${images.map((image) => html`<${Row} key=${image.id} image=${image} />`)}</tbody>
    </table>`
}

/** @param {{ image: import('../calls.js').FoundImage }} props */
function Row({ image }) {
  const {
    id,
    status,
    source_url: source,
    error,
    product_id: product,
    external_id: external,
    attempts,
    since
  } = image
  return html`
    <tr>
      <td><${Status} name=${status} /></td>
      <td>
        <a class="link" href=${link(`images/${id}`)} title=${source}><bdi>${shortUrl(source)}</bdi></a>
        ${error && html`<p class="soft small narrow">${error.detail}</p>`}
      </td>
      <td class="wide reason"><${Reason} status=${status} error=${error} /></td>
      <td class="wide"><a href=${link('images', { product_id: product })}>${external ?? product}</a></td>
      <td class="right wide">${attempts}</td>
      <td class="right soft"><${Ago} at=${since} /></td>
    </tr>`
}

/** @param {Pick<import('../calls.js').FoundImage, 'status' | 'error'>} props */
function Reason({ status, error }) {
  if (!error) return html`<span class="soft">–</span>`
  const others = link('images', { status, code: error.code })
  return html`
    <a class="tag bad" href=${others}>${words(error.code)}</a> <span class="soft"><bdi>${error.detail}</bdi></span>`
}

/** @param {{ query: Record<string, string>, next: string | null | undefined }} props */
function Pages({ query, next }) {
  const { cursor, ...first } = query
  if (!cursor && !next) return null
  return html`
    <nav class="row" aria-label="Pages">
      ${cursor && html`<a class="button" href=${link('images', first)}>Newest</a>`}
      ${next && html`<a class="button" href=${link('images', { ...first, cursor: next })}>Older</a>`}
    </nav>`
}
