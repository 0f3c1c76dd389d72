import { instance } from '@viz-js/viz'
import { type Arrow, essential } from './arrows.ts'
import { FLOORS, ROOMS, type Room } from './floors.ts'

/** Fill and line, by the first folder. */
const COLOURS: Record<string, [string, string]> = {
  lib: ['#eef4fb', '#4a78b0'],
  plugins: ['#eef8f1', '#3f8f63'],
  routes: ['#eef8f1', '#3f8f63'],
  consumers: ['#eef8f1', '#3f8f63']
}
const PROGRAM: [string, string] = ['#fdf6e9', '#b98224']

const HEAD = `<title>The rooms and the imports between them</title>
<style>
  text { font-family: Helvetica, Arial, sans-serif; fill: #555; font-size: 10px }
  .node text:first-of-type { fill: #222; font-size: 12px; font-weight: bold }
</style>`

/** The rooms on their floors as SVG. An arrow that a longer path implies is left out. */
export async function draw(arrows: Arrow[]): Promise<string> {
  const shown = essential(arrows)
  const caption = `${ROOMS.length} rooms on ${FLOORS.length} floors. ${arrows.length} arrows, all downwards; \
drawn are the ${shown.length} that no longer path implies.`
  const dot = `digraph {
    graph [newrank=true, nodesep=0.4, ranksep=0.42, pad=0.3, fontname=Helvetica, label="${caption}"]
    node [shape=box, style="rounded,filled", fontname=Helvetica, fontsize=12, margin="0.2,0.08"]
    edge [arrowsize=0.6]
    ${FLOORS.map(floor).join('\n')}
    ${FLOORS.map((_, i) => `floor${i}`).join(' -> ')} [style=invis]
    ${ROOMS.map(node).join('\n')}
    ${shown.map(arrow).join('\n')}
  }`
  const svg = (await instance()).renderString(dot, { format: 'svg' })
  return svg.slice(svg.indexOf('<svg')).replace(/(<svg[^>]*>)/, `$1\n${HEAD}`)
}

/** Invisible nodes, one a floor, keep the floors in their order. */
function floor(rooms: Room[], i: number): string {
  return `{ rank=same; floor${i} [style=invis, width=0, label=""]; ${rooms.map(id).join('; ')} }`
}

function node(room: Room): string {
  const [fill, line] = coloursOf(room)
  return `${id(room)} [label="${room.path}\\n${room.holds}", fillcolor="${fill}", color="${line}"]`
}

function arrow({ from, to }: Arrow): string {
  return `${id(from)} -> ${id(to)} [color="${coloursOf(from)[1]}aa"]`
}

function coloursOf({ path }: Room): [string, string] {
  const [folder = ''] = path.split('/')
  return COLOURS[folder] ?? PROGRAM
}

function id({ path }: Room): string {
  return `"${path}"`
}
