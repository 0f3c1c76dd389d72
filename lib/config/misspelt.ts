import { ConfigError } from './error.ts'
import type { Variables } from './read-settings.ts'
import { SECRETS, Settings } from './settings.ts'

const NAMES = [...Object.keys(Settings.properties), ...SECRETS.map((name) => `${name}_FILE`)]

/** One letter from API_KEYS; common in the environment of clients. */
const FOREIGN = ['API_KEY']

/** Throws a ConfigError for a variable one or two letters from a setting that is not set. */
export function refuseMisspelt(variables: Variables): void {
  const names = Object.keys(variables).filter((name) => variables[name]?.trim() && !FOREIGN.includes(name))
  const unset = NAMES.filter((name) => !names.includes(name))
  for (const name of names) {
    const meant = NAMES.includes(name) ? undefined : unset.find((setting) => isClose(name, setting))
    if (meant)
      throw new ConfigError(`${name} is not a setting: did you mean ${meant}? Rename it, or unset it`)
  }
}

/** Short names are close to many others. Other digits are intended: DB2_HOST, AWS_ENDPOINT_URL_SQS. */
function isClose(name: string, setting: string): boolean {
  const edits = setting.length < 7 ? -1 : setting.length < 9 ? 1 : 2
  return (
    digits(name) === digits(setting) &&
    differByAtMost(name.toUpperCase(), setting, edits) &&
    !hasOtherWord(name.toUpperCase().split('_'), setting.split('_'))
  )
}

/** In a short word two other letters make another word: APP_SECRET_KEY is not AWS_SECRET_KEY. */
function hasOtherWord(words: string[], expected: string[]): boolean {
  if (words.length !== expected.length) return false
  return expected.some((word, i) => word.length < 6 && !differByAtMost(words[i] ?? '', word, 1))
}

const digits = (text: string) => text.replaceAll(/\D/g, '')

/** Whether at most `edits` insertions, removals, replacements or swaps of neighbours turn `a` into `b`. */
function differByAtMost(a: string, b: string, edits: number): boolean {
  if (edits < 0 || Math.abs(a.length - b.length) > edits) return false
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  const [restA, restB] = [a.slice(same), b.slice(same)]
  if (restA === restB) return true
  return (
    differByAtMost(restA.slice(1), restB, edits - 1) ||
    differByAtMost(restA, restB.slice(1), edits - 1) ||
    differByAtMost(restA.slice(1), restB.slice(1), edits - 1) ||
    (restA[0] === restB[1] &&
      restA[1] === restB[0] &&
      differByAtMost(restA.slice(2), restB.slice(2), edits - 1))
  )
}
