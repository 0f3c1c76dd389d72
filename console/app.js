import { useEffect, useRef } from 'preact/hooks'
import { key, refusal } from './api.js'
import { html } from './html.js'
import { Gate } from './parts/gate.js'
import { Notices } from './parts/notices.js'
import { Progress } from './parts/progress.js'
import { ReadOnly } from './parts/read-only.js'
import { Side } from './parts/side.js'
import { useRoute } from './route.js'
import { SCREENS } from './screens.js'
import { useSession } from './session.js'
import { useStore } from './store.js'

/** The keys that move between screens: g, then one of these letters. */
const LETTERS = Object.fromEntries(SCREENS.map(({ name }) => [name.charAt(0), name]))

export function App() {
  const { screen, id, query } = useRoute()
  const why = useStore(refusal)
  const credentials = useStore(key)
  const main = useRef(/** @type {HTMLElement | null} */ (null))
  useSession()
  useEffect(jump, [])
  const shown = SCREENS.find(({ name }) => name === screen) ?? SCREENS[0]
  const title = shown?.title ?? ''
  useEffect(() => {
    document.title = `${title} · AsyncProd`
    main.current?.focus({ preventScroll: true })
    scrollTo(0, 0)
  }, [screen, id])
  if (why !== null) return html`<${Gate} why=${why} hasKey=${credentials !== ''} />`
  const Screen = id !== undefined && shown?.One ? shown.One : shown?.All
  return html`
    <div class="shell">
      <${Side} current=${shown?.name} />
      <main tabindex="-1" ref=${main}>
        <${ReadOnly} />
        <${Progress} />
        <${Screen} key=${`${screen}/${id}`} id=${id} query=${query} />
      </main>
      <${Notices} />
    </div>`
}

/** Follows keys until the page is left. */
function jump() {
  let after = ''
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    const { key: pressed, target, metaKey, ctrlKey, altKey } = event
    const typing = target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)
    if (typing || metaKey || ctrlKey || altKey) return
    const name = LETTERS[pressed]
    if (after === 'g' && name) location.hash = `#/${name}`
    if (pressed === '/') {
      event.preventDefault()
      document.querySelector('main')?.querySelector('input')?.focus()
    }
    after = pressed
  }
  addEventListener('keydown', press)
  return () => removeEventListener('keydown', press)
}
