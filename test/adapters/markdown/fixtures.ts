/** The strange files of test/fixtures/markdown, each with what is to be read in it and what patches are to change. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Json, TaskPatch } from '../../../src/internal.ts'

export interface Fixture {
  readonly name: string
  readonly text: string
  readonly expected: Expected
}

export interface Expected {
  readonly says: Json
  readonly shape: Json
  /** `line CODE field: message`. */
  readonly problems: readonly string[]
  /** A patch, and the lines it takes out (`line- text`) and puts in (`line+ text`); all others stay. */
  readonly patches: readonly { readonly patch: Omit<TaskPatch, 'task'>; readonly lines: readonly string[] }[]
}

export function fixturesIn(folder: string): readonly Fixture[] {
  return readdirSync(rootOf(folder))
    .filter((file) => file.endsWith('.md'))
    .toSorted()
    .map((file) => {
      const name = file.slice(0, -'.md'.length)
      const expected: Expected = JSON.parse(readFileSync(join(rootOf(folder), `${name}.expected.json`), 'utf8'))
      return { name, text: readFileSync(pathOf(folder, name), 'utf8'), expected }
    })
}

export function pathOf(folder: string, name: string): string {
  return join(rootOf(folder), `${name}.md`)
}

/** The lines that went and came, with their line ends and the number in the old text before which they stand. */
export function lineChanges(before: string, after: string): readonly string[] {
  const old = linesOf(before)
  const now = linesOf(after)
  const changes: string[] = []
  const common = commonLengths(old, now)
  for (let one = 0, other = 0; one < old.length || other < now.length;) {
    const goes = (common[one + 1]?.[other] ?? -1) >= (common[one]?.[other + 1] ?? -1)
    if (one < old.length && old[one] === now[other]) {
      one++
      other++
    } else if (one < old.length && (other === now.length || goes)) changes.push(`${one + 1}- ${old[one++]}`)
    else changes.push(`${one + 1}+ ${now[other++]}`)
  }
  return changes
}

function rootOf(folder: string): string {
  return fileURLToPath(new URL(`../../fixtures/markdown/${folder}/`, import.meta.url))
}

function linesOf(text: string): readonly string[] {
  return text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? []
}

/** Of the longest common subsequences of all tails. */
function commonLengths(old: readonly string[], now: readonly string[]): readonly (readonly number[])[] {
  const rows = Array.from({ length: old.length + 1 }, () => Array.from({ length: now.length + 1 }, () => 0))
  for (let one = old.length - 1; one >= 0; one--)
    for (let other = now.length - 1; other >= 0; other--) {
      const row = rows[one] ?? []
      const below = rows[one + 1] ?? []
      row[other] =
        old[one] === now[other] ? (below[other + 1] ?? 0) + 1 : Math.max(below[other] ?? 0, row[other + 1] ?? 0)
    }
  return rows
}
