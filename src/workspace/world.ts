/** What a workspace asks of its surroundings, composed by bin/world.ts or by a test. */
import type { Runtime, Store, SummaryFiles } from '../ports.ts'
import type { MirrorWorld } from '../mirror/world.ts'
import type { Config } from './config.ts'

/** The last writer's place, kept outside the workspace: a copy of the directory must not go on with it. */
export interface WriterNote {
  readonly client: number
  readonly clock: number
  /** Of the commit it wrote last; any other commit since makes the note worthless. */
  readonly nonce: string
}

export interface ProjectWorld {
  readonly runtime: Runtime
  readonly config: Config
  readonly dir: string
  readonly summary: SummaryFiles
  /** Takes the store's lock, waiting a bounded time; STORE_LOCKED names who has it. */
  openStore(): Promise<Store>
  /** Mends a store that does not open, keeping a copy; says what it did. */
  readonly repairStore?: () => Promise<string>
  /** The process keeps the store, and answers others, until it ends. */
  readonly live?: boolean
  /** Another process holds the store and has taken in every file that was saved: no file need be looked at here. */
  readonly settledByHolder?: () => Promise<boolean>
  /** Names this directory on this disk of this machine: differs for a copy. */
  readonly place: string
  /** The directory is still where it was when this process opened it; a live one may outlive its move. */
  readonly isInPlace?: () => boolean
  /** The files that show the tasks; none where a project is kept in its store alone. */
  readonly mirror?: MirrorWorld
  readonly writer: { load(): WriterNote | undefined; save(note: WriterNote): void }
  /** The person or agent, where it is known. */
  readonly actorName: string | null
}
