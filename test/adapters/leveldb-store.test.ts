/** The store in LevelDB keeps the promises of a store, and those that only a store on a disk can make. */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { Readable } from 'node:stream'
import { join, resolve } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { build } from 'esbuild'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { keyEncoding, LeveldbPersistence } from 'y-leveldb'
import * as Y from 'yjs'
import { storeFingerprint } from '../../adapters/leveldb/fingerprint.ts'
import { decodeKey, encodeKey, formatKey, logKeys } from '../../adapters/leveldb/keys.ts'
import { openLevelStore } from '../../adapters/leveldb/store.ts'
import { draft, kinds, seal } from '../../adapters/leveldb/values.ts'
import { storeConformance } from '../conformance/store.ts'
import { bundle } from './child-process.ts'

storeConformance('leveldb', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tide-store-'))
  return {
    open: () => openLevelStore(join(folder, 'store')),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
})

let folder = ''
let path = ''
let child: { readonly path: string } & AsyncDisposable
beforeAll(async () => {
  child = await bundle('test/adapters/leveldb-child.ts')
})
afterAll(() => child[Symbol.asyncDispose]())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tide-store-'))
  path = join(folder, 'store')
})
afterEach(() => rm(folder, { recursive: true }))

const append = (log: string, text: string) => ({ append: log, bytes: Buffer.from(text) })

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

describe('leveldb: what y-leveldb sees', () => {
  it('[S15] keys are those of y-leveldb, bit by bit', () => {
    const part = fc.oneof(fc.string({ unit: 'binary' }), fc.nat(0xffff_ffff))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        expect(encodeKey(parts).equals(keyEncoding.encode(parts))).toBe(true)
        expect(decodeKey(encodeKey(parts))).toEqual(parts)
      }),
    )
    const long = 'x'.repeat(20_000)
    expect(encodeKey([long])).toEqual(keyEncoding.encode([long]))
    expect(logKeys('log').row(7)).toEqual(keyEncoding.encode(['v1', 'log', 'update', 7]))
  })

  it('[S15] bytes that are no key are decoded to nothing', () => {
    for (const hex of ['02', '00', '0005616263', '0100', '00ffffffffff', '0180', '01000000']) {
      expect([hex, decodeKey(Buffer.from(hex, 'hex'))]).toEqual([hex, undefined])
    }
  })

  it('[S15] stock y-leveldb reads a log of updates, before and after compaction', async () => {
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => updates.push(update))
    for (let index = 0; index < 30; index++) doc.getText('body').insert(0, `line ${index}\n`)
    const stock = async (): Promise<string> => {
      const persistence = new LeveldbPersistence(path)
      const text = (await persistence.getYDoc('doc')).getText('body').toJSON()
      await persistence.destroy()
      return text
    }
    const compactions = [0, 20, 30]
    for (const through of compactions) {
      await using store = await openLevelStore(path)
      if (through === 0) await Promise.all(updates.map((bytes) => store.commit([{ append: 'doc', bytes }])))
      else {
        const snapshot = Y.mergeUpdates(updates.slice(0, through))
        await store.commit([
          { compact: 'doc', through, snapshot },
          { put: 'cell', bytes: Buffer.from('x') },
        ])
      }
      await store[Symbol.asyncDispose]()
      expect(await stock()).toBe(doc.getText('body').toJSON())
    }
    await using store = await openLevelStore(path)
    expect(await store.logs()).toEqual(['doc'])
    expect(store.problems()).toEqual([])
  })

  it('[S15] Yjs ignores what follows an update', () => {
    const doc = new Y.Doc()
    doc.getText('body').insert(0, 'text')
    const update = Buffer.concat([Y.encodeStateAsUpdate(doc), Buffer.from([0x54, 0x4d, 1, 1, 255, 255, 255, 255])])
    const other = new Y.Doc()
    Y.applyUpdate(other, update)
    expect(other.getText('body').toJSON()).toBe('text')
    expect(Y.encodeStateAsUpdate(other)).toEqual(Y.encodeStateAsUpdate(doc))
  })
})

describe('leveldb: what it loads', () => {
  it('opening a store loads neither yjs nor y-leveldb', async () => {
    const { metafile } = await build({
      entryPoints: ['adapters/leveldb/store.ts'],
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      external: ['*.node'],
    })
    const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs))
    const packages = inputs.flatMap(([file, { bytesInOutput }]) =>
      bytesInOutput > 0 ? (/node_modules\/([^/]+)\//.exec(file)?.[1] ?? []) : [],
    )
    expect([...new Set(packages)].sort()).toEqual([
      'abstract-level',
      'catering',
      'classic-level',
      'level-supports',
      'level-transcoder',
      'module-error',
      'node-gyp-build',
    ])
  })
})

describe('leveldb: group commit', () => {
  it('[S11] commits that wait share a sync; one alone does not wait for company', async () => {
    const syncs: number[] = []
    await using store = await openLevelStore(path, { onSync: (commits) => syncs.push(commits) })
    await store.commit([append('a', 'alone')])
    expect(syncs).toEqual([1])
    const commits = Array.from({ length: 500 }, (_, index) => store.commit([append('a', `${index}`)]))
    await Promise.all(commits)
    expect(syncs).toEqual([1, 500])
    const writers = Array.from({ length: 50 }, async () => {
      for (let index = 0; index < 10; index++) await store.commit([append('a', 'more')])
    })
    await Promise.all(writers)
    expect(syncs.slice(2)).toEqual(Array.from({ length: 10 }, () => 50))
    expect((await store.read('a')).length).toBe(1001)
  })

  it('[S11] a group is bounded: large rows do not pile up in one write', async () => {
    const syncs: number[] = []
    await using store = await openLevelStore(path, { onSync: (commits) => syncs.push(commits) })
    const bytes = new Uint8Array(1 << 20)
    await Promise.all(Array.from({ length: 10 }, () => store.commit([{ append: 'a', bytes }])))
    expect(Math.max(...syncs)).toBeLessThan(5)
    expect(syncs.reduce((sum, count) => sum + count, 0)).toBe(10)
  })
})

describe('leveldb: one holder', () => {
  it('[S9] another process is refused while this one lives, and this one while the other lives', async () => {
    const store = await openLevelStore(path)
    const refused = await run('lock')
    expect(refused).toContain('STORE_LOCKED')
    // Asking again in this process must not have freed the lock, which the kernel keeps per process.
    await expect(openLevelStore(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    expect(await run('lock')).toContain('STORE_LOCKED')
    await store[Symbol.asyncDispose]()
    expect(await run('lock')).toContain('opened')

    const other = start('hold')
    await once(other.stdout, 'data')
    await expect(openLevelStore(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    other.kill('SIGKILL')
    await once(other, 'exit')
    await (await openLevelStore(path))[Symbol.asyncDispose]()
  })
})

describe('leveldb: strict opening', () => {
  it('[S13] a file or an unreadable folder in the place of a store is said', async () => {
    await rm(path, { force: true })
    await cp(process.execPath, path)
    await expect(openLevelStore(path)).rejects.toMatchObject({ code: 'STORE_UNREADABLE', details: { path } })
  })

  it('[S14] a store of a newer format is refused, and not changed', async () => {
    await stored('one')
    const value = seal(formatKey, draft(kinds.format, Buffer.from('2')))
    await withLevel((level) => level.put(formatKey, value))
    await expect(openLevelStore(path)).rejects.toMatchObject({ code: 'STORE_TOO_NEW', details: { found: 2, known: 1 } })
    await withLevel(async (level) => expect(await level.get(formatKey)).toEqual(value))
  })

  it('[S14] a database that is no store is refused', async () => {
    await withLevel((level) => level.put(Buffer.from('key'), Buffer.from('value')))
    await expect(openLevelStore(path)).rejects.toMatchObject({ code: 'STORE_UNREADABLE' })
  })
})

describe('leveldb: a disk that takes no more', () => {
  it.skipIf(noLimits)(
    '[S17] a failed write is an error, and so are all after it until the store is opened again; what was settled stays',
    async () => {
      const output = await run('fill', 200)
      const settled = Number(/settled (\d+)/.exec(output)?.[1])
      expect(output).toMatch(/failed STORE_UNWRITABLE\nthen STORE_UNWRITABLE\nread \d+\n/)
      expect(settled).toBeGreaterThan(3)
      await using store = await openLevelStore(path)
      const rows = await store.read('a')
      expect(rows.length).toBeGreaterThanOrEqual(settled)
      expect(rows.length).toBeLessThanOrEqual(settled + 1)
      await store.commit([append('a', 'more')])
      expect(store.problems()).toEqual([])
    },
  )
})

describe('leveldb: the fingerprint', () => {
  it('[S16] it changes with every commit and every opening, and with nothing else', async () => {
    expect(storeFingerprint(path)).toBe('')
    const seen = new Set([storeFingerprint(path)])
    const isNew = (): void => {
      const now = storeFingerprint(path)
      expect(seen.has(now)).toBe(false)
      seen.add(now)
    }
    const isSame = (): void => expect(storeFingerprint(path)).toBe([...seen].at(-1))
    for (let round = 0; round < 3; round++) {
      await using store = await openLevelStore(path)
      isNew()
      for (let index = 0; index < 5; index++) {
        await store.commit([append('a', ''), { put: 'c', bytes: Buffer.alloc(0) }])
        isNew()
        await store.read('a')
        await store.size('a')
        isSame()
      }
      await store[Symbol.asyncDispose]()
      isSame()
    }
    await run('lock')
    isNew()
  })

  it('[S16] compaction in the background does not touch it', async () => {
    await using store = await openLevelStore(path)
    const bytes = new Uint8Array(200_000)
    for (let index = 0; index < 60; index++) {
      for (let at = 0; at < bytes.length; at++) bytes[at] = (at * index * 7919) >>> 5
      await store.commit([{ put: `c${index % 7}`, bytes }])
      const [before, until] = [storeFingerprint(path), performance.now() + 20]
      while (performance.now() < until) {
        expect(storeFingerprint(path)).toBe(before)
        await new Promise(setImmediate)
      }
    }
  })

  it('[S16] another process sees it at once', async () => {
    await using store = await openLevelStore(path)
    for (let index = 0; index < 3; index++) {
      await store.commit([append('a', 'x')])
      expect((await run('fingerprint')).trim()).toBe(storeFingerprint(path))
    }
  })
})

const modules = resolve(import.meta.dirname, '../../node_modules')
const noLimits = process.platform === 'win32'

/** A process that does one thing with the store, under a limit for the size of its files if that is asked for. */
function start(mode: string, limitBlocks?: number): ChildProcessByStdio<null, Readable, null> {
  const own = [child.path, mode, path]
  const limited = ['-c', `ulimit -f ${limitBlocks} && exec "$@"`, 'sh', process.execPath, ...own]
  const [program, args] = limitBlocks === undefined ? [process.execPath, own] : ['sh', limited]
  return spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], NODE_PATH: modules },
  })
}

/** What it said until it ended. */
async function run(mode: string, limitBlocks?: number): Promise<string> {
  const running = start(mode, limitBlocks)
  let output = ''
  running.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await once(running, 'close')
  return output
}
