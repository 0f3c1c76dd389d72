import { useState } from 'preact/hooks'
import { counted, shortUrl } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { Act } from '../parts/act.js'
import { Ago, Empty, Status, Waiting } from '../parts/shown.js'
import { link } from '../route.js'
import { useMayChange } from '../session.js'
import { Filters, filterOf } from './filters.js'

/** Images that match the filter in the address, and acts on all of them. @param {{ query: Record<string, string> }} props */
export function Images({ query }) {
  const filter = filterOf(query)
  const { data, error, refresh } = useLive('images', { ...filter, limit: 50, cursor: query.cursor })
  const [acting, setActing] = useState(false)
  const mayChange = useMayChange()
  const isAll = !query.cursor && data?.next === null
  const total = data?.total ?? (isAll ? data.images.length : null)
  return html`
    <div class="screen">
      <div class="title">
        <h1>Images</h1>
        <span class="soft small grow">${data && (total === null ? 'many match: an act counts them first' : `${counted(total, 'image')} ${total === 1 ? 'matches' : 'match'}`)}</span>
        ${mayChange && html`<button class="primary" disabled=${total === 0} onClick=${() => setActing(true)}>Act on all that match …</button>`}
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
        ${data ? html`<${Rows} images=${data.images} next=${data.next} />` : html`<${Waiting} error=${error} what="images" />`}
      </section>
      <${Pages} query=${query} next=${data?.next} />
    </div>`
}

/** @param {{ images: import('../calls.js').FoundImage[], next: string | null }} props */
function Rows({ images, next }) {
  if (images.length === 0)
    return html`<${Empty}>${next ? 'None among the newest: search further.' : 'No image matches.'}<//>`
  return html`
    <table class="lines">
      <thead>
        <tr>
          <th class="c8">Status</th><th class="third">Source</th><th class="wide">Reason</th><th class="wide c9">Product</th>
          <th class="right wide c8">Attempts</th><th class="right c9">Since</th>
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
      <td class="wide reason">
        ${error ? html`<a class="tag bad" href=${link('images', { status, code: error.code })}>${error.code}</a> <span class="soft"><bdi>${error.detail}</bdi></span>` : html`<span class="soft">–</span>`}
      </td>
      <td class="wide"><a href=${link('images', { product_id: product })}>${external ?? product}</a></td>
      <td class="right wide">${attempts}</td>
      <td class="right soft"><${Ago} at=${since} /></td>
    </tr>`
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
