/** What adapters need beyond the public surface. Not exported by the package. */
export * from './index.ts'
export { printable, rowText } from './task/row-text.ts'
export { CLOSE } from './sync/protocol.ts'
export { parseRoomName } from './relay/claims-board.ts'
export { refusal } from './relay/origin.ts'
export type { Welcome } from './relay/origin.ts'
export { PolledConnection } from './sync/polled-connection.ts'
export type { PolledOptions, Requests } from './sync/polled-connection.ts'
