/** Plausible ways to mirror files that lose something: the same stories find what each of them loses. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type * as Patching from '../../adapters/markdown/native-patch.ts'
import type * as Explaining from '../../src/mirror/explain.ts'
import type * as Looking from '../../src/mirror/looking.ts'
import type * as Body from '../../src/task/body.ts'
import type * as Difference from '../../src/task/difference.ts'
import type * as Scenarios from './control-scenarios.ts'

type Name = { [Key in keyof typeof Scenarios]: Key }[keyof typeof Scenarios]

interface Control {
  readonly name: string
  readonly rule: string
  readonly scenario: Name
  /** Puts the broken way into the place of one module. */
  readonly breakIt: () => void
}

const controls: readonly Control[] = [
  {
    name: 'bodies replaced whole',
    rule: 'M2',
    scenario: 'twoLinesOfOneBody',
    breakIt: () =>
      vi.doMock('../../src/task/difference.ts', async (original) => ({
        ...(await original<typeof Difference>()),
        difference: (before: string, after: string) =>
          before === after ? [] : [{ at: 0, remove: before.length, insert: after }],
      })),
  },
  {
    name: 'a difference by characters',
    rule: 'M2',
    scenario: 'oneParagraphTwice',
    breakIt: () =>
      vi.doMock('../../src/task/difference.ts', async (original) => ({
        ...(await original<typeof Difference>()),
        difference: byCharacters,
      })),
  },
  {
    name: 'neither twins taken away nor ids that follow from the edit',
    rule: 'M21',
    scenario: 'oneCommitPulledTwice',
    breakIt: () => {
      vi.doMock('../../src/task/twins.ts', () => ({ repairTwins: () => [], removeTwins: () => undefined }))
      let last = 2 ** 40
      vi.doMock('../../src/task/body.ts', async (original) => ({
        ...(await original<typeof Body>()),
        clientOf: () => ++last,
      }))
    },
  },
  {
    name: 'the newest text as the only base',
    rule: 'M10',
    scenario: 'staleSave',
    breakIt: () =>
      mockExplain((original) => (record, tasks, text, read) => {
        const newest = record.bases.at(-1)
        return newest === undefined ? original(record, tasks, text, read) : { kind: 'edit', from: read(newest) }
      }),
  },
  {
    name: 'the base nearest by characters',
    rule: 'M11',
    scenario: 'staleSaveOfLongWord',
    breakIt: () =>
      mockExplain((original) => (record, tasks, text, read) => {
        const costs = record.bases.map((base) => ({ base, cost: charactersBetween(base.text, text) }))
        const [nearest] = costs.toReversed().sort((one, other) => one.cost - other.cost)
        if (nearest === undefined) return original(record, tasks, text, read)
        const kind = nearest.base === record.bases.at(-1) ? 'edit' : 'stale'
        return { kind, from: read(nearest.base) }
      }),
  },
  {
    name: 'a text that is remembered taken for no edit',
    rule: 'M14',
    scenario: 'thereAndBack',
    breakIt: () =>
      mockExplain((original) => (record, tasks, text, read) => {
        const base = record.bases.findLast((one) => one.text === text)
        return base === undefined ? original(record, tasks, text, read) : { kind: 'edit', from: read(base) }
      }),
  },
  {
    name: 'echoes known by their time',
    rule: 'M3',
    scenario: 'savedRightAfter',
    breakIt: () =>
      vi.doMock('../../src/mirror/looking.ts', async (original) => {
        const looking = await original<typeof Looking>()
        return { ...looking, look: withoutEchoes(looking.look) }
      }),
  },
  {
    name: 'files written anew from what they say',
    rule: 'M1',
    scenario: 'shapedFile',
    breakIt: () =>
      vi.doMock('../../adapters/markdown/native-patch.ts', async (original) => {
        const patching = await original<typeof Patching>()
        return {
          ...patching,
          patchNative: (...given: Parameters<typeof patching.patchNative>) => restated(patching.patchNative(...given)),
        }
      }),
  },
]

describe('controls: what loses something is found', () => {
  beforeEach(() => void vi.resetModules())
  afterEach(() => {
    for (const path of MOCKED) vi.doUnmock(path)
    vi.resetModules()
  })

  for (const { name, rule, scenario, breakIt } of controls) {
    it(`[${rule}] ${name}`, async () => {
      breakIt()
      const broken = await import('./control-scenarios.ts')
      expect(await broken[scenario]()).not.toEqual([])
    })

    it(`[${rule}] the way taken, where ${name} goes wrong`, async () => {
      const told = await import('./control-scenarios.ts')
      expect(await told[scenario]()).toEqual([])
    })
  }
})

const MOCKED = [
  '../../src/task/difference.ts',
  '../../src/task/twins.ts',
  '../../src/task/body.ts',
  '../../src/mirror/explain.ts',
  '../../src/mirror/looking.ts',
  '../../adapters/markdown/native-patch.ts',
]

type Explain = typeof Explaining.explain
type Look = typeof Looking.look

function mockExplain(broken: (original: Explain) => Explain): void {
  vi.doMock('../../src/mirror/explain.ts', async (original) => {
    const explaining = await original<typeof Explaining>()
    return { ...explaining, explain: broken(explaining.explain) }
  })
}

/** Whatever changes within a second of what was seen last counts as the mirror's own doing. */
function withoutEchoes(look: Look): Look {
  return async (world, index, ...options) => {
    const seen = await look(world, index, ...options)
    const isEcho = ({ path, modifiedMs }: (typeof seen.changed)[number]): boolean => {
      const row = index.rows.get(path)
      return row !== undefined && modifiedMs - row.modifiedMs < 1000
    }
    for (const entry of seen.changed) {
      const row = index.rows.get(entry.path)
      if (row !== undefined && isEcho(entry)) index.put({ ...row, ...entry })
    }
    return { ...seen, changed: seen.changed.filter((entry) => !isEcho(entry)) }
  }
}

/** As a YAML library writes it: no comments, one way of quoting, single blanks. */
function restated(text: string): string {
  return text.replace(/^---\n[^]*?\n---\n/, (front) =>
    front
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) =>
        line
          .replace(/\s+#.*$/, '')
          .replace(/: +/, ': ')
          .replaceAll('"', ''),
      )
      .join('\n'),
  )
}

/** The longest common subsequence of characters; what is between goes and comes. */
function byCharacters(before: string, after: string): { at: number; remove: number; insert: string }[] {
  const width = after.length + 1
  const common = new Uint32Array((before.length + 1) * width)
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      common[i * width + j] =
        before[i] === after[j]
          ? 1 + (common[(i + 1) * width + j + 1] ?? 0)
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0)
  const splices: { at: number; remove: number; insert: string }[] = []
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    const start = { at: i, from: j }
    while ((i < before.length || j < after.length) && before[i] !== after[j]) {
      const down = common[(i + 1) * width + j] ?? 0
      const along = common[i * width + j + 1] ?? 0
      if (j >= after.length || (i < before.length && down >= along)) i++
      else j++
    }
    if (i > start.at || j > start.from)
      splices.push({ at: start.at, remove: i - start.at, insert: after.slice(start.from, j) })
    else {
      i++
      j++
    }
  }
  return splices
}

function charactersBetween(before: string, after: string): number {
  return byCharacters(before, after).reduce((sum, { remove, insert }) => sum + remove + insert.length, 0)
}
