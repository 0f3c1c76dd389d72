import { FLOORS, ROOMS, type Room } from './floors.ts'
import type { Import } from './imports.ts'

export interface Arrow {
  from: Room
  to: Room
}

/** What leaves a floor the wrong way, one line for each import. */
export function faults(imports: Import[]): string[] {
  return imports.flatMap(({ from, to }) => {
    const [room, target] = [roomOf(from), roomOf(to)]
    if (!room || room === target) return []
    if (!target) return `${from} imports ${to}, which belongs to no room of scripts/rooms/floors.ts`
    if (floorOf(room) < floorOf(target)) return []
    return `${from} imports ${to}: ${target.path} is not on a floor below ${room.path} (scripts/rooms/floors.ts)`
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
