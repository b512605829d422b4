/** A live workspace hears of its files: bursts, failures and missed events, with time turned by hand. */
import { describe, expect, it } from 'vitest'
import { memoryFiles, type MemoryFiles } from '../../adapters/memory/files.ts'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { FileWatch } from '../../src/workspace/watching.ts'

interface Watched extends AsyncDisposable {
  readonly files: MemoryFiles
  readonly runtime: MemoryRuntime
  readonly watch: FileWatch
  /** What each exchange was asked to look at; `all` for everything. */
  readonly asked: (readonly string[] | 'all')[]
  fail: boolean
}

function watched(): Watched {
  const runtime = memoryRuntime({ seed: 1 })
  const files = memoryFiles({ now: () => runtime.now() })
  const asked: Watched['asked'] = []
  const watch = new FileWatch({
    files,
    folder: 'tasks',
    runtime,
    exchange: async (paths) => {
      asked.push(paths === undefined ? 'all' : [...paths].sort())
      if (made.fail) throw new Error('the disk is away')
    },
  })
  const made: Watched = {
    files,
    runtime,
    watch,
    asked,
    fail: false,
    [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose](),
  }
  return made
}

const save = (files: MemoryFiles, name: string): void => files.put(`tasks/${name}.md`, new TextEncoder().encode(name))

describe('a watch of task files', () => {
  it('[M51] one save of several events is one exchange about one file, a moment later', async () => {
    await using one = watched()
    save(one.files, 'a')
    save(one.files, 'a')
    await one.runtime.advance(3)
    expect(one.asked).toEqual([])
    await one.runtime.advance(2)
    expect(one.asked).toEqual([['tasks/a.md']])
  })

  it('[M51] one file after the other, close together: the first at once, the others when it is quiet', async () => {
    await using one = watched()
    for (let index = 0; index < 50; index++) {
      save(one.files, `f${index}`)
      await one.runtime.advance(2)
    }
    await one.runtime.advance(100)
    expect(one.asked.map((paths) => paths.length)).toEqual([2, 48])
  })

  it('[M51] many files at once are taken as one', async () => {
    await using one = watched()
    for (let index = 0; index < 50; index++) save(one.files, `f${index}`)
    await one.runtime.advance(100)
    expect(one.asked.map((paths) => paths.length)).toEqual([50])
  })

  it('[M51] a burst without end is not waited for without end', async () => {
    await using one = watched()
    for (let index = 0; index < 60; index++) {
      save(one.files, `f${index}`)
      await one.runtime.advance(20)
    }
    await one.runtime.advance(100)
    expect(one.asked.length).toBeGreaterThan(1)
    expect(new Set(one.asked.flat()).size).toBe(60)
  })

  it('[M51] what happens while files are read is read again', async () => {
    await using one = watched()
    save(one.files, 'a')
    await one.runtime.advance(4)
    save(one.files, 'b')
    await one.runtime.advance(60)
    expect(one.asked.flat()).toEqual(['tasks/a.md', 'tasks/b.md'])
  })

  it('[M51] an exchange that fails is told, and the next look at all files finds what it missed', async () => {
    await using one = watched()
    one.fail = true
    save(one.files, 'a')
    await one.runtime.advance(10)
    one.fail = false
    await one.runtime.advance(11_000)
    expect(one.asked).toEqual([['tasks/a.md'], 'all'])
  })

  it('[M51] files are looked at now and then, event or not, and never after the end', async () => {
    const one = watched()
    await one.runtime.advance(31_000)
    expect(one.asked).toEqual(['all', 'all'])
    await one[Symbol.asyncDispose]()
    save(one.files, 'a')
    await one.runtime.advance(31_000)
    expect(one.asked.length).toBe(2)
  })

  it('[M51] where nothing happens all files are looked at less often, and after an event or a failure soon again', async () => {
    await using one = watched()
    const looks = async (ms: number): Promise<number> => {
      const before = one.asked.length
      await one.runtime.advance(ms)
      return one.asked.slice(before).filter((paths) => paths === 'all').length
    }
    expect([await looks(10_100), await looks(20_000), await looks(40_000), await looks(80_000)]).toEqual([1, 1, 1, 1])
    expect(await looks(1_600_000)).toBe(10)
    save(one.files, 'a')
    expect(await looks(10_100)).toBe(1)
    await looks(1_600_000)
    one.fail = true
    save(one.files, 'b')
    await one.runtime.advance(100)
    one.fail = false
    expect(await looks(10_100)).toBe(1)
  })
})
