import { CODES } from '../codes.js'
import { html } from '../html.js'
import { link } from '../route.js'

const NAMES = [
  'status',
  'code',
  'host',
  'user_id',
  'product_id',
  'external_id',
  'text',
  'min_age_s',
  'max_age_s'
]

/** Returns what of a query selects images. @param {Record<string, string>} query */
export const filterOf = (query) =>
  Object.fromEntries(Object.entries(query).filter(([name, value]) => NAMES.includes(name) && value !== ''))

const SELECTS = [
  {
    name: 'status',
    label: 'Status',
    options: [
      ['', 'any'],
      ['failed', 'failed'],
      ['pending', 'pending'],
      ['done', 'done']
    ]
  },
  { name: 'code', label: 'Code', options: [['', 'any'], ...Object.keys(CODES).map((code) => [code, code])] },
  {
    name: 'max_age_s',
    label: 'Since',
    options: [
      ['', 'any time'],
      ['3600', 'the last hour'],
      ['86400', 'the last day'],
      ['604800', 'the last week']
    ]
  }
]

const INPUTS = [
  { name: 'host', label: 'Host', placeholder: 'img.example.com' },
  { name: 'text', label: 'Reason contains', placeholder: '403' },
  { name: 'product_id', label: 'Product', placeholder: '1001', inputmode: 'numeric' },
  { name: 'external_id', label: 'External id', placeholder: 'SKU-1001' },
  { name: 'user_id', label: 'User', placeholder: '1', inputmode: 'numeric' }
]

/** On a phone the filter would fill the first screen. */
const PHONE_PX = 720

/**
 * The filter is part of the address, so that it can be sent.
 * @param {{ filter: Record<string, string> }} props
 */
export function Filters({ filter }) {
  /** @param {Event & { currentTarget: HTMLFormElement }} event */
  const apply = (event) => {
    event.preventDefault()
    const fields = [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value).trim()])
    location.hash = link('images', { ...filter, ...Object.fromEntries(fields) })
  }
  return html`
    <details class="folded" open=${innerWidth > PHONE_PX}>
    <summary>Filter</summary>
    <form class="filters" role="search" aria-label="Filter" onChange=${apply} onSubmit=${apply}>
      ${SELECTS.map(
        ({ name, label, options }) => html`
          <label>${label}
            <select name=${name}>
              ${options.map(([value, text]) => {
                const selected = (filter[name] ?? '') === value
                return html`<option value=${value} selected=${selected}>${text}</option>`
              })}
            </select>
          </label>`
      )}
      ${INPUTS.map(
        ({ name, label, placeholder, inputmode }) => html`
          <label>${label}
            <input name=${name} value=${filter[name] ?? ''} placeholder=${placeholder}
              inputmode=${inputmode ?? 'text'} autocomplete="off" spellcheck=${false} />
          </label>`
      )}
      ${Object.keys(filter).length > 0 && html`<a class="button clear" href="#/images">Clear</a>`}
    </form>
    </details>`
}
