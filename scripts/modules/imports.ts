import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from '../generated.ts'

export interface Import {
  from: string
  to: string
}

/** Returns the imports between the project's own files, as the compiler resolves them: types, `import()`. */
export function readImports(): Import[] {
  const report = execFileSync('tsc', ['--noEmit', '--noCheck', '--explainFiles'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` },
    maxBuffer: 2 ** 26
  })
  return parseReport(report)
}

/** A line for each file, followed by an indented one for each reason why it was read. */
export function parseReport(report: string): Import[] {
  const imports: Import[] = []
  let to = ''
  for (const line of report.split('\n')) {
    if (!line.startsWith(' ')) to = line
    const [, from] = /^ +Imported via .+ from file '(.+)'/.exec(line) ?? []
    if (from && !`${from}${to}`.includes('node_modules/')) imports.push({ from, to })
  }
  return imports
}
