import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OUTCOME_LEVELS } from '../../lib/pipeline/stages.ts'
import { ROOT } from '../generated.ts'

const SOURCES = ['{lib,plugins,consumers,routes}/**/*.ts', 'app.ts', 'start.ts']
const CALL = /\blog\.(debug|info|warn|error)\(/g
/** The fields and the message of a call, which is on one line or several. */
const FIELDS = String.raw`(?:\{(?<fields>[^}]*)\}|(?<name>\w+)(?:\([^)]*\))?)?`
const MESSAGE = /(?<quote>['`])(?<message>.*?)\k<quote>/.source
const ARGUMENTS = new RegExp(`^\\s*${FIELDS},?\\s*${MESSAGE}\\s*\\)`, 's')

/** Returns the rows of a table of what the service logs besides Fastify's lines about requests. */
export function logRows(): string[] {
  return globSync(SOURCES, { cwd: ROOT })
    .flatMap((file) => rowsOf(readFileSync(join(ROOT, file), 'utf8'), file))
    .concat(outcomeRows())
    .sort()
}

/** Their message is put together from the outcome. */
const outcomeRows = () =>
  Object.entries(OUTCOME_LEVELS).map(
    ([status, level]) =>
      `| Image ${status} | ${level} | \`product_id\`, \`image_id\`, \`ms\` | lib/pipeline/stages.ts |`
  )

function rowsOf(source: string, file: string): string[] {
  return [...source.matchAll(CALL)].flatMap(({ 0: { length }, 1: level, index }) => {
    const groups = ARGUMENTS.exec(source.slice(index + length))?.groups
    if (!groups) return []
    const fields = fieldsIn(groups.fields ?? objectNamed(groups.name, source))
    const message = groups.message?.replaceAll(/\$\{(?:\w+\.)*(\w+)\}/g, '*$1*')
    return [`| ${message} | ${level} | ${fields.map((field) => `\`${field}\``).join(', ')} | ${file} |`]
  })
}

/** The text of the object that a variable of this name is. */
function objectNamed(name: string | undefined, source: string): string {
  return new RegExp(`const ${name} = \\{([^}]*)\\}`).exec(source)?.[1] ?? ''
}

const fieldsIn = (object: string) => object.split(',').flatMap((part) => /^\s*(\w+)/.exec(part)?.[1] ?? [])
