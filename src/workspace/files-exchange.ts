/** What an exchange with the files is asked for, and what comes of it. Types only. */
import type { Differing } from './file-comparison.ts'

export interface FilesOptions {
  /** Trusts nothing that is remembered of sizes and times. */
  readonly force?: boolean
  /** What version control or an unmounted folder did is meant. */
  readonly takeFiles?: boolean
  /** Nothing else changed; said by a watcher. */
  readonly paths?: ReadonlySet<string> | undefined
  /** Whether files say what the document says, though nobody is known to have changed anything. */
  readonly compares?: 'tells' | 'mends'
}

export interface FilesOutcome {
  /** Files that were read and said something new. */
  readonly imported: number
  readonly written: number
  readonly refused: readonly { readonly path: string; readonly reason: string }[]
  /** What was found where it was asked for. */
  readonly differing?: Differing | undefined
}
