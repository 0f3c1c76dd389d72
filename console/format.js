const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** @param {number} value */
export const number = (value) => whole.format(value)

/** @param {number} value */
export const compact = (value) => (value < 10_000 ? number(value) : short.format(value))

/** @param {number} value a rate a minute */
export const rate = (value) => (value > 0 && value < 10 ? value.toFixed(1) : compact(value))

/** @param {number} share 0 to 1 */
export const percent = (share) =>
  `${share > 0 && share < 0.1 ? (share * 100).toFixed(1) : Math.round(share * 100)} %`

/**
 * @param {number} count
 * @param {string} one such as image
 * @param {string} [many]
 */
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`

/** @param {number} ms */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`
  return `${Math.round(ms / 86_400_000)} d`
}

/** @param {string} at */
export const age = (at) => duration(Math.max(0, Date.now() - Date.parse(at)))

/** @param {string} at */
export function until(at) {
  const ms = Date.parse(at) - Date.now()
  return ms < 1000 ? 'due now' : `in ${duration(ms)}`
}

/** @param {number} count */
export function bytes(count) {
  if (count < 1000) return `${count} B`
  if (count < 999_500) return `${Math.round(count / 1000)} kB`
  if (count < 999_500_000) return `${(count / 1_000_000).toFixed(1)} MB`
  return `${(count / 1_000_000_000).toFixed(1)} GB`
}

/** @param {string} text such as corrupt_image */
export const words = (text) => text.replaceAll('_', ' ').replaceAll('.', ' ')

/** @param {string} url */
export function hostOf(url) {
  return URL.canParse(url) ? new URL(url).host : url.split(':')[0] || url
}

const LONG = 48

/** Returns the ends of a URL, which differ most. @param {string} url */
export function shortUrl(url) {
  const bare = url.replace(/^https?:\/\//, '')
  if (bare.length <= LONG) return bare
  const host = hostOf(url)
  return `${host}/…${bare.slice(Math.max(host.length + 1, bare.length - LONG + host.length))}`
}
