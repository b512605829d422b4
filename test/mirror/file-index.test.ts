/** Which names are in use, as rows come and go: the same as asking all of them. */
import { expect, it } from 'vitest'
import { memorySummaryFiles } from '../../adapters/memory/summary.ts'
import { FileIndex, type FileRow } from '../../src/mirror/file-index.ts'
import { folded } from '../../src/mirror/folded.ts'
import { createDice } from '../support/dice.ts'

const PATHS = ['tasks/a.md', 'tasks/A.md', 'tasks/b.md', 'tasks/é.md', 'tasks/e\u0301.md', 'tasks/É.md']

it.each([1, 2, 3, 4])('[F11] a name is in use while a file stands by it, in whatever case, seed %i', async (seed) => {
  const dice = createDice(seed)
  const index = await FileIndex.read(memorySummaryFiles(() => '', new Map()))
  for (let step = 0; step < 500; step++) {
    const path = dice.pick(PATHS) ?? ''
    const state = dice.pick(['clean', 'held', 'older', 'gone'] as const) ?? 'clean'
    const row: FileRow = { path, size: 1, modifiedMs: 1, inode: '1', uids: [], state, problems: [] }
    if (dice.chance(0.02)) index.clear()
    else if (dice.chance(0.3)) index.remove(path)
    else index.put(row)
    const standing = [...index.rows.values()].filter((one) => one.state !== 'gone').map((one) => folded(one.path))
    expect(PATHS.map((one) => index.isTaken(one))).toEqual(PATHS.map((one) => standing.includes(folded(one))))
  }
})
