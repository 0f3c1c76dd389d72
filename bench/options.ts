import { parseArgs } from 'node:util'
import { SIZES, type Size } from './size.ts'

export interface Options {
  size: Size
  /** Names of rows, or what they begin with; all when empty. */
  only: string[]
}

export const USAGE = `npm run bench [-- --only row,row] [--quick | --long]

  --only   measures those rows only, or those whose names begin so
  --quick  a first look in under four minutes
  --long   more and longer rounds`

/** Whether `--only` selects the row. */
export const isSelected = ({ only }: Pick<Options, 'only'>, name: string) =>
  only.length === 0 || only.some((wanted) => name === wanted || name.startsWith(`${wanted}-`))

/** @throws when the arguments cannot be understood */
export function readOptions(args: string[], names: string[]): Options {
  const { values } = parseArgs({
    args,
    options: { only: { type: 'string' }, quick: { type: 'boolean' }, long: { type: 'boolean' } }
  })
  const only = values.only?.split(',') ?? []
  const unknown = only.filter((wanted) => !names.some((name) => isSelected({ only: [wanted] }, name)))
  if (unknown.length > 0) throw new Error(`There is no row ${unknown}; there are ${names.join(', ')}`)
  return { size: SIZES[values.quick ? 'quick' : values.long ? 'long' : 'default'], only }
}
