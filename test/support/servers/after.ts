import { askHost } from './host-socket.ts'

await askHost('/stop')
