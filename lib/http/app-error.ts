/** The error codes of the API and their statuses. Programs decide by the code, so none is renamed. */
export const ERROR_STATUSES = {
  invalid_request: 400,
  malformed_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  request_timeout: 408,
  in_flight: 409,
  external_id_taken: 409,
  version_mismatch: 412,
  body_too_large: 413,
  url_too_long: 414,
  unsupported_media_type: 415,
  invalid_input: 422,
  unknown_user: 422,
  key_reused: 422,
  too_many_requests: 429,
  headers_too_large: 431,
  internal: 500,
  overloaded: 503,
  unavailable: 503
} as const

export type ErrorCode = keyof typeof ERROR_STATUSES

/** The response to a request names this many of its faults: a body has room for half a million. */
export const MAX_PROBLEMS = 100

export const MISMATCH = 'The request does not match the schema.'

export interface InputProblem {
  /** JSON pointer into the body, or the name of a parameter. */
  pointer: string
  detail: string
}

/** An error whose message is meant for the caller. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly problems: InputProblem[]

  constructor(code: ErrorCode, message: string, problems: InputProblem[] = [], options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.problems = problems
  }
}

export const productNotFound = (id: number) => new AppError('not_found', `There is no product ${id}.`)

export function unknownUser(id: number): AppError {
  const detail = 'is no user of this service; create one with POST /api/v1/users'
  return new AppError('unknown_user', `There is no user ${id}.`, [{ pointer: '/user_id', detail }])
}

/** Returns a handler of rejections: null takes the place of an error of that code. */
export const nullIf = (code: ErrorCode) => (error: unknown) => {
  if (error instanceof AppError && error.code === code) return null
  throw error
}
