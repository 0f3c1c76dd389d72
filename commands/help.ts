import { usage as actions } from './actions.ts'
import { usage as backup } from './backup/backup.ts'
import { usage as restore } from './backup/restore.ts'
import { usage as check } from './check.ts'
import { usage as dead } from './dead-letters.ts'
import { usage as demo } from './demo/demo.ts'
import { usage as exported } from './export.ts'
import { usage as failed } from './failed-images.ts'
import { usage as imported } from './import/import.ts'
import { usage as migrate } from './migrate.ts'
import { usage as move } from './move/move.ts'
import { usage as openapi } from './openapi.ts'
import { usage as objects } from './orphans.ts'
import { usage as pause } from './pause.ts'
import { usage as renditions } from './renditions/renditions.ts'
import { usage as urls } from './urls.ts'

export const help = `asyncprod                              serves, as the settings in the environment and .env say
${demo}
${check}
${migrate}
${move}
${backup}
${restore}
${openapi}
${imported}
${exported}
${failed}
${actions}
${dead}
${objects}
${pause}
${renditions}
${urls}
asyncprod --help | --version
asyncprod <command> --help             only that command`

/** Returns what the help says of one command, empty if there is no such command. */
export const helpOf = (command: string): string =>
  help
    .split(/\n(?=asyncprod )/)
    .filter((entry) => entry.split(' ')[1] === command)
    .join('\n')
