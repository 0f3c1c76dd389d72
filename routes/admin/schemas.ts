import { Type } from '@sinclair/typebox'

export const tags = ['admin']

const WHY = 'Why it was done, for other operators'

export const By = Type.String({ description: 'The name of the operator’s credentials' })
export const Since = Type.String({ format: 'date-time' })
export const Reason = Type.String({ description: WHY })
export const ReasonInput = Type.String({ format: 'text', minLength: 1, maxLength: 500, description: WHY })
