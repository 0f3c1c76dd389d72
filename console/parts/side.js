import { key, signOut } from '../api.js'
import { html } from '../html.js'
import { trouble } from '../live.js'
import { SCREENS } from '../screens.js'
import { useStore } from '../store.js'

/** @type {Record<string, string>} */
const ICONS = {
  now: 'M3 12h4l3-8 4 16 3-8h4',
  images: 'M4 4h16v16H4zM4 16l5-5 4 4 3-3 4 4M15 8.5h.01',
  work: 'M12 3l9 5-9 5-9-5zM3 12.5l9 5 9-5M3 17l9 5 9-5',
  origins: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18',
  deliveries: 'M21 3L10 14M21 3l-7 18-4-7-7-4z'
}

/** @param {{ current: string }} props */
export function Side({ current }) {
  return html`
    <header class="side">
      <a class="brand" href="#/now"><img src="icon.svg" width="24" height="24" alt="" />AsyncProd</a>
      <nav aria-label="Screens">
        ${SCREENS.map(
          ({ name, title }) => html`
            <a key=${name} href=${`#/${name}`} aria-current=${name === current ? 'page' : null}
               title=${`${title}: press g, then ${name.charAt(0)}`}>
              <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${ICONS[name]} /></svg>${title}
            </a>`
        )}
      </nav>
      <${Foot} />
    </header>`
}

function Foot() {
  const error = useStore(trouble)
  const credentials = useStore(key)
  return html`
    <div class="foot">
      <span class=${`status ${error ? 'bad' : 'ok'}`} role="status">${error ? 'Not up to date' : 'Live'}</span>
      ${credentials && html`<button onClick=${signOut}>Sign out</button>`}
      <a class="wide" href="../documentation/">API documentation</a>
    </div>`
}
