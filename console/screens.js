import { Deliveries } from './screens/deliveries.js'
import { Image } from './screens/image.js'
import { Images } from './screens/images.js'
import { Now } from './screens/now.js'
import { Origins } from './screens/origins.js'
import { Work } from './screens/work.js'

/** In the order of the navigation. `One` shows what has an id. */
export const SCREENS = [
  { name: 'now', title: 'Now', All: Now },
  { name: 'images', title: 'Images', All: Images, One: Image },
  { name: 'work', title: 'Work', All: Work },
  { name: 'origins', title: 'Origins', All: Origins },
  { name: 'deliveries', title: 'Deliveries', All: Deliveries }
]
