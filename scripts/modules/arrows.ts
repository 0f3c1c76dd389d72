import type { Import } from './imports.ts'
import { LAYERS, MODULES, type Module } from './layers.ts'

export interface Arrow {
  from: Module
  to: Module
}

/** These may import anything, and no module may import them. */
const OUTSIDE = /^(test|bench|scripts|client)\//

/** Returns a line for each import that does not go down to a lower layer, or that no module is known for. */
export function faults(imports: Import[]): string[] {
  return imports.flatMap(({ from, to }) => {
    const [module, target] = [moduleOf(from), moduleOf(to)]
    if (OUTSIDE.test(from) || (module && module === target)) return []
    const fault = `${from} imports ${to}: scripts/modules/layers.ts has`
    if (!module || !target) return `${fault} no module for ${module ? to : from}`
    return layerOf(module) < layerOf(target) ? [] : `${fault} ${target.path} on no layer below ${module.path}`
  })
}

/** The arrows between modules. */
export function arrowsOf(imports: Import[]): Arrow[] {
  return MODULES.flatMap((from) => {
    const targets = new Set(
      imports.filter((one) => moduleOf(one.from) === from).map((one) => moduleOf(one.to))
    )
    return MODULES.filter((to) => to !== from && targets.has(to)).map((to) => ({ from, to }))
  })
}

/** The arrows that no way through other modules stands for. */
export function essential(arrows: Arrow[]): Arrow[] {
  const reaches = (from: Module, to: Module): boolean =>
    arrows.some((arrow) => arrow.from === from && (arrow.to === to || reaches(arrow.to, to)))
  return arrows.filter(
    ({ from, to }) => !arrows.some((first) => first.from === from && first.to !== to && reaches(first.to, to))
  )
}

function moduleOf(file: string): Module | undefined {
  return MODULES.find(({ path }) => file === path || file.startsWith(`${path}/`))
}

function layerOf(module: Module): number {
  return LAYERS.findIndex((modules) => modules.includes(module))
}
