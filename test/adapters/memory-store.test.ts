/** The reference store keeps the promises of a store, and its disk crashes as a disk does. */
import { describe, expect, it } from 'vitest'
import { createMemoryDisk, openMemoryStore } from '../../adapters/memory/store.ts'
import { storeConformance } from '../conformance/store.ts'

storeConformance('memory', async () => {
  let dice = 0
  const disk = createMemoryDisk({ survives: () => dice++ % 3 < 2 })
  return { open: () => openMemoryStore(disk), crash: disk.crash, [Symbol.asyncDispose]: async () => undefined }
})

const row = (text: string) => ({ append: 'a', bytes: Buffer.from(text) })

describe('memory disk', () => {
  it('[S3] the chooser decides at a crash how many of the commits on their way arrived', async () => {
    for (let arriving = 0; arriving <= 4; arriving++) {
      let asked = 0
      const disk = createMemoryDisk({ survives: () => asked++ < arriving, sync: () => new Promise(() => undefined) })
      const store = await openMemoryStore(disk)
      const commits = ['1', '2', '3'].map((text) => store.commit([row(text), { put: text, bytes: Buffer.from(text) }]))
      const settled = Promise.allSettled(commits)
      disk.crash()
      expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
      const after = await openMemoryStore(disk)
      expect((await after.read('a')).length).toBe(Math.min(3, arriving))
      expect((await after.cell('3')) !== undefined).toBe(arriving >= 3)
    }
  })

  it('[S3] nothing that is not synced is settled or seen', async () => {
    let finish: () => void = () => undefined
    const disk = createMemoryDisk({ sync: () => new Promise((resolve) => (finish = resolve)) })
    const store = await openMemoryStore(disk)
    let settled = 0
    const count = (): number => settled++
    const first = store.commit([row('1')]).then(count)
    const second = store.commit([row('2')]).then(count)
    expect([await store.read('a'), settled]).toEqual([[], 0])
    finish()
    await first
    const third = store.commit([row('3')]).then(count)
    expect([(await store.read('a')).length, settled]).toEqual([1, 1])
    finish()
    await second
    finish()
    await third
    expect((await store.read('a')).length).toBe(3)
  })

  it('[S17] a disk that takes no writes says so', async () => {
    const disk = createMemoryDisk({ sync: () => Promise.reject(new Error('no space')) })
    const store = await openMemoryStore(disk)
    await expect(store.commit([row('1')])).rejects.toMatchObject({ code: 'STORE_UNWRITABLE' })
    expect(await store.read('a')).toEqual([])
    await store[Symbol.asyncDispose]()
  })
})
