// A decoder that replies when it has read a part of its picture, and reads no more.
import { writeSync } from 'node:fs'
import { frameStart } from '../../../lib/decoder/frame.ts'

const reply = (head: object) => writeSync(1, frameStart(head, 0))

process.stdin.once('data', () => {
  process.stdin.pause()
  reply({ state: 'begun' })
  reply({ code: 'corrupt_image', message: 'It looks bad' })
})
reply({ state: 'ready' })
