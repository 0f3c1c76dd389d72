import { styleText } from 'node:util'
import type { Image } from '../../client/src/index.ts'
import type { Picture } from './pictures.ts'

/** What became of a picture, and how long after its product was created. */
export interface Result {
  picture: Picture
  image: Image
  ms: number
}

const HEADINGS = ['source', 'result', 'pixels', 'bytes', 'saved', 'ms', 'error']
const NUMBERS = ['saved', 'ms']

/** The results as lines of text, each picture one, and then the reasons of those that failed. */
export function table(results: Result[]): string[] {
  const rows = results.map(cells)
  const widths = HEADINGS.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0))
  )
  const line = (row: string[]) =>
    row
      .map((cell, i) => pad(cell, i, widths))
      .join('  ')
      .trimEnd()
  const colour = ({ image }: Result) => (image.status === 'done' ? 'green' : 'red')
  return [
    styleText('bold', line(HEADINGS)),
    styleText('dim', widths.map((width) => '─'.repeat(width)).join('  ')),
    ...results.map((result) => styleText(colour(result), line(cells(result)))),
    ...results.flatMap(({ picture, image }) =>
      image.error ? ['', `${picture.name}: ${image.error.detail}.`] : []
    )
  ]
}

function pad(cell: string, column: number, widths: number[]): string {
  const width = widths[column] ?? 0
  return NUMBERS.includes(HEADINGS[column] ?? '') ? cell.padStart(width) : cell.padEnd(width)
}

function cells({ picture, image, ms }: Result): string[] {
  const source = `${picture.name} (${picture.about})`
  const pixels = `${picture.width}x${picture.height}`
  const bytes = picture.bytes.length
  const { width, height, bytes: left, error } = image
  if (left === null) {
    return [source, image.status, pixels, count(bytes), '', count(ms), error?.code ?? '']
  }
  const saved = `${Math.round((1 - left / bytes) * 100)}%`
  return [
    source,
    image.status,
    `${pixels} → ${width}x${height}`,
    `${count(bytes)} → ${count(left)}`,
    saved,
    count(ms),
    ''
  ]
}

const count = (number: number) => Math.round(number).toLocaleString('en')
