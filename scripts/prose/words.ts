export const MAX_LENGTH = 110

/** Words that are not used, in prose or in identifiers, with better ones. */
export const WORDS = new Map([
  ...each('owe owes owed owing', 'enqueue, due'),
  ...each('tell tells told telling', 'notify, report, say'),
  ...each('answer answers answered answering', 'return, respond, response'),
  ...each('handed handing', 'pass, give'),
  ...each('mend mends mended mending', 'fix, repair'),
  ...each('judge judges judged judging judgement', 'check, decide'),
  ...each('postpone postpones postponed postponement postponements', 'snooze'),
  ...each('taker takers', 'consumer'),
  ...each('trail trails', 'context'),
  ...each('lately', 'recently'),
  ...each('whoever', 'anyone who')
])

export const PHRASES: [RegExp, string][] = [
  [/\bin ?hand\b/i, 'held, in progress'],
  [/\bturn(s|ed)? away\b/i, 'reject, snooze'],
  [/\bmak(es?|ing) room\b/i, 'free space, snooze'],
  [/\bmost[A-Z]\w*/, 'max'],
  [/\bthe original('s| program| service| had| kept| has)\b/i, 'the Go service'],
  [/(^|[.:;–] |\/\/ |\* |['"`])who\b(?!.*\?)/i, 'a noun before "who"'],
  [/, (seen|measured)[.)]*($| \*\/|['`])/i, 'a clause of its own']
]

function each(words: string, better: string): [string, string][] {
  return words.split(' ').map((word) => [word, better])
}
