export type Random = (sides: number) => number

const NUMBERS = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff
]
const MAX_BYTES = 2048

type Mutation = (input: Buffer, random: Random, other: Buffer) => Buffer

const splice = (input: Buffer, at: number, removed: number, added: Buffer) =>
  Buffer.concat([input.subarray(0, at), added, input.subarray(at + removed)])

const piece = (input: Buffer, random: Random) => {
  const at = random(input.length + 1)
  return input.subarray(at, at + 1 + random(32))
}

const MUTATIONS: Mutation[] = [
  // A bit flipped, a byte set.
  (input, random) => {
    const at = random(input.length)
    return splice(input, at, 1, Buffer.from([(input[at] ?? 0) ^ (1 << random(8))]))
  },
  (input, random) => splice(input, random(input.length), 1, Buffer.from([random(256)])),
  // Bytes added, removed, doubled, or taken from another input.
  (input, random) => splice(input, random(input.length + 1), 0, Buffer.from([random(256)])),
  (input, random) => splice(input, random(input.length), 1 + random(16), Buffer.alloc(0)),
  (input, random) => splice(input, random(input.length + 1), 0, piece(input, random)),
  (input, random, other) => splice(input, random(input.length + 1), random(16), piece(other, random)),
  (input, random, other) =>
    Buffer.concat([input.subarray(0, random(input.length)), other.subarray(random(other.length))]),
  // A number at the edge of its type.
  (input, random) => {
    const size = 1 + random(4)
    const number = Buffer.alloc(4)
    number.writeUInt32BE(NUMBERS[random(NUMBERS.length)] ?? 0)
    const bytes = number.subarray(4 - size)
    return splice(input, random(input.length), size, random(2) ? bytes : Buffer.from(bytes).reverse())
  }
]

/** Returns a changed copy of the input; a third of the changes put in a word of the dictionary. */
export function mutate(input: Buffer, other: Buffer, dictionary: Buffer[], random: Random): Buffer {
  let mutant = input
  for (let n = 1 + random(4); n > 0; n--) {
    const word = dictionary[random(dictionary.length)]
    const at = random(mutant.length + 1)
    if (word && random(3) === 0) mutant = splice(mutant, at, random(2) * word.length, word)
    else mutant = MUTATIONS[random(MUTATIONS.length)]?.(mutant, random, other) ?? mutant
  }
  return mutant.subarray(0, MAX_BYTES)
}
