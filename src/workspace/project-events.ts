/** What an open project tells: of its tasks, of its own writes, of its relay. */
import type { Change } from '../history/change.ts'
import type { TaskView } from '../task/types.ts'

export interface ProjectEvents {
  /** A write made here is durable; `written` counts it too. */
  written: { readonly update: Uint8Array; readonly written: number }
  /** Everything written here is on the relay's disk. */
  saved: { readonly written: number }
  /** Something written here is not known to be there. */
  unsynced: { readonly reason: string }
  connected: { readonly url: string | null }
  disconnected: { readonly url: string | null; readonly reason: string }
  changed: { readonly tasks: readonly TaskView[]; readonly change: Change }
}

/** What its relay has to say. */
export type RelayEvents = Pick<ProjectEvents, 'saved' | 'unsynced' | 'connected' | 'disconnected'>
