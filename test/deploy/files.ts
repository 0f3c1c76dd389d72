import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { ROOT } from '../../scripts/generated.ts'

export interface Service {
  image?: string
  build?: string
  hostname?: string
  environment?: Record<string, string>
  volumes?: string[]
  read_only?: boolean
  networks?: Record<string, { ipv4_address?: string }>
}

export const COMPOSE_FILES = ['compose.yaml', 'deploy/compose.fleet.yaml']

export const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

/** The services of both compose files. */
export function composeServices(): Record<string, Service> {
  return Object.assign({}, ...COMPOSE_FILES.map((file) => parse(read(file), { merge: true }).services))
}

/** The objects in one of the files for Kubernetes. */
export function objects(file: string) {
  return parseAllDocuments(read(`deploy/kubernetes/${file}`)).map((document) => document.toJS())
}

/** The settings in a file of lines `NAME=value`. */
export function settingsIn(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value])
  )
}
