/** What a caller can be told. plugins/errors.ts translates each code to one status. */
export type AppErrorCode = 'invalid_parameter' | 'invalid_input' | 'unknown_user' | 'not_found' | 'version_mismatch' | 'unavailable'

export interface InputProblem {
  /** JSON pointer into the body, or the name of a parameter. */
  pointer: string
  detail: string
}

export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: AppErrorCode
  readonly problems: InputProblem[]

  constructor(code: AppErrorCode, message: string, problems: InputProblem[] = []) {
    super(message)
    this.code = code
    this.problems = problems
  }
}

export const productNotFound = (id: number) => new AppError('not_found', `There is no product ${id}.`)
