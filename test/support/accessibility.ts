import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from './browser.ts'

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** A desk in light, and a phone in dark. */
export const LOOKS = [
  { theme: 'light', width: 1440 },
  { theme: 'dark', width: 390 }
]

export async function look(page: Page, { theme, width }: (typeof LOOKS)[number]): Promise<void> {
  await page.send('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: theme }]
  })
  const metrics = { width, height: 900, deviceScaleFactor: 1, mobile: width < 500 }
  await page.send('Emulation.setDeviceMetricsOverride', metrics)
}

/** Resolves with what axe finds, by rule and element. */
export async function findings(page: Page): Promise<unknown> {
  await page.evaluate(`globalThis.axe || (() => { ${AXE} })()\nnull`)
  return await page.evaluate(`axe.run({ resultTypes: ['violations'] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => [id, String(target), failureSummary])
    ))`)
}
