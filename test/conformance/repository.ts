/** What every Repository promises. The hooks are a person at work in it; `files` is all that a commit holds. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Repository } from '../../src/internal.ts'

export interface RepositoryUnderTest extends AsyncDisposable {
  readonly repository: Repository
  /** Makes a commit and checks it out. */
  readonly commit: (files: ReadonlyMap<string, Uint8Array>) => Promise<string>
  readonly checkout: (commit: string) => Promise<void>
  /** Puts changes of files aside, without a commit that is checked out. */
  readonly stash: () => Promise<void>
  /** Begins to change files, and ends it. */
  readonly setBusy: (isBusy: boolean) => Promise<void>
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const one = new Map([['tasks/a.md', bytesOf('one\n')]])
const two = new Map([
  ['tasks/a.md', bytesOf('two\n')],
  ['tasks/b.md', bytesOf('two\n')],
])

export function repositoryConformance(name: string, open: () => Promise<RepositoryUnderTest>): void {
  describe(`repository: ${name}`, () => {
    let world: RepositoryUnderTest
    beforeEach(async () => {
      world = await open()
    })
    afterEach(() => world[Symbol.asyncDispose]())

    standing(() => world)
    contents(() => world)
    between(() => world)
  })
}

function standing(world: () => RepositoryUnderTest): void {
  it('[P56] the head is the commit that is checked out, null before the first', async () => {
    const { repository, commit, checkout } = world()
    expect(await repository.state()).toMatchObject({ head: null, isBusy: false })
    const first = await commit(one)
    expect(await repository.state()).toMatchObject({ head: first, isBusy: false })
    const second = await commit(two)
    expect(second).not.toBe(first)
    expect(await repository.state()).toMatchObject({ head: second })
    await checkout(first)
    expect(await repository.state()).toMatchObject({ head: first })
  })

  it('[P57] the mark differs after a commit, a checkout and a stash, and stays while nothing happens', async () => {
    const { repository, commit, checkout, stash } = world()
    const marks = new Set<string>()
    const mark = async (): Promise<number> => {
      for (let look = 0; look < 2; look++) marks.add((await repository.state())?.mark ?? '')
      return marks.size
    }
    expect(await mark()).toBe(1)
    const first = await commit(one)
    expect(await mark()).toBe(2)
    const second = await commit(two)
    expect(await mark()).toBe(3)
    await checkout(first)
    expect(await mark()).toBe(4)
    await checkout(second)
    expect(await mark()).toBe(5)
    await stash()
    expect(await mark()).toBe(6)
    await stash()
    expect(await mark()).toBe(7)
  })

  it('[P58] it is busy while files are being changed', async () => {
    const { repository, commit, setBusy } = world()
    await commit(one)
    await setBusy(true)
    expect(await repository.state()).toMatchObject({ isBusy: true })
    await setBusy(false)
    expect(await repository.state()).toMatchObject({ isBusy: false })
  })
}

function contents(world: () => RepositoryUnderTest): void {
  it('[P59] a commit gives what files held in it, whatever is checked out, without those that it does not have', async () => {
    const { repository, commit } = world()
    const first = await commit(one)
    const second = await commit(two)
    const paths = ['tasks/b.md', 'tasks/none.md', 'tasks', 'none/a.md', 'tasks/a.md/b.md', 'tasks/a.md']
    expect(await repository.contents(first, paths)).toEqual(one)
    expect(await repository.contents(second, paths)).toEqual(two)
    expect(await repository.contents(second, [])).toEqual(new Map())
    expect(await repository.contents('0123456789'.repeat(4), paths)).toEqual(new Map())
    expect(await repository.contents('no commit', paths)).toEqual(new Map())
    const outside = ['', '.', '..', '../a.md', '/tasks/a.md', './tasks/a.md', 'tasks//a.md', 'a\nb.md', 'a\0b.md']
    expect(await repository.contents(first, [...outside, ...paths, ...outside])).toEqual(one)
  })

  it('[P59] names and bytes are kept as they are', async () => {
    const { repository, commit } = world()
    const names = ['T-1 fix # it.md', 'ünï–\u{1f30a}.md', '-rf.md', 'it\'s "q".md', 'a:b.md', '@{1}.md', '\\a\t.md ']
    const odd = Uint8Array.from({ length: 1024 }, (_, index) => index)
    const files = new Map(names.map((path): [string, Uint8Array] => [`tasks/${path}`, odd]))
    files.set('empty.md', new Uint8Array(0)).set('lines.md', bytesOf('\n\r\n missing\n'))
    files.set('large.md', new Uint8Array(3_000_000).fill(10))
    const given = await repository.contents(await commit(files), [...files.keys()])
    expect(differing(files, given)).toEqual([])
  })

  it('[P59] thousands of files are asked for at once', async () => {
    const { repository, commit } = world()
    const path = (index: number): string => `tasks/${index % 10}/${'long name '.repeat(10)}${index}.md`
    const files = new Map(
      Array.from({ length: 500 }, (_, index): [string, Uint8Array] => [
        path(index),
        bytesOf(`${index}\n`.repeat(index % 50)),
      ]),
    )
    const asked = Array.from({ length: 3000 }, (_, index) => path(index))
    const given = await repository.contents(await commit(files), asked)
    expect(differing(files, given)).toEqual([])
  })
}

/** Paths whose bytes differ; bytes are compared here, matchers take seconds for a megabyte. */
function differing(files: ReadonlyMap<string, Uint8Array>, given: ReadonlyMap<string, Uint8Array>): readonly string[] {
  const paths = [...new Set([...files.keys(), ...given.keys()])]
  const none = bytesOf('not there')
  return paths.filter((path) => Buffer.compare(files.get(path) ?? none, given.get(path) ?? none) !== 0)
}

function between(world: () => RepositoryUnderTest): void {
  it('[P61] the way from one commit to another begins where both were one, and names each commit since', async () => {
    const { repository, commit, checkout } = world()
    const first = await commit(one)
    const second = await commit(two)
    const third = await commit(new Map([['tasks/a.md', bytesOf('three\n')]]))
    expect(await repository.way(first, third)).toEqual({ fork: first, commits: [second, third] })
    expect(await repository.way(second, third)).toEqual({ fork: second, commits: [third] })
    expect(await repository.way(third, first)).toEqual({ fork: first, commits: [] })
    expect(await repository.way(first, first)).toEqual({ fork: first, commits: [] })
    await checkout(first)
    const other = await commit(new Map([['tasks/a.md', bytesOf('four\n')]]))
    expect(await repository.way(third, other)).toEqual({ fork: first, commits: [other] })
  })
}
