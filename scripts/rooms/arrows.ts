import { FLOORS, ROOMS, type Room } from './floors.ts'
import type { Import } from './imports.ts'

export interface Arrow {
  from: Room
  to: Room
}

/** These may import anything, and no room may import them. */
const OUTSIDE = /^(test|bench|scripts|client)\//

/** Returns a line for each import that does not go down to a lower floor, or that no room is known for. */
export function faults(imports: Import[]): string[] {
  return imports.flatMap(({ from, to }) => {
    const [room, target] = [roomOf(from), roomOf(to)]
    if (OUTSIDE.test(from) || (room && room === target)) return []
    const fault = `${from} imports ${to}: scripts/rooms/floors.ts has`
    if (!room || !target) return `${fault} no room for ${room ? to : from}`
    return floorOf(room) < floorOf(target) ? [] : `${fault} ${target.path} on no floor below ${room.path}`
  })
}

/** The arrows between rooms. */
export function arrowsOf(imports: Import[]): Arrow[] {
  return ROOMS.flatMap((from) => {
    const targets = new Set(imports.filter((one) => roomOf(one.from) === from).map((one) => roomOf(one.to)))
    return ROOMS.filter((to) => to !== from && targets.has(to)).map((to) => ({ from, to }))
  })
}

/** The arrows that no way through other rooms stands for. */
export function essential(arrows: Arrow[]): Arrow[] {
  const reaches = (from: Room, to: Room): boolean =>
    arrows.some((arrow) => arrow.from === from && (arrow.to === to || reaches(arrow.to, to)))
  return arrows.filter(
    ({ from, to }) => !arrows.some((first) => first.from === from && first.to !== to && reaches(first.to, to))
  )
}

function roomOf(file: string): Room | undefined {
  return ROOMS.find(({ path }) => file === path || file.startsWith(`${path}/`))
}

function floorOf(room: Room): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room))
}
