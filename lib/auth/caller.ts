import { AppError } from '../http/app-error.ts'

/** The sender of a request, and the users that they may act for. */
export class Caller {
  /** Identifies the caller in rate limits and idempotency keys. Not a secret. */
  readonly name: string
  /** The one user that they act for; undefined for all users. */
  readonly userId: number | undefined
  readonly isReadOnly: boolean

  constructor(name: string, userId?: number, { isReadOnly = false } = {}) {
    this.name = name
    this.userId = userId
    this.isReadOnly = isReadOnly
  }

  actsFor(userId: number): boolean {
    return this.userId === undefined || this.userId === userId
  }

  /** Throws `forbidden`, with the field that named the user. */
  mustActFor(userId: number, pointer: string): void {
    if (this.actsFor(userId)) return
    const detail = `must be ${this.userId}, the user that these credentials act for`
    throw new AppError('forbidden', 'These credentials do not act for that user.', [{ pointer, detail }])
  }
}

/** The caller of every request where no credentials are required. */
export const ANYONE = new Caller('anyone')

/** Returns the user of a request without a user_id; undefined if the caller acts for all users. */
export const defaultUser = (caller: Caller): number | undefined => (caller === ANYONE ? 1 : caller.userId)
