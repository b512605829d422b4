/** A process that writes is killed at any moment: what it said was stored is there. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLevelStore } from '../../adapters/leveldb/store.ts'
import { bundle } from './child-process.ts'

const ROUNDS = 27
const CONTROL_ROUNDS = 10
const modules = resolve(import.meta.dirname, '../../node_modules')

describe('leveldb: kill -9 while writing', () => {
  let folder = ''
  let child: { readonly path: string } & AsyncDisposable
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tide-crash-'))
    child = await bundle('test/adapters/leveldb-child.ts')
  })
  afterAll(async () => {
    await rm(folder, { recursive: true })
    await child[Symbol.asyncDispose]()
  })

  it(`[S3] ${ROUNDS} kills at random moments lose no acknowledged write and split no commit`, async () => {
    const path = join(folder, 'honest')
    const acknowledged: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      acknowledged.push(...(await killed(child.path, ['write', path, String(round)])))
      expect(await lost(path, acknowledged), `round ${round}`).toEqual([])
    }
    expect(acknowledged.length).toBeGreaterThan(ROUNDS * 10)
  })

  it('[S3] control: one that acknowledges before the write is caught', async () => {
    const path = join(folder, 'cheating')
    const acknowledged: string[] = []
    for (let round = 0; round < CONTROL_ROUNDS; round++) {
      acknowledged.push(...(await killed(child.path, ['cheat', path, '2'])))
      if ((await lost(path, acknowledged)).length > 0) return
    }
    expect.unreachable('nobody noticed')
  })
})

/** What the child said was stored before it was killed. */
async function killed(program: string, args: readonly string[]): Promise<readonly string[]> {
  const env = { PATH: process.env['PATH'], NODE_PATH: modules }
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const closed = once(child, 'close')
  await Promise.race([once(child.stdout, 'data'), closed])
  setTimeout(() => child.kill('SIGKILL'), Math.random() * 60)
  const [, signal] = await closed
  expect(signal).toBe('SIGKILL')
  return output.split('\n').slice(0, -1)
}

/** What is not there of what should be; throws when what is there is not whole. */
async function lost(path: string, acknowledged: readonly string[]): Promise<readonly string[]> {
  await using store = await openLevelStore(path)
  const textsOf = async (log: string): Promise<readonly string[]> =>
    (await store.read(log)).map(({ bytes }) => Buffer.from(bytes).toString())
  const plain = await textsOf('plain')
  const packed = (await textsOf('packed')).join('').split(' ').filter(Boolean)
  expect(packed).toEqual(plain)
  expect(Buffer.from((await store.cell('last')) ?? []).toString()).toBe(plain.at(-1) ?? '')
  expect((await store.read('plain')).at(-1)?.seq ?? 0).toBe(plain.length)
  expect(store.problems()).toEqual([])
  const there = new Set(plain)
  return acknowledged.filter((text) => !there.has(text))
}
