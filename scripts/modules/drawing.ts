import { instance } from '@viz-js/viz'
import { type Arrow, essential } from './arrows.ts'
import { LAYERS, MODULES, type Module } from './layers.ts'

/** Fill and line, by the first folder. */
const COLOURS: Record<string, [string, string]> = {
  lib: ['#eef4fb', '#4a78b0'],
  plugins: ['#eef8f1', '#3f8f63'],
  routes: ['#eef8f1', '#3f8f63'],
  consumers: ['#eef8f1', '#3f8f63']
}
const PROGRAM: [string, string] = ['#fdf6e9', '#b98224']

const HEAD = `<title>The modules and the imports between them</title>
<style>
  text { font-family: Helvetica, Arial, sans-serif; fill: #555; font-size: 10px }
  .node text:first-of-type { fill: #222; font-size: 12px; font-weight: bold }
</style>`

/** The modules in their layers as SVG. An arrow that a longer path implies is left out. */
export async function draw(arrows: Arrow[]): Promise<string> {
  const shown = essential(arrows)
  const caption = `${MODULES.length} modules in ${LAYERS.length} layers. ${arrows.length} arrows, all downwards; \
drawn are the ${shown.length} that no longer path implies.`
  const dot = `digraph {
    graph [newrank=true, nodesep=0.4, ranksep=0.42, pad=0.3, fontname=Helvetica, label="${caption}"]
    node [shape=box, style="rounded,filled", fontname=Helvetica, fontsize=12, margin="0.2,0.08"]
    edge [arrowsize=0.6]
    ${LAYERS.map(layer).join('\n')}
    ${LAYERS.map((_, i) => `layer${i}`).join(' -> ')} [style=invis]
    ${MODULES.map(node).join('\n')}
    ${shown.map(arrow).join('\n')}
  }`
  const svg = (await instance()).renderString(dot, { format: 'svg' })
  return svg.slice(svg.indexOf('<svg')).replace(/(<svg[^>]*>)/, `$1\n${HEAD}`)
}

/** Invisible nodes, one a layer, keep the layers in their order. */
function layer(modules: Module[], i: number): string {
  return `{ rank=same; layer${i} [style=invis, width=0, label=""]; ${modules.map(id).join('; ')} }`
}

function node(module: Module): string {
  const [fill, line] = coloursOf(module)
  return `${id(module)} [label="${module.path}\\n${module.holds}", fillcolor="${fill}", color="${line}"]`
}

function arrow({ from, to }: Arrow): string {
  return `${id(from)} -> ${id(to)} [color="${coloursOf(from)[1]}aa"]`
}

function coloursOf({ path }: Module): [string, string] {
  const [folder = ''] = path.split('/')
  return COLOURS[folder] ?? PROGRAM
}

function id({ path }: Module): string {
  return `"${path}"`
}
