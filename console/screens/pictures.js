import { useState } from 'preact/hooks'
import { bytes, hostOf } from '../format.js'
import { html } from '../html.js'

/** The source beside its results. @param {{ image: import('../calls.js').Image }} props */
export function Pictures({ image }) {
  const { source_url: source, url, width, height, bytes: size, renditions } = image
  const main = url ? { JPEG: { url, width, height, bytes: size } } : {}
  const results = Object.entries({ ...main, ...renditions })
  return html`
    <div class="pictures">
      <${Source} key=${source} source=${source} bytes=${image.source_bytes} />
      ${results.map(
        ([name, result]) => html`
          <figure key=${name}>
            <div class="frame">
              <img src=${result.url} alt=${`Result ${name}`} loading="lazy" referrerpolicy="no-referrer" />
            </div>
            <figcaption><b>${name}</b> <span class="soft">${sizeText(result)}</span></figcaption>
          </figure>`
      )}
      ${
        results.length === 0 &&
        html`
        <figure>
          <div class="frame"><p>There is no result.</p></div>
          <figcaption><b>JPEG</b></figcaption>
        </figure>`
      }
    </div>`
}

/** @param {{ width: number | null, height: number | null, bytes: number | null }} result */
const sizeText = ({ width, height, bytes: size }) => `${width} × ${height} · ${bytes(size ?? 0)}`

/**
 * A source is fetched from a stranger's host, so only after a click.
 * @param {{ source: string, bytes: number | null }} props
 */
function Source({ source, bytes: size }) {
  const [shown, setShown] = useState(false)
  const [broken, setBroken] = useState(false)
  const isUrl = /^https?:/.test(source)
  const failed = () => setBroken(true)
  return html`
    <figure>
      <div class="frame">
        ${shown && !broken && html`<img src=${source} alt="Source" referrerpolicy="no-referrer" onError=${failed} />`}
        ${broken && html`<p>Your browser cannot show it either.</p>`}
        ${
          !shown &&
          isUrl &&
          html`
          <p>Your browser would fetch it from <b><bdi>${hostOf(source)}</bdi></b>.</p>
          <button onClick=${() => setShown(true)}>Show the source</button>`
        }
        ${!isUrl && html`<p>A file that was uploaded.</p>`}
      </div>
      <figcaption><b>Source</b> <span class="soft">${size === null ? '' : bytes(size)}</span></figcaption>
    </figure>`
}
