/** What a room is given by its relay. */
import type { Runtime, Store } from '../ports.ts'
import type { ClaimDesks } from './claim-desk.ts'
import type { Counters } from './counters.ts'
import type { RelayLimits } from './limits.ts'

export interface RoomWorld {
  readonly runtime: Runtime
  readonly store: Store
  readonly limits: RelayLimits
  readonly counters: Counters
  readonly claims: ClaimDesks
  /** Names the relay's data. */
  readonly epoch: string
  /** The oldest protocol that a client of ours may speak. */
  readonly leastProtocol: number
}
