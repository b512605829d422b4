/** What every Store promises. A place is what outlives a store: opened it is held; closed or crashed it can be opened again. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/internal.ts'

export interface StorePlace extends AsyncDisposable {
  open(): Promise<Store>
  /** Ends the holder as a power cut would. Left out where that takes a process of its own. */
  readonly crash?: () => void
}

interface World {
  readonly place: StorePlace
  store: Store
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes)

/** The rows of a log as `number:text`. */
async function rowsOf(store: Store, log: string, options?: { readonly after?: number }): Promise<readonly string[]> {
  return (await store.read(log, options)).map((row) => `${row.seq}:${textOf(row.bytes)}`)
}

const append = (log: string, text: string) => ({ append: log, bytes: bytesOf(text) })
const put = (name: string, text: string) => ({ put: name, bytes: bytesOf(text) })
const compact = (log: string, through: number, text: string) => ({ compact: log, through, snapshot: bytesOf(text) })

async function reopened(world: World): Promise<Store> {
  await world.store[Symbol.asyncDispose]()
  world.store = await world.place.open()
  return world.store
}

/** What holds now must hold after reopening too. */
async function* nowAndReopened(world: World): AsyncGenerator<Store> {
  yield world.store
  yield await reopened(world)
}

/** Wide, deep, empty and hostile to paths, to C strings and to ordering by length. */
const names = [
  '',
  'a',
  'ab',
  'b',
  'é',
  'e\u0301',
  '海\u{1f30a}',
  '../x/y',
  'nul\0nul',
  'update',
  'zzzzzzzz',
  'n'.repeat(300),
  '\uffff',
  '\u{10ffff}',
]

export function storeConformance(name: string, newPlace: () => Promise<StorePlace>): void {
  describe(`store: ${name}`, () => {
    let world: World
    beforeEach(async () => {
      const place = await newPlace()
      world = { place, store: await place.open() }
    })
    afterEach(async () => {
      await world.store[Symbol.asyncDispose]()
      await world.place[Symbol.asyncDispose]()
    })

    numbering(() => world)
    wholeness(() => world)
    reading(() => world)
    compacting(() => world)
    bytes(() => world)
    holding(() => world)
  })
}

function numbering(world: () => World): void {
  it('[S1] rows come back in the order they were committed, numbered by one from 1, also after reopening', async () => {
    const { store } = world()
    await store.commit([append('a', 'one')])
    await store.commit([append('b', 'other'), append('a', 'two'), append('a', 'three')])
    expect(await rowsOf(store, 'a')).toEqual(['1:one', '2:two', '3:three'])
    expect(await rowsOf(store, 'b')).toEqual(['1:other'])
    const again = await reopened(world())
    await again.commit([append('a', 'four')])
    expect(await rowsOf(again, 'a')).toEqual(['1:one', '2:two', '3:three', '4:four'])
  })

  it('[S1] a thousand commits at once keep their order', async () => {
    const { store } = world()
    const texts = Array.from({ length: 1000 }, (_, index) => `row ${index}`)
    await Promise.all(texts.map((text) => store.commit([append('a', text)])))
    expect(await rowsOf(store, 'a')).toEqual(texts.map((text, index) => `${index + 1}:${text}`))
  })

  it('[S1] a number is never given twice: not after compaction, removal or reopening', async () => {
    let { store } = world()
    await store.commit([append('a', 'one'), append('a', 'two'), append('a', 'three')])
    await store.commit([compact('a', 3, 'all')])
    store = await reopened(world())
    await store.commit([append('a', 'four')])
    expect(await rowsOf(store, 'a')).toEqual(['3:all', '4:four'])
    await store.commit([{ remove: 'a' }])
    store = await reopened(world())
    expect(await rowsOf(store, 'a')).toEqual([])
    await store.commit([append('a', 'five'), { remove: 'a' }, append('a', 'six')])
    expect(await rowsOf(store, 'a')).toEqual(['6:six'])
    store = await reopened(world())
    await store.commit([append('a', 'seven')])
    expect(await rowsOf(store, 'a')).toEqual(['6:six', '7:seven'])
  })
}

function wholeness(world: () => World): void {
  it('[S2] a commit is whole: one that makes no sense changes nothing in any log or cell, and hurts no other', async () => {
    const { store } = world()
    const settled = await Promise.allSettled([
      store.commit([append('a', 'one')]),
      store.commit([append('a', 'bad'), put('cell', 'bad'), { remove: 'a' }, compact('a', 99, 'bad')]),
      store.commit([append('b', 'bad'), compact('a', Number.NaN, 'bad')]),
      store.commit([append('b', 'bad'), compact('a', 1.5, 'bad')]),
      store.commit([append('b', 'bad'), compact('a', -1, 'bad')]),
      store.commit([append('a', 'two'), put('cell', 'good')]),
    ])
    const outcomes = ['fulfilled', 'rejected', 'rejected', 'rejected', 'rejected', 'fulfilled']
    expect(settled.map(({ status }) => status)).toEqual(outcomes)
    for await (const each of nowAndReopened(world())) {
      expect(await rowsOf(each, 'a')).toEqual(['1:one', '2:two'])
      expect(await rowsOf(each, 'b')).toEqual([])
      expect(textOf(await each.cell('cell'))).toBe('good')
      expect(await each.logs()).toEqual(['a'])
    }
  })

  it('[S2] a reader sees a commit over several logs whole, at any moment', async () => {
    const { store } = world()
    let running = true
    const writing = (async () => {
      for (let index = 0; index < 100; index++) await store.commit([append('a', `${index}`), put('last', `${index}`)])
      running = false
    })()
    while (running) {
      const last = Number(textOf(await store.cell('last')) ?? -1)
      expect((await store.read('a')).length).toBeGreaterThan(last)
    }
    await writing
  })

  it('[S3] a crash keeps what was settled, and of the rest whole commits from the front', async (context) => {
    const { place, store } = world()
    if (place.crash === undefined) return context.skip('crashed by processes of its own')
    let settled = 0
    for (let index = 0; index < 40; index++) {
      const commit = store.commit([append('a', `${index}`), append('b', `${index}`)]).then(() => settled++)
      if (index % 8 < 5) await commit
      else commit.catch(() => undefined)
    }
    place.crash()
    world().store = await place.open()
    const rows = await rowsOf(world().store, 'a')
    expect(rows.length).toBeGreaterThanOrEqual(settled)
    expect(rows).toEqual(rows.map((_, index) => `${index + 1}:${index}`))
    expect(await rowsOf(world().store, 'b')).toEqual(rows)
    await expect(store.commit([append('a', 'from the dead')])).rejects.toMatchObject({ name: 'TaskError' })
  })
}

function reading(world: () => World): void {
  it('[S4] read gives what is behind a number; a log that was never written is empty', async () => {
    const { store } = world()
    await store.commit([append('a', 'one'), append('a', 'two'), append('a', 'three')])
    expect(await rowsOf(store, 'a', { after: 0 })).toEqual(['1:one', '2:two', '3:three'])
    expect(await rowsOf(store, 'a', { after: 2 })).toEqual(['3:three'])
    expect(await rowsOf(store, 'a', { after: 3 })).toEqual([])
    expect(await rowsOf(store, 'a', { after: 4_000_000_000 })).toEqual([])
    expect(await rowsOf(store, 'none')).toEqual([])
    expect(await store.size('none')).toEqual({ rows: 0, bytes: 0, snapshotBytes: 0 })
  })

  it('[S4] names of logs are listed, sorted, while they hold rows', async () => {
    const { store } = world()
    expect(await store.logs()).toEqual([])
    await store.commit([...names.map((log) => append(log, log)), put('cell', 'no log')])
    expect(await store.logs()).toEqual([...names].sort())
    await store.commit([{ remove: 'ab' }, { remove: 'never there' }])
    expect(await store.logs()).toEqual(names.filter((log) => log !== 'ab').sort())
    for (const log of names) expect(await rowsOf(store, log)).toEqual(log === 'ab' ? [] : [`1:${log}`])
  })

  it('[S5] a cell holds what was put last; one that was never put is undefined', async () => {
    const { store } = world()
    await store.commit(names.map((cell) => put(cell, `${cell}1`)))
    await store.commit([put('a', 'no'), put('a', 'yes'), put('empty', '')])
    for await (const each of nowAndReopened(world())) {
      expect(textOf(await each.cell('a'))).toBe('yes')
      expect(textOf(await each.cell('b'))).toBe('b1')
      expect(await each.cell('empty')).toEqual(new Uint8Array())
      expect(await each.cell('none')).toBeUndefined()
      for (const cell of names.filter((one) => one !== 'a')) expect(textOf(await each.cell(cell))).toBe(`${cell}1`)
      expect(await each.logs()).toEqual([])
    }
  })
}

function compacting(world: () => World): void {
  it('[S6] a snapshot takes the place of the rows it names; rows added meanwhile stay', async () => {
    const { store } = world()
    await store.commit([append('a', 'one'), append('a', 'two'), append('a', 'three')])
    expect(await store.size('a')).toEqual({ rows: 3, bytes: 11, snapshotBytes: 0 })
    await Promise.all([
      store.commit([append('a', 'four')]),
      store.commit([compact('a', 2, '1+2')]),
      store.commit([append('a', 'five')]),
    ])
    for await (const each of nowAndReopened(world())) {
      expect(await rowsOf(each, 'a')).toEqual(['2:1+2', '3:three', '4:four', '5:five'])
      expect(await rowsOf(each, 'a', { after: 1 })).toEqual(['2:1+2', '3:three', '4:four', '5:five'])
      expect(await rowsOf(each, 'a', { after: 3 })).toEqual(['4:four', '5:five'])
      expect(await each.size('a')).toEqual({ rows: 3, bytes: 13, snapshotBytes: 3 })
    }
  })

  it('[S6] a late snapshot never takes the place of a newer one; one of rows that never were is refused', async () => {
    const { store } = world()
    await store.commit([append('a', 'one'), append('a', 'two'), append('a', 'three')])
    await store.commit([compact('a', 3, '1+2+3')])
    await store.commit([compact('a', 2, '1+2')])
    await expect(store.commit([compact('a', 4, '?')])).rejects.toMatchObject({ code: 'FAULT' })
    await expect(store.commit([compact('none', 1, '?')])).rejects.toMatchObject({ code: 'FAULT' })
    expect(await rowsOf(store, 'a')).toEqual(['3:1+2+3'])
    await store.commit([append('a', 'four'), compact('a', 4, 'all'), append('a', 'five')])
    expect(await rowsOf(store, 'a')).toEqual(['4:all', '5:five'])
    expect(await store.size('a')).toEqual({ rows: 1, bytes: 4, snapshotBytes: 3 })
  })

  it('[S6] compaction under a stream of appends loses no row and doubles none', async () => {
    const { store } = world()
    let writing = true
    const written = (async () => {
      await Promise.all(Array.from({ length: 400 }, (_, index) => store.commit([append('a', ` ${index}`)])))
      writing = false
    })()
    while (writing) {
      const rows = await store.read('a')
      const last = rows.at(-1)
      const snapshot = rows.map((row) => textOf(row.bytes)).join('')
      if (last !== undefined) await store.commit([compact('a', last.seq, snapshot)])
    }
    await written
    const expected = Array.from({ length: 400 }, (_, index) => ` ${index}`).join('')
    for await (const each of nowAndReopened(world())) {
      const rows = await each.read('a')
      expect(rows.map((row) => textOf(row.bytes)).join('')).toBe(expected)
      expect(rows.at(-1)?.seq).toBe(400)
    }
  })

  it('[S7] a removed log is empty and not listed; others stay', async () => {
    const { store } = world()
    await store.commit([append('a', 'one'), append('ab', 'two'), put('a', 'cell')])
    await store.commit([compact('a', 1, 'all'), append('a', 'more')])
    await store.commit([{ remove: 'a' }])
    for await (const each of nowAndReopened(world())) {
      expect(await rowsOf(each, 'a')).toEqual([])
      expect(await each.size('a')).toEqual({ rows: 0, bytes: 0, snapshotBytes: 0 })
      expect(await each.logs()).toEqual(['ab'])
      expect(await rowsOf(each, 'ab')).toEqual(['1:two'])
      expect(textOf(await each.cell('a'))).toBe('cell')
    }
  })
}

function bytes(world: () => World): void {
  it('[S8] what is stored is what the bytes were when commit was called; what is read is the reader’s own', async () => {
    const { store } = world()
    for (const mine of [bytesOf('mine'), Buffer.from('mine')]) {
      const { next } = { next: (await store.read('a')).length + 1 }
      const commits = [
        store.commit([
          { append: 'a', bytes: mine },
          { put: 'c', bytes: mine },
        ]),
        store.commit([append('s', 'x'), { compact: 's', through: next, snapshot: mine }]),
      ]
      mine.fill(0)
      await Promise.all(commits)
      const [row, cell, snapshot] = [
        (await store.read('a')).at(-1)?.bytes,
        await store.cell('c'),
        await store.read('s'),
      ]
      for (const read of [row, cell, snapshot[0]?.bytes]) {
        expect(textOf(read)).toBe('mine')
        read?.fill(0)
      }
      expect((await rowsOf(store, 'a')).at(-1)).toBe(`${next}:mine`)
      expect(textOf(await store.cell('c'))).toBe('mine')
      expect(await rowsOf(store, 's')).toEqual([`${next}:mine`])
    }
  })

  it('[S8] rows may be empty, and as large as 5 MB', async () => {
    const { store } = world()
    const large = new Uint8Array(5_000_000)
    for (let index = 0; index < large.length; index++) large[index] = (index * 31) >>> 3
    await store.commit([append('a', ''), { append: 'a', bytes: large }, append('a', ''), { put: 'c', bytes: large }])
    const [first, second, third] = await (await reopened(world())).read('a')
    expect([first?.bytes.length, second?.bytes.length, third?.bytes.length]).toEqual([0, 5_000_000, 0])
    expect(Buffer.compare(second?.bytes ?? bytesOf(''), large)).toBe(0)
    expect(Buffer.compare((await world().store.cell('c')) ?? bytesOf(''), large)).toBe(0)
  })

  it('[S8] a name that UTF-8 cannot tell from another is refused', async () => {
    const { store } = world()
    for (const change of [
      append('a\ud800', 'x'),
      put('\udc00', 'x'),
      { remove: '\ud800\ud800' },
      compact('\udfff', 1, 'x'),
    ]) {
      await expect(store.commit([append('a', 'x'), change])).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
    expect(await store.logs()).toEqual([])
  })
}

function holding(world: () => World): void {
  it('[S9] one holder at a time: the second is refused and takes nothing from the first', async () => {
    const { place, store } = world()
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(place.open()).rejects.toMatchObject({ name: 'TaskError', code: 'STORE_LOCKED' })
    }
    await store.commit([append('a', 'one')])
    expect(await rowsOf(await reopened(world()), 'a')).toEqual(['1:one'])
  })

  it('[S10] closing waits for what was asked before, may be done twice, and is the end', async () => {
    const { place, store } = world()
    const commits = Array.from({ length: 50 }, (_, index) => store.commit([append('a', `${index}`)]))
    const reading = store.read('a')
    const closing = [store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]
    await expect(store.commit([append('a', 'late')])).rejects.toMatchObject({ name: 'TaskError', code: 'FAULT' })
    await Promise.all([...commits, reading, ...closing])
    for (const late of [store.read('a'), store.cell('a'), store.logs(), store.size('a'), store.commit([])]) {
      await expect(late).rejects.toMatchObject({ name: 'TaskError', code: 'FAULT' })
    }
    await store[Symbol.asyncDispose]()
    world().store = await place.open()
    expect((await world().store.read('a')).length).toBe(50)
    expect(world().store.problems()).toEqual([])
  })

  it('[S10] a commit of nothing settles after those before it', async () => {
    const { store } = world()
    let earlier = false
    const first = store.commit([append('a', 'one')]).then(() => (earlier = true))
    await store.commit([])
    expect(earlier).toBe(true)
    await first
  })
}
