/** What a caller can be told. plugins/errors.ts translates each code to one status. */
export type AppErrorCode =
  | 'invalid_parameter'
  | 'invalid_input'
  | 'unknown_user'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'in_flight'
  | 'version_mismatch'
  | 'key_reused'
  | 'too_many_requests'
  | 'overloaded'
  | 'unavailable'

export interface InputProblem {
  /** JSON pointer into the body, or the name of a parameter. */
  pointer: string
  detail: string
}

export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: AppErrorCode
  readonly problems: InputProblem[]

  constructor(code: AppErrorCode, message: string, problems: InputProblem[] = [], options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.problems = problems
  }
}

export const productNotFound = (id: number) => new AppError('not_found', `There is no product ${id}.`)
