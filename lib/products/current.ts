import { definitionOf, type Rendition } from '../image/rendition.ts'
import type { ImageRow } from './record.ts'

/** What each image is to have beside its JPEG, by today's settings. */
export interface Wanted {
  renditions: Rendition[]
  placeholders: boolean
}

/** Returns whether an image has all results that today's settings ask for. */
export function isCurrent(
  { object_key, renditions, placeholder }: Pick<ImageRow, 'object_key' | 'renditions' | 'placeholder'>,
  wanted: Wanted
): boolean {
  const hasAll = wanted.renditions.every(
    (rendition) => renditions[rendition.name]?.definition === definitionOf(rendition)
  )
  return object_key !== null && hasAll && (placeholder !== null || !wanted.placeholders)
}
