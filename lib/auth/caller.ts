import { AppError } from '../http/app-error.ts'

/** Who sends a request, and for which users they may act. */
export class Caller {
  /** Tells callers apart: their rate limit and their idempotency keys go by it. It is no secret. */
  readonly name: string
  /** The one user that they act for; undefined for all of them. */
  readonly userId: number | undefined

  constructor(name: string, userId?: number) {
    this.name = name
    this.userId = userId
  }

  actsFor(userId: number): boolean {
    return this.userId === undefined || this.userId === userId
  }

  /** Throws `forbidden`, naming the field that held the user. */
  mustActFor(userId: number, pointer: string): void {
    if (this.actsFor(userId)) return
    const detail = `must be ${this.userId}, the user that these credentials act for`
    throw new AppError('forbidden', 'These credentials do not act for that user.', [{ pointer, detail }])
  }
}

/** Everybody, where nobody is asked for credentials. */
export const ANYONE = new Caller('anyone')
