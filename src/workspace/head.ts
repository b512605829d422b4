/** The head of a store: written with every commit, so that whoever opens it knows what state it is in. */
import { TaskError } from '../errors.ts'
import { newActorId, newShortId, type ActorId, type RandomBytes, type Uid } from '../ids.ts'
import type { Store, StoreChange } from '../ports.ts'

export const DOCUMENT = 'document'
export const HISTORY = 'history'
const HEAD = 'head'

export interface Head {
  readonly nonce: string
  readonly actor: ActorId
  /** Where the actor was made: a copied directory gets an actor of its own. */
  readonly place: string
  /** Numbers never come back, not even those of purged tasks. */
  readonly lastNumber: number
  /** Bytes of updates since the last snapshot, and of that snapshot: when to compact. */
  readonly logBytes: number
  readonly snapshotBytes: number
  /** Of the last commit of what is remembered of files. */
  readonly files?: string
  /** Tasks whose files are behind the document: to be written before anything else. */
  readonly due?: readonly Uid[] | 'all'
  /** How many writes were made here, ever. */
  readonly written?: number
  /** Up to which of them a relay has them on its disk, and which relay's data that is. */
  readonly saved?: { readonly epoch: string; readonly written: number }
  /** Which lost rows of the document the files were asked for already. */
  readonly asked?: string
}

/** How many writes made here no relay is known to have; all, where `epoch` names the data of another relay. */
export function unsyncedIn({ written = 0, saved }: Pick<Head, 'written' | 'saved'>, epoch?: string): number {
  const isThere = saved !== undefined && (epoch === undefined || epoch === saved.epoch)
  return isThere ? Math.max(0, written - saved.written) : written
}

/** Undefined for a store that was never written. */
export async function readHead(store: Store): Promise<Head | undefined> {
  const bytes = await store.cell(HEAD)
  if (bytes === undefined) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Head
  } catch (cause) {
    throw new TaskError('STORE_UNREADABLE', { path: 'head', reason: 'its head is not readable' }, { cause })
  }
}

export function newHead(random: RandomBytes, place: string): Head {
  return { nonce: '', actor: newActorId(random), place, lastNumber: 0, logBytes: 0, snapshotBytes: 0 }
}

/** The same store in another place is another writer. */
export function inPlace(head: Head, random: RandomBytes, place: string): Head {
  return head.place === place ? head : { ...head, actor: newActorId(random), place }
}

export function withNonce(head: Head, random: RandomBytes): Head {
  return { ...head, nonce: newShortId(random) + newShortId(random) }
}

export function headChange(head: Head): StoreChange {
  return { put: HEAD, bytes: new TextEncoder().encode(JSON.stringify(head)) }
}
