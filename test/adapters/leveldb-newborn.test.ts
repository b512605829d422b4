/** A process that ends while it makes a store: whatever of LevelDB's first files is there then, the next one opens it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createCrc32c } from '../../adapters/leveldb/crc32c.ts'
import { writeLogFile } from '../../adapters/leveldb/log-file.ts'
import { openLevelStore } from '../../adapters/leveldb/store.ts'

let path = ''
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tide-newborn-'))
})
afterEach(() => rmSync(path, { recursive: true }))

/** LevelDB's NewDB: the comparator's name, log 0, next file 2, last sequence 0. */
const comparator = Buffer.from('leveldb.BytewiseComparator')
const firstManifest = writeLogFile(
  [Buffer.concat([Buffer.from([1, comparator.length]), comparator, Buffer.from([2, 0, 3, 2, 4, 0])])],
  createCrc32c(),
)

/** In the order LevelDB makes them; a crash leaves some from the front. */
const made: readonly (readonly [name: string, bytes: Uint8Array | string])[] = [
  ['LOCK', ''],
  ['LOG', ''],
  ['MANIFEST-000001', firstManifest],
  ['000001.dbtmp', 'MANIFEST-000001\n'],
  ['CURRENT', 'MANIFEST-000001\n'],
  ['000003.log', ''],
  ['MANIFEST-000002', ''],
]

it.each(made.map(([name], index) => [name, index + 1] as const))(
  '[S3][S13] ended after it made %s: the store opens, empty, and takes commits',
  async (_name, count) => {
    for (const [name, bytes] of made.slice(0, count)) writeFileSync(join(path, name), bytes)
    if (count > 4) rmSync(join(path, '000001.dbtmp'))
    {
      await using store = await openLevelStore(path)
      expect(store.problems()).toEqual([])
      await store.commit([{ append: 'log', bytes: Uint8Array.of(7) }])
    }
    await using again = await openLevelStore(path)
    expect((await again.read('log')).map(({ bytes }) => [...bytes])).toEqual([[7]])
  },
)
