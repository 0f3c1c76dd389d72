/** Whether the index of pg_trgm serves a search: it needs three letters or digits in a row. */
export const hasTrigram = (text: string) => /[a-z0-9]{3}/i.test(text)

/**
 * Returns a regular expression of PostgreSQL for names that contain the text, in any case and composition.
 * It names every spelling itself. `ILIKE` knows only the letters of the database's locale, and does not match
 * é with an e and a separate accent.
 */
export const containing = (text: string) => Array.from(text.normalize('NFC'), anySpelling).join('')

function anySpelling(character: string): string {
  const cases = [character, character.toLowerCase(), character.toUpperCase()]
  const spellings = new Set(cases.flatMap((text) => [text.normalize('NFC'), text.normalize('NFD')]))
  return spellings.size === 1 ? escaped(character) : `(?:${[...spellings].map(escaped).join('|')})`
}

/** Punctuation stands for itself, a backslash before a letter would not. */
const escaped = (text: string) => text.replace(/[!-/:-@[-`{-~]/g, '\\$&')
