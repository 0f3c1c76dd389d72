import type { Image } from '../../client/src/index.ts'
import type { Picture } from './pictures.ts'

/** The result of a picture, and how long after the create of its product it came. */
export interface Result {
  picture: Picture
  image: Image
  ms: number
}

const HEADINGS = ['source', 'result', 'pixels', 'bytes', 'saved', 'ms', 'error']

/** The results as lines of text: a row a picture and rendition, and then why some failed. */
export function table(results: Result[]): string[] {
  const rows = [HEADINGS, ...results.flatMap(cells)]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  const reasons = results.flatMap(({ picture, image }) =>
    image.error ? [`${picture.name}: ${image.error.detail}.`] : []
  )
  return [...rows.map((row) => line(row).trimEnd()), '', ...reasons]
}

function cells({ picture, image, ms }: Result): string[][] {
  const { status, width, height, bytes: left, error } = image
  const [size, bytes] = [`${picture.width}x${picture.height}`, count(picture.bytes.length)]
  const saved = (left: number) => `${Math.floor((1 - left / picture.bytes.length) * 100)}%`
  const isDone = left !== null
  const main = [
    `${picture.name} (${picture.about})`,
    status,
    size + (isDone ? ` → ${width}x${height}` : ''),
    bytes + (isDone ? ` → ${count(left)}` : ''),
    isDone ? saved(left) : '',
    count(ms),
    error?.code ?? ''
  ]
  const renditions = Object.entries(image.renditions).map(([name, made]) => [
    `  ${name} (${made.content_type})`,
    '',
    `${' '.repeat(size.length)} → ${made.width}x${made.height}`,
    `${' '.repeat(bytes.length)} → ${count(made.bytes)}`,
    saved(made.bytes)
  ])
  return [main, ...renditions]
}

const count = (number: number) => Math.round(number).toLocaleString('en')
