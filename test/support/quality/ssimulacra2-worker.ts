import { readFileSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { installOnce } from '../../../scripts/install.ts'
import type { Pair } from './ssimulacra2.ts'

const METRIC = 'calc-s2-rust/calc_s2_rust.js'
const WASM = 'calc-s2-rust/calc_s2_rust_bg.wasm'

await installOnce(import.meta.dirname)
const { calc_s2, initSync, new_buffer } = await import(METRIC)
const { memory } = initSync(readFileSync(new URL(import.meta.resolve(WASM))))

function load(key: string, pixels: Uint8Array): string {
  const at = new_buffer(key, pixels.length)
  new Uint8Array(memory.buffer).set(pixels, at)
  return key
}

parentPort?.on('message', ({ reference, picture, width, height }: Pair) => {
  parentPort?.postMessage(calc_s2(load('reference', reference), load('picture', picture), width, height))
})
