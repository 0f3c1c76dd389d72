import t from 'tap'
import { definitionOf, parseRenditions } from '../../../lib/image/rendition.ts'

t.test('a rendition has a name, a size, and the defaults of its format', async (t) => {
  const text =
    'thumb:200x200,fit=cover,format=webp; large:1600x ,format=avif;tall:x900;box:64x48,fit=contain,format=png'
  t.strictSame(parseRenditions(text), [
    { name: 'thumb', width: 200, height: 200, fit: 'cover', format: 'webp', quality: 82 },
    { name: 'large', width: 1600, fit: 'inside', format: 'avif', quality: 61 },
    { name: 'tall', height: 900, fit: 'inside', format: 'jpeg', quality: 75 },
    { name: 'box', width: 64, height: 48, fit: 'contain', format: 'png' }
  ])
})

t.test('its definition names everything but the name', async (t) => {
  const [one, other] = parseRenditions('a:200x,quality=80;b:64x48,format=png,fit=contain')
  t.equal(one && definitionOf(one), '200x,fit=inside,format=jpeg,quality=80')
  t.equal(other && definitionOf(other), '64x48,fit=contain,format=png')
})

t.test('a text that cannot be read is refused with the grammar and an example', async (t) => {
  const wrong = {
    thumb: '"thumb" does not begin with a name and a size',
    'Thumb:2x2': '"Thumb:2x2" does not begin with a name and a size',
    'a:2x2;': '"" does not begin with a name and a size',
    'a:x': '"a:x" needs a width or a height',
    'a:200x,fit=cover': '"a:200x,fit=cover" needs both sides for fit=cover',
    'a:0x2': '"a:0x2": 0 is not a whole number from 1 to 4096',
    'a:5000x2': '"a:5000x2": 5000 is not a whole number from 1 to 4096',
    'a:2x2,fit=fill': '"a:2x2,fit=fill": fill is none of inside, cover, contain',
    'a:2x2,format=gif': '"a:2x2,format=gif": gif is none of jpeg, webp, avif, png',
    'a:2x2,quality=101': '"a:2x2,quality=101": 101 is not a whole number from 1 to 100',
    'a:2x2,format=png,quality=9': '"a:2x2,format=png,quality=9" has a quality, and PNG is lossless',
    'a:2x2,size=9': '"a:2x2,size=9" has an unknown option',
    'a:2x2,fit=cover,fit=cover': '"a:2x2,fit=cover,fit=cover" has an option twice',
    'a:2x2;a:3x3': 'the name "a" is there twice',
    [Array.from({ length: 11 }, (_, i) => `a${i}:2x2`).join(';')]: 'there are more than 10'
  }
  const grammar = 'name:WxH[,fit=inside|cover|contain][,format=jpeg|webp|avif|png][,quality=1–100]'
  const example = 'thumb:200x200,fit=cover,format=webp;large:1600x,format=avif'
  const cure = `Write ${grammar}, separated by ;, for example ${example}`
  for (const [text, reason] of Object.entries(wrong))
    t.throws(() => parseRenditions(text), { message: `${reason}. ${cure}` })
})
