import type { Readable } from 'node:stream'
import { ImageError } from '../image/error.ts'

/** Stores finished images, and what they are made from. */
export interface ObjectStore {
  /** With more puts at once, each only takes longer. Default: no limit. */
  readonly maxPuts?: number
  /**
   * Stores an object, replacing what the key named before, and resolves with its URL, unsigned. Rejects with
   * an ImageError of code `storage`, or with the signal's reason when that aborts; the object may still
   * appear until LONGEST_UPLOAD_MS have passed. Once it has resolved, it no longer reads the bytes.
   */
  put(key: string, bytes: Buffer, signal: AbortSignal): Promise<string>
  /**
   * Opens an object; resolves with null when there is none. Rejects, as its body may, when the store cannot
   * be read or the signal aborts.
   */
  open(key: string, signal: AbortSignal): Promise<OpenObject | null>
  /** Where clients send what they upload: to this service, or to the store. */
  readonly intake: Intake
  /** Removes what uploads that began before that time have left unfinished. */
  removeUnfinished(before: Date): Promise<void>
  /** Returns the URL of an object by today's settings, signed if it is private, whether or not it exists. */
  urlOf(key: string): string
  /** Returns that URL without a signature, which would expire where it is stored. */
  addressOf(key: string): string
  /** Resolves also when there is no such object. */
  remove(key: string, signal?: AbortSignal): Promise<void>
  /**
   * Yields the objects whose key begins with the prefix and comes after `after`, in the order of their keys.
   */
  list(prefix: string, after?: string): AsyncIterable<StoredObject>
  /** Rejects when objects cannot be stored. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** Its body has to be read or destroyed. */
export interface OpenObject {
  bytes: number
  body: Readable
}

export type Intake =
  | {
      /** Stores what the body yields, or nothing when it throws, which rejects with the same error. */
      receive(key: string, body: AsyncIterable<Uint8Array>): Promise<void>
    }
  | {
      /** Resolves with a URL for one PUT of such bytes. Null bytes may be of any number. */
      presign(key: string, put: PresignedPut): Promise<string>
    }

export interface PresignedPut {
  content_type: string
  bytes: number | null
  expiresInS: number
}

export interface StoredObject {
  key: string
  modified: Date
  bytes: number
}

/** Prefix of results. They are public, unless the bucket is private. */
export const OBJECT_PREFIX = 'products/'

/** Prefix of originals. They are never public. */
export const ORIGINAL_PREFIX = 'originals/'

/** Prefix of files that clients send. They are never public. */
export const UPLOAD_PREFIX = 'uploads/'

/** An object never changes. What is private may stay in the browser, but in no shared cache. */
export const cacheControl = (isPrivate: boolean) =>
  `${isPrivate ? 'private' : 'public'}, max-age=31536000, immutable`

export const CONNECT_TIMEOUT_MS = 5000
/** Until a response begins, and between two parts of it. */
export const REQUEST_TIMEOUT_MS = 15_000
/** A `put` gives up after this time. */
export const UPLOAD_TIMEOUT_MS = 60_000

/**
 * The longest life of an upload: no object appears this long after its `put` began. A server was observed to
 * carry out a request 7 seconds after its client had given up; this leaves it 9 minutes.
 */
export const LONGEST_UPLOAD_MS = UPLOAD_TIMEOUT_MS + 9 * 60_000

/** The error of a `put` that failed. */
export const notStored = (cause: unknown) =>
  new ImageError('storage', 'The image could not be stored and will be retried.', { transient: true, cause })
