import { parseArgs } from 'node:util'
import { SIZES, type Size } from './size.ts'

export interface Options {
  size: Size
  /** Measures the rows against other job queues, instead of those against the bare libraries. */
  peers: boolean
  /** Names of rows, or what they begin with; all when empty. */
  only: string[]
}

export const USAGE = `npm run bench [-- --peers] [--only row,row] [--quick | --long]

  --peers  measures the service against BullMQ, pg-boss and graphile-worker
  --only   measures those rows only, or those whose names begin so
  --quick  a first look in under four minutes
  --long   more and longer rounds`

/** Whether `--only` selects the row. */
export const isSelected = ({ only }: Pick<Options, 'only'>, name: string) =>
  only.length === 0 || only.some((wanted) => name === wanted || name.startsWith(`${wanted}-`))

/** @throws when the arguments cannot be understood */
export function readOptions(args: string[], namesOf: (peers: boolean) => string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      peers: { type: 'boolean', default: false },
      only: { type: 'string' },
      quick: { type: 'boolean' },
      long: { type: 'boolean' }
    }
  })
  const { peers } = values
  const names = namesOf(peers)
  const only = values.only?.split(',') ?? []
  const unknown = only.filter((wanted) => !names.some((name) => isSelected({ only: [wanted] }, name)))
  if (unknown.length > 0) throw new Error(`There is no row ${unknown}; there are ${names.join(', ')}`)
  return { size: SIZES[values.quick ? 'quick' : values.long ? 'long' : 'default'], peers, only }
}
