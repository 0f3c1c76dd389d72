import t from 'tap'
import { findings, LOOKS, look } from '../support/accessibility.ts'
import { settled } from '../support/app.ts'
import { Page } from '../support/browser.ts'
import { findChromium } from '../support/servers/chromium.ts'
import { ADMIN, startIncidents } from './incidents.ts'

const chromium = await findChromium()
const skip = chromium === undefined && 'there is no Chromium: install chromium (Debian), or Google Chrome'

t.setTimeout(300_000)

t.test('all dialogs are accessible, in light and dark, on a desk and a phone', { skip }, async (t) => {
  const { app, url, create } = await startIncidents(t)
  const { images } = await settled(app, await create('/forbidden.jpg'))
  const image = `#/images/${images[0]?.id}`
  const page = await Page.open(t, chromium ?? '')
  await page.visit(`${url}/console`)
  await page.shows('Enter an API key of this service')
  await page.type(ADMIN)
  const fill = `document.querySelector('dialog [name=source]').value = 'file:///etc/passwd'`
  const dialogs = [
    { hash: '#/images', opens: 'Act on all that match', says: '1 image will change.' },
    { hash: image, opens: 'Retry', says: '1 image will change.' },
    { hash: image, opens: 'Replace the source', says: 'The new one takes its place' },
    { hash: image, opens: 'Replace the source', fill, submits: 'Replace', says: 'must start with http' },
    { hash: '#/origins', opens: 'Rule for 127.0.0.1', says: 'Its images wait until the rule' },
    { hash: '#/origins', opens: 'Rule for 127.0.0.1', submits: 'Pause', says: 'Reason' },
    { hash: '#/origins', opens: 'Rule for 127.0.0.1', submits: 'Narrow', says: 'Downloads at once' },
    { hash: '#/work', opens: 'Pause all work', says: 'Reason, for those who find it paused' }
  ]
  for (const { theme, width } of LOOKS) {
    await look(page, { theme, width })
    for (const { hash, opens, fill, submits, says } of dialogs) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
      await page.click(opens)
      await page.until(`document.querySelector('dialog')`)
      if (fill) await page.evaluate(fill)
      if (submits) await page.evaluate(press(submits))
      await page.shows(says)
      t.strictSame(await findings(page), [], `${opens}: ${says} ${theme}, ${width} pixels`)
      await page.evaluate(press('Cancel'))
      await page.until(`!document.querySelector('dialog')`)
    }
  }
  t.strictSame(page.faults, [])
})

/** A button or a choice of the dialog. */
const press = (name: string) => `[...document.querySelectorAll('dialog button, dialog label')]
  .find(({ innerText }) => innerText.startsWith(${JSON.stringify(name)})).click()`
