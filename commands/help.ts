import { usage as check } from './check.ts'
import { usage as dead } from './dead.ts'
import { usage as demo } from './demo.ts'
import { usage as failed } from './failed.ts'
import { usage as migrate } from './migrate.ts'
import { usage as objects } from './objects.ts'
import { usage as openapi } from './openapi.ts'

export const help = `asyncprod                              serves, as the settings in the environment and .env say
${demo}
${check}
${migrate}
${openapi}
${failed}
${dead}
${objects}
asyncprod --help | --version`
