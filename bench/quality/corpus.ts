import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GENERATED } from '../../test/support/pictures/generated.ts'
import { createFolder } from '../../test/support/servers/guard.ts'

export interface Picture {
  name: string
  path: string
  kind: 'photograph' | 'graphic'
}

const DEBIAN = '/usr/share/backgrounds'
const NPM = join(import.meta.dirname, '../node_modules')

// In turns of what they show and of size, so that the first few stand for all. 0.7 to 24 megapixels.
const PHOTOGRAPHS = [
  `${DEBIAN}/life_by_Aitzol_Berasategi.jpg`,
  `${NPM}/startbootstrap-agency/dist/assets/img/header-bg.jpg`,
  `${DEBIAN}/Picture_0B_by_freespace.jpg`,
  `${DEBIAN}/mate/nature/Dune.jpg`,
  `${DEBIAN}/Wine_by_Jakkub_Mede.jpg`,
  `${DEBIAN}/Kleiber_by_Lukas_Baubkus.jpg`,
  `${DEBIAN}/Picture_1A_by_freespace.jpg`,
  `${DEBIAN}/picosdeeuropa_by_Aitzol_Berasategi.jpg`,
  `${DEBIAN}/mate/nature/RainDrops.jpg`,
  `${NPM}/startbootstrap-creative/dist/assets/img/bg-masthead.jpg`,
  `${DEBIAN}/Dragonfly_by_Bolly.jpg`,
  `${DEBIAN}/greentock_by_Peter_Nerlich.jpg`,
  `${NPM}/startbootstrap-grayscale/dist/assets/img/bg-signup.jpg`,
  `${DEBIAN}/Bridge_by_Sander_Klootwijk.jpg`,
  `${DEBIAN}/seeding_by_Clements_Engelhardt.jpg`,
  `${DEBIAN}/mate/nature/GreenMeadow.jpg`,
  `${DEBIAN}/analogpattern_by_Peter_Nerlich.jpg`,
  `${DEBIAN}/sunset_by_Aitzol_Berasategi.jpg`
]

const GRAPHICS = [
  `${NPM}/startbootstrap-grayscale/dist/assets/img/ipad.png`,
  `${DEBIAN}/mate/desktop/GreenTraditional.jpg`,
  `${DEBIAN}/sway/Sway_Wallpaper_Blue_1136x640.png`,
  `${DEBIAN}/Painting-Colors_by__herobrine7gamer.jpg`,
  `${DEBIAN}/mate/abstract/Elephants.jpg`,
  `${DEBIAN}/mate/desktop/Float-into-MATE.png`,
  `${DEBIAN}/umang_by_Abhishek_Mudgal.jpg`,
  `${DEBIAN}/Fossa_by_Jasper_Roks.jpg`
]

/** Photographs and graphics in turn, the generated ones last. */
export async function openCorpus(): Promise<Picture[]> {
  const installed = PHOTOGRAPHS.flatMap((path, index) => [
    picture(path, 'photograph'),
    ...GRAPHICS.slice(index, index + 1).map((graphic) => picture(graphic, 'graphic'))
  ])
  const folder = createFolder('corpus')
  const generated = Object.entries(GENERATED).map(async ([name, generate]): Promise<Picture> => {
    const path = join(folder, name)
    writeFileSync(path, await generate(2000, 1500))
    return { name, path, kind: 'graphic' }
  })
  return [...installed, ...(await Promise.all(generated))]
}

const picture = (path: string, kind: Picture['kind']): Picture => ({
  name: path.replace(`${NPM}/startbootstrap-`, '').replace(`${DEBIAN}/`, '').replace('dist/assets/img/', ''),
  path,
  kind
})
