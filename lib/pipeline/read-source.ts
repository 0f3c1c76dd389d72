import type { Download, Downloader, Visit } from '../download/download.ts'
import { NotModified } from '../download/validators.ts'
import { isCurrent, type Wanted } from '../products/current.ts'
import { type ImageRow, type Original, withoutRefetch } from '../products/record.ts'
import { isOriginalOf, originalKey } from '../storage/object-key.ts'
import { uploadId } from '../uploads/source.ts'
import type { ReadStored } from '../uploads/stored.ts'

/** The bytes that an image is made from. */
export interface Source extends Download {
  /** What the row will say of them; null where no originals are kept. */
  original: Original | null
  /** They are in the store already. */
  isStored: boolean
}

/** The origin still has the file that the image was made from, so nothing has to be made. */
export interface UnchangedSource {
  code: 'not_modified' | 'same_bytes'
  original: Original
}

type SourceRow = Pick<
  ImageRow,
  'id' | 'generation' | 'source_url' | 'original' | 'object_key' | 'renditions' | 'placeholder'
>

/** Reads the sources of images: from their originals where such are kept, otherwise from their origins. */
export class SourceReader {
  readonly #downloader: Pick<Downloader, 'download'>
  /** Null where no originals are kept. */
  readonly #readStored: ReadStored | null
  readonly #wanted: Wanted

  constructor(downloader: Pick<Downloader, 'download'>, readStored: ReadStored | null, wanted: Wanted) {
    this.#downloader = downloader
    this.#readStored = readStored
    this.#wanted = wanted
  }

  /** Returns whether the source can be read without a request to the origin. */
  isStored({ original }: Pick<ImageRow, 'original'>): boolean {
    return this.#readStored !== null && original !== null && !original.refetch
  }

  /** Rejects as a download does. */
  async read(
    productId: number,
    image: SourceRow,
    signal: AbortSignal,
    visit: Visit
  ): Promise<Source | UnchangedSource> {
    if (!this.isStored(image)) return await this.#ask(productId, image, signal, visit)
    try {
      const stored = await this.#stored(image.original, signal)
      if (stored) return stored
    } finally {
      visit.responded()
    }
    // The original is lost. `visit` was for the read of the store.
    return await this.#ask(productId, { ...image, original: null }, signal)
  }

  /** Asks the origin. If its file has not changed, the original is read instead of a download. */
  async #ask(
    productId: number,
    image: SourceRow,
    signal: AbortSignal,
    visit?: Visit
  ): Promise<Source | UnchangedSource> {
    const { source_url: url, original } = image
    const known = this.#readStored ? original?.validators : null
    try {
      const download = await this.#downloader.download(url, signal, visit, known ?? undefined)
      return this.#downloaded(productId, image, download)
    } catch (error) {
      if (!(error instanceof NotModified) || !original) throw error
      if (isCurrent(image, this.#wanted)) return { code: 'not_modified', original: withoutRefetch(original) }
      const stored = await this.#stored(original, signal)
      return stored ?? (await this.#ask(productId, { ...image, original: null }, signal))
    }
  }

  #downloaded(productId: number, image: SourceRow, download: Download): Source | UnchangedSource {
    const { original: known, source_url } = image
    const { bytes, validators = null } = download
    // An upload is in the store already, for as long as a product names it.
    if (!this.#readStored || uploadId(source_url)) return source(download, null, false)
    if (!known || !isOriginalOf(known.key, bytes))
      return source(download, { key: originalKey(productId, image, bytes), validators }, false)
    const original = { key: known.key, validators }
    if (!isCurrent(image, this.#wanted)) return source(download, original, true)
    download[Symbol.dispose]()
    return { code: 'same_bytes', original }
  }

  async #stored(original: Original | null, signal: AbortSignal): Promise<Source | null> {
    const download = original && (await this.#readStored?.(original.key, signal))
    return download ? source(download, withoutRefetch(original), true) : null
  }
}

const source = (download: Download, original: Original | null, isStored: boolean): Source => ({
  get bytes() {
    return download.bytes
  },
  original,
  isStored,
  [Symbol.dispose]: () => download[Symbol.dispose]()
})
