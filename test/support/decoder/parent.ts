// parent.ts <program> <command>: gives two decoders the command and prints their process ids once both run it
import { setTimeout as wait } from 'node:timers/promises'
import { Decoder } from '../../../lib/decoder/decoder.ts'
import { runningDecoders } from '../../../lib/decoder/diagnostics.ts'

const [entry = '', command = ''] = process.argv.slice(2)
const decoder = new Decoder({ maxPixels: 1, concurrency: 2, entry })
for (let n = 0; n < 2; n++) {
  decoder.compress(Buffer.from(command), new AbortController().signal).catch(() => undefined)
}
while (runningDecoders.size < 2) await wait(20)
await wait(1000)
console.log(JSON.stringify([...runningDecoders]))
