import { type Static, Type } from '@sinclair/typebox'
import type { InputProblem } from './app-error.ts'
import { STATUS_CODES } from './status-codes.ts'

/** The body of every error (RFC 9457). */
export const Problem = Type.Object(
  {
    type: Type.String({ examples: ['about:blank'] }),
    title: Type.String({ examples: ['Bad Request'] }),
    status: Type.Integer({ examples: [400] }),
    detail: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'JSON pointer into the body, or the name of a parameter' }),
          detail: Type.String()
        })
      )
    )
  },
  { $id: 'Problem' }
)
export type Problem = Static<typeof Problem>

export function toProblem(status: number, detail: string, errors: InputProblem[] = []): Problem {
  const problem = { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail }
  return errors.length > 0 ? { ...problem, errors } : problem
}
