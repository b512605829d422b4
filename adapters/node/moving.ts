/** A file on its way to another name, which at every moment stands under one of the two or under both; replaces nothing. */
import { linkSync, lstatSync, renameSync, unlinkSync, type Stats } from 'node:fs'
import { basename, dirname } from 'node:path'
import { codeOf, unlessMissing } from './disk-errors.ts'
import { HAS_NO_LINKS } from './swap.ts'

export interface Way {
  readonly from: string
  readonly to: string
  /** The disk took both steps in one. */
  isOver(): boolean
  /** The old name goes. */
  finish(): void
  /** The new name goes, where it was made here and nobody has put another file there since. */
  undo(): void
}

/** Undefined where another file has the name. `isSame`: a file that holds what is being moved. */
export function beginMove(from: string, to: string, isSame: (path: string) => boolean): Way | undefined {
  // To some disks names that differ in case, or in how they are composed, are one: to take one away is to take both.
  if (dirname(from) === dirname(to) && folded(from) === folded(to)) return undefined
  const there = statsOf(to)
  if (there !== undefined) return there.isFile() && isSame(to) ? halfWay(from, to, undefined) : undefined
  try {
    linkSync(from, to)
  } catch (cause) {
    const code = codeOf(cause)
    if (code === 'EEXIST') return undefined
    // The look a moment ago has to do.
    if (!HAS_NO_LINKS.has(code)) throw cause
    renameSync(from, to)
    return { from, to, isOver: () => true, finish: () => undefined, undo: () => undefined }
  }
  return halfWay(from, to, statsOf(to))
}

/** `made`: the new name, where it was made here. */
function halfWay(from: string, to: string, made: Stats | undefined): Way {
  return {
    from,
    to,
    isOver: () => false,
    finish: () => unlessMissing(() => unlinkSync(from)),
    undo: () => {
      const now = statsOf(to)
      if (made !== undefined && now?.ino === made.ino && now.dev === made.dev) unlinkSync(to)
    },
  }
}

function statsOf(path: string): Stats | undefined {
  return unlessMissing(() => lstatSync(path))
}

function folded(path: string): string {
  return basename(path).normalize('NFC').toLowerCase()
}
