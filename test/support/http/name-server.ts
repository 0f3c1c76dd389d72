import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Test } from 'tap'

/** What a name has: addresses, or one other name of the zone (a CNAME). Called for every question. */
export type Records = () => string[] | 'silence'

export interface NameServer {
  /** As `setServers` takes it. */
  address: string
  /** Every question so far, such as `A cdn.test`. */
  questions: string[]
}

const TYPES: Record<number, string> = { 1: 'A', 28: 'AAAA' }
const CNAME = 5
const NO_SUCH_NAME = 3

/**
 * A real DNS server on UDP. A name outside the zone does not exist; a silent one gets its reply at the end.
 */
export async function startNameServer(t: Test, zone: Record<string, Records>): Promise<NameServer> {
  const questions: string[] = []
  const pending: (() => Promise<void>)[] = []
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const { name, type, question } = readQuestion(query)
    questions.push(`${TYPES[type]} ${name}`)
    const records = zone[name]?.()
    const send = (code: number, found: Buffer[]) => reply(query, from, question, code, found)
    if (records === 'silence') pending.push(() => send(NO_SUCH_NAME, []))
    else if (records) send(0, resourcesOf(name, type, records, zone))
    else send(NO_SUCH_NAME, [])
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(async () => {
    await Promise.all(pending.map((send) => send()))
    socket.close()
  })

  function reply(query: Buffer, to: RemoteInfo, question: Buffer, code: number, found: Buffer[]) {
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(0x8180 | code, 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(found.length, 6)
    const message = Buffer.concat([header, question, ...found])
    return new Promise<void>((resolve) => socket.send(message, to.port, to.address, () => resolve()))
  }

  return { address: `127.0.0.1:${socket.address().port}`, questions }
}

function readQuestion(query: Buffer): { name: string; type: number; question: Buffer } {
  const labels: string[] = []
  let at = 12
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return {
    name: labels.join('.').toLowerCase(),
    type: query.readUInt16BE(at + 1),
    question: query.subarray(12, at + 5)
  }
}

function resourcesOf(name: string, type: number, records: string[], zone: Record<string, Records>): Buffer[] {
  return records.flatMap((record) => {
    if (isIP(record)) return typeOf(record) === type ? [resource(name, type, addressBytes(record))] : []
    const target = zone[record]?.() ?? []
    return [
      resource(name, CNAME, encodeName(record)),
      ...(target === 'silence' ? [] : resourcesOf(record, type, target, zone))
    ]
  })
}

function typeOf(address: string): number {
  return isIP(address) === 4 ? 1 : 28
}

function addressBytes(address: string): Buffer {
  return Buffer.from(ipaddr.parse(address).toByteArray())
}

function resource(name: string, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([encodeName(name), fixed, data])
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')]))
  return Buffer.concat([...labels, Buffer.from([0])])
}
