/** What the reading of changed files comes to. Types only. */
import type { FileEntry, ParsedFile, ParsedTask } from '../ports.ts'
import type { Uid } from '../ids.ts'
import type { Base, BaseTask, FileRecord } from './base.ts'
import type { FileProblem } from './dangers.ts'
import type { Meaning, TaskEdits } from './edits.ts'
import type { ShownTask } from './explain.ts'
import type { HalfWay } from './moving.ts'

/** What one task of a file comes to. */
export interface ReadTask extends ShownTask {
  readonly parsed: ParsedTask
  /** What it was edited from; absent for one that nobody remembers. */
  readonly base?: BaseTask
  readonly edits?: TaskEdits
  /** Says what the document says: nothing to write, all of it seen. */
  readonly isLive?: boolean
  /** Its body is the document's. */
  readonly hasLiveBody?: boolean
}

export interface ReadFile {
  readonly path: string
  readonly entry: FileEntry
  readonly text: string
  /** By a person, or by a process of ours that ended before it could say so: then what a person saved last is still that. */
  readonly how: Base['how']
  readonly record: FileRecord
  readonly parsed: ParsedFile
  readonly tasks: readonly ReadTask[]
  readonly meaning: Meaning | 'import'
  readonly problems: readonly FileProblem[]
  /** Tasks that stood here, stand nowhere else, and are gone with their part of the file. */
  readonly removed: readonly BaseTask[]
}

export interface Reading {
  readonly files: readonly ReadFile[]
  /** Not to be touched: with the reason, or put there by version control. */
  readonly held: readonly {
    readonly entry: FileEntry
    readonly uids: readonly Uid[]
    readonly shows?: string | undefined
    readonly state: 'held' | 'older'
    readonly problems: readonly FileProblem[]
  }[]
  /** Exactly what they were: the index alone is behind. */
  readonly same: readonly {
    readonly entry: FileEntry
    readonly uids: readonly Uid[]
    readonly wasHeld: boolean
    readonly wasGone: boolean
    /** The index knew nothing of it. */
    readonly isUnknown: boolean
  }[]
  /** From where to where. */
  readonly moved: readonly { readonly from: string; readonly to: string; readonly record: FileRecord }[]
  /** Standing under two names: their move is to be finished. */
  readonly halfWay: readonly HalfWay[]
  /** To be looked at again soon: still being written. */
  readonly unsettled: readonly string[]
}

export interface ReadOptions {
  /** What version control or an old text put there is meant. */
  readonly takesFiles?: boolean
  /** A text that may be half written was the same for a while. */
  readonly isSettled?: (path: string) => boolean
}

/** A changed file, read. */
export interface Opened {
  readonly entry: FileEntry
  readonly text: string
  readonly parsed: ParsedFile
  readonly record: FileRecord
}

/** With the tasks that stand in it. */
export interface Candidate extends Opened {
  readonly uids: readonly Uid[]
  readonly movedFrom?: string
}
