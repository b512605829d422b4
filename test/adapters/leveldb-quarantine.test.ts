/** Rows that cannot be trusted: kept aside, reported, and never in the way of the others. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LeveldbPersistence } from 'y-leveldb'
import * as Y from 'yjs'
import { encodeKey, logKeys } from '../../adapters/leveldb/keys.ts'
import { openLevelStore } from '../../adapters/leveldb/store.ts'
import type { LevelStore } from '../../adapters/leveldb/store.ts'

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tide-quarantine-'))
  path = join(folder, 'store')
})
afterEach(() => rm(folder, { recursive: true }))

const append = (log: string, text: string) => ({ append: log, bytes: Buffer.from(text) })
const textsOf = async (store: LevelStore, log: string): Promise<readonly string[]> =>
  (await store.read(log)).map(({ bytes }) => Buffer.from(bytes).toString())

/** LevelDB as another program would open it. */
async function withLevel(work: (level: ClassicLevel<Buffer, Buffer>) => Promise<unknown>): Promise<void> {
  const level = new ClassicLevel<Buffer, Buffer>(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  await work(level)
  await level.close()
}

async function stored(...texts: readonly string[]): Promise<void> {
  await using store = await openLevelStore(path)
  for (const text of texts) await store.commit([append('a', text)])
}

describe('leveldb: rows that cannot be trusted', () => {
  const keys = logKeys('a')

  it('[S12] a damaged row is kept aside, skipped and reported, now and after reopening; the others stay', async () => {
    await stored('one', 'two', 'three')
    await withLevel((level) => level.put(keys.row(2), Buffer.from('two, but not as it was stored')))
    for (const known of [0, 1]) {
      await using store = await openLevelStore(path)
      expect(store.problems()).toHaveLength(known)
      expect(await textsOf(store, 'a')).toEqual(['one', 'three'])
      expect(store.problems()).toMatchObject([{ log: 'a', seq: 2 }])
    }
    await using store = await openLevelStore(path)
    expect(store.problems()).toMatchObject([{ log: 'a', seq: 2 }])
    await store.commit([{ compact: 'a', through: 3, snapshot: Buffer.from('one, three') }, append('a', 'four')])
    await store[Symbol.asyncDispose]()
    await withLevel(async (level) => {
      const kept = await level.get(encodeKey(['tidemark', 'kept', 'a', 2]))
      expect(kept.toString()).toContain('two, but not as it was stored')
      expect(await level.keys({ gte: keys.row(1), lt: keys.head }).all()).toHaveLength(2)
    })
  })

  it('[S12] a good row under another name is not taken for that', async () => {
    await stored('one', 'two')
    await withLevel(async (level) => level.put(keys.row(2), await level.get(keys.row(1))))
    await using store = await openLevelStore(path)
    expect(await textsOf(store, 'a')).toEqual(['one'])
    expect(store.problems()).toMatchObject([{ seq: 2 }])
  })

  it('[S12] rows that are missing are reported: within a log and at its end', async () => {
    await stored('one', 'two', 'three', 'four', 'five')
    await withLevel((level) => level.batch([2, 3, 5].map((seq) => ({ type: 'del', key: keys.row(seq) }))))
    await using store = await openLevelStore(path)
    expect(await textsOf(store, 'a')).toEqual(['one', 'four'])
    expect(store.problems().map(({ seq }) => seq)).toEqual([2, 5])
    await store.commit([append('a', 'six')])
    expect((await store.read('a')).map(({ seq }) => seq)).toEqual([1, 4, 6])
  })

  it('[S12] a log whose end mark is damaged, gone or old goes on behind its last row', async () => {
    const good: Buffer[] = []
    await stored('one', 'two')
    await withLevel(async (level) => good.push(await level.get(keys.head)))
    await stored('three')
    const marks = [Buffer.from('damaged'), undefined, good[0]]
    for (const [index, mark] of marks.entries()) {
      await withLevel((level) => (mark ? level.put(keys.head, mark) : level.del(keys.head)))
      await using store = await openLevelStore(path)
      await store.commit([append('a', 'more')])
      expect((await store.read('a')).map(({ seq }) => seq)).toEqual(
        Array.from({ length: 4 + index }, (_, at) => at + 1),
      )
      expect(store.problems().length).toBe(index + 1)
    }
  })

  it('[S1][S12] an old end mark does not make numbers be given again, also of rows that a snapshot replaced', async () => {
    await stored('one')
    const old: Buffer[] = []
    await withLevel(async (level) => old.push(await level.get(keys.head)))
    await stored('two', 'three')
    await using store = await openLevelStore(path)
    await store.commit([{ compact: 'a', through: 3, snapshot: Buffer.from('1+2+3') }])
    await store[Symbol.asyncDispose]()
    await withLevel((level) => level.put(keys.head, old[0] ?? Buffer.alloc(0)))
    await using again = await openLevelStore(path)
    await again.commit([append('a', 'four')])
    expect((await again.read('a')).map(({ seq }) => seq)).toEqual([3, 4])
    expect(await again.size('a')).toEqual({ rows: 1, bytes: 4, snapshotBytes: 5 })
  })

  it('[S5][S12] a damaged cell is an error, never undefined', async () => {
    await using store = await openLevelStore(path)
    await store.commit([{ put: 'c', bytes: Buffer.from('value') }])
    await store[Symbol.asyncDispose]()
    await withLevel((level) => level.put(encodeKey(['tidemark', 'cell', 'c']), Buffer.from('value')))
    await using again = await openLevelStore(path)
    await expect(again.cell('c')).rejects.toMatchObject({ code: 'STORE_UNREADABLE' })
    expect(again.problems()).toMatchObject([{ log: 'c', seq: 0 }])
    await again.commit([{ put: 'c', bytes: Buffer.from('new') }])
    expect(Buffer.from((await again.cell('c')) ?? []).toString()).toBe('new')
  })

  it('[S12][S15] what stock y-leveldb wrote into a log is kept, not overwritten and not trusted', async () => {
    await stored('one')
    const doc = new Y.Doc()
    doc.getText('body').insert(0, 'theirs')
    const persistence = new LeveldbPersistence(path)
    await persistence.storeUpdate('a', Y.encodeStateAsUpdate(doc))
    await persistence.destroy()
    await using store = await openLevelStore(path)
    await store.commit([append('a', 'ours')])
    expect((await store.read('a')).map(({ seq }) => seq)).toEqual([1, 3])
    expect(store.problems().map(({ seq }) => seq)).toContain(2)
  })
})
