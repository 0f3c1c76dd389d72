import { once } from 'node:events'
import { type Owner, owned } from './owner.ts'
import { openPage } from './servers/chromium.ts'

export interface Loaded {
  url: string
  /** Of the body, as it is on the wire. */
  bytes: number
}

/** A page in a browser of its own, driven through the DevTools protocol. */
export class Page {
  /** What it has loaded since the latest visit. */
  readonly loaded: Loaded[] = []
  /** Violations of its policy, and exceptions that nothing caught. */
  readonly faults: string[] = []
  readonly #socket: WebSocket
  readonly #calls = new Map<number, (message: Message) => void>()
  #count = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data))))
  }

  static async open(t: Owner, chromium: string): Promise<Page> {
    const browser = owned(t, await openPage(chromium, 'about:blank'))
    const [, endpoint = ''] = /(ws:\S+)/.exec(await browser.said(/DevTools listening/)) ?? []
    const targets: Target[] = JSON.parse(await (await fetch(`http://${new URL(endpoint).host}/json`)).text())
    const target = targets.find(({ type }) => type === 'page')
    const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '')
    await once(socket, 'open')
    const page = new Page(socket)
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await page.send(`${domain}.enable`)
    return page
  }

  async visit(url: string): Promise<void> {
    await this.send('Page.navigate', { url: 'about:blank' })
    this.loaded.length = 0
    await this.send('Page.navigate', { url })
  }

  /** Resolves with the value of the expression. Rejects if it throws. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true
    })
    const { exceptionDetails, result: value } = result ?? {}
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails))
    return value?.value
  }

  /** Resolves when the page shows the text. */
  async shows(text: string): Promise<void> {
    const isShown = `document.body?.innerText.includes(${JSON.stringify(text)})`
    await this.until(isShown).catch(async (error: unknown) => {
      throw new Error(`The page does not show "${text}", but: ${await this.text()}`, { cause: error })
    })
  }

  /** Resolves when the expression is true, which is checked at each change of the page. */
  async until(expression: string): Promise<void> {
    await this.evaluate(`new Promise((resolve, reject) => {
      const check = () => { if (${expression}) { observer.disconnect(); clearTimeout(limit); resolve() } }
      const observer = new MutationObserver(check)
      observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true })
      const limit = setTimeout(() => reject(new Error('It does not become true')), 30000)
      check()
    })`)
  }

  async text(): Promise<string> {
    return String(await this.evaluate('document.body.innerText'))
  }

  /** Clicks the first link or button with that name, in the moment in which the page shows it. */
  async click(name: string): Promise<void> {
    await this.until(`(() => {
      const named = [...document.querySelectorAll('a, button')].find((element) =>
        (element.getAttribute('aria-label') ?? element.innerText).includes(${JSON.stringify(name)}))
      if (!named || named.disabled) return false
      named.click()
      return true
    })()`)
  }

  /** Types into the field that has the focus, once one has it, and presses Enter. */
  async type(text: string): Promise<void> {
    await this.until(`document.activeElement?.matches('input, textarea')`)
    await this.send('Input.insertText', { text })
    for (const type of ['keyDown', 'keyUp'])
      await this.send('Input.dispatchKeyEvent', { type, key: 'Enter', windowsVirtualKeyCode: 13, text: '\r' })
  }

  async send(method: string, params: object = {}): Promise<Message> {
    const id = ++this.#count
    const { promise, resolve } = Promise.withResolvers<Message>()
    this.#calls.set(id, resolve)
    this.#socket.send(JSON.stringify({ id, method, params }))
    return await promise
  }

  #receive(message: Message): void {
    const { id, method, params = {} } = message
    if (id !== undefined) this.#calls.get(id)?.(message)
    if (method === 'Runtime.exceptionThrown') this.faults.push(JSON.stringify(params))
    if (method === 'Log.entryAdded' && params.entry?.source === 'security')
      this.faults.push(params.entry.text)
    const { response } = params
    if (method === 'Network.responseReceived' && response)
      this.loaded.push({ url: response.url, bytes: Number(response.headers['content-length'] ?? 0) })
  }
}

interface Target {
  type: string
  webSocketDebuggerUrl: string
}

interface Message {
  id?: number
  method?: string
  result?: { result?: { value?: unknown }; exceptionDetails?: unknown }
  params?: {
    response?: { url: string; status: number; headers: Record<string, string> }
    entry?: { source: string; text: string }
  }
}
