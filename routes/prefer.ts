import { Type } from '@sinclair/typebox'

/** The header of routes with a body. */
export const prefer = {
  prefer: Type.Optional(
    Type.String({
      description: '`handling=strict` refuses a body with unknown fields. By default they are ignored'
    })
  )
}
