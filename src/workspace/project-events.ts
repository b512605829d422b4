/** What an open project tells: of its tasks, of its own writes, of its relay. */
import type { Change } from '../history/change.ts'
import type { Uid } from '../ids.ts'
import type { ClaimView, TaskView } from '../task/types.ts'

export interface ProjectEvents {
  /** A write made here is durable; `written` counts it too. */
  written: { readonly update: Uint8Array; readonly written: number }
  /** Everything written here is on the relay's disk. */
  saved: { readonly written: number }
  /** Something written here is not known to be there. */
  unsynced: { readonly reason: string }
  connected: { readonly url: string | null }
  disconnected: { readonly url: string | null; readonly reason: string }
  /** Somebody holds a task who did not before, as far as this workspace heard. */
  claimed: { readonly uid: Uid; readonly claim: ClaimView }
  /** Nobody holds it any more. */
  released: { readonly uid: Uid; readonly claim: ClaimView }
  /** A claim made here that was tentative: somebody else got the task. */
  claimLost: { readonly uid: Uid; readonly by: string; readonly heldBy: ClaimView | null }
  changed: { readonly tasks: readonly TaskView[]; readonly change: Change }
}

/** What its relay has to say. */
export type RelayEvents = Omit<ProjectEvents, 'written' | 'changed'>
