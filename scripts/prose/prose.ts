import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../generated.ts'
import { MAX_LENGTH, PHRASES, WORDS } from './words.ts'

const KINDS = [
  '*.ts',
  '*.cjs',
  '*.js',
  '*.svg',
  '*.sql',
  '*.yaml',
  '*.md',
  '.ci/run',
  '.env.example',
  'Dockerfile'
]
/** Generated from openapi.json, and the files that name the words. */
const EXCLUDED = ['client/src/generated', 'scripts/prose/words.ts', 'test/scripts/prose.test.ts']

const COMMENT = /^\s*(\/\/|\/?\*|--|#)|\s\/\/\s/
/** `dueAt`, `due_at` and "due at" are the same two words. */
const WORD = /[A-Z]?[a-z]+|[A-Z]+/g

/** Checks words in every line, and the length of comments and of Markdown text outside code and tables. */
export function check(file: string, text: string): string[] {
  let isCode = false
  return text.split('\n').flatMap((line, i) => {
    if (file.endsWith('.md') && line.startsWith('```')) isCode = !isCode
    const isProse = file.endsWith('.md') ? !isCode && !line.startsWith('|') : COMMENT.test(line)
    const faults = faultsOfWords(line)
    if (isProse && line.length > MAX_LENGTH) faults.push(`${line.length} characters, at most ${MAX_LENGTH}`)
    return faults.map((fault) => `${file}:${i + 1}: ${fault}`)
  })
}

function faultsOfWords(line: string): string[] {
  const words = (line.match(WORD) ?? []).flatMap((word) => {
    const better = WORDS.get(word.toLowerCase())
    return better ? [`"${word}", better: ${better}`] : []
  })
  const phrases = PHRASES.flatMap(([phrase, better]) => {
    const [found] = phrase.exec(line) ?? []
    return found ? [`"${found.trim()}", better: ${better}`] : []
  })
  return [...words, ...phrases]
}

if (import.meta.main) {
  const excluded = EXCLUDED.map((path) => `:!${path}`)
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...KINDS, ...excluded]
  const files = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim().split('\n')
  const faults = files
    .filter((file) => existsSync(join(ROOT, file)))
    .flatMap((file) => check(file, readFileSync(join(ROOT, file), 'utf8')))
  if (faults.length > 0) {
    console.error(faults.join('\n'))
    process.exitCode = 1
  }
}
