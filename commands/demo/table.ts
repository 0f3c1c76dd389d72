import type { Image } from '../../client/src/index.ts'
import type { Picture } from './pictures.ts'

/** The result of a picture, and how long after the create of its product it came. */
export interface Result {
  picture: Picture
  image: Image
  ms: number
}

const HEADINGS = ['source', 'result', 'pixels', 'bytes', 'saved', 'ms', 'error']

/** The results as lines of text: a row a picture, and then why some failed. */
export function table(results: Result[]): string[] {
  const rows = [HEADINGS, ...results.map(cells)]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  const reasons = results.flatMap(({ picture, image }) =>
    image.error ? [`${picture.name}: ${image.error.detail}.`] : []
  )
  return [...rows.map((row) => line(row).trimEnd()), '', ...reasons]
}

function cells({ picture, image, ms }: Result): string[] {
  const { status, width, height, bytes: left, error } = image
  const bytes = picture.bytes.length
  const isDone = left !== null
  return [
    `${picture.name} (${picture.about})`,
    status,
    `${picture.width}x${picture.height}${isDone ? ` → ${width}x${height}` : ''}`,
    `${count(bytes)}${isDone ? ` → ${count(left)}` : ''}`,
    isDone ? `${Math.round((1 - left / bytes) * 100)}%` : '',
    count(ms),
    error?.code ?? ''
  ]
}

const count = (number: number) => Math.round(number).toLocaleString('en')
