/** Task files beside a process that holds the workspace: what people, editors and git do to them arrives by itself. */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openGitPlace } from './git-place.ts'
import { buildProgram, startOwner } from './program.ts'
import { openWorkspacePlace, type Place } from './support.ts'
import { problems, withFile } from './one-task.ts'

let program: Awaited<ReturnType<typeof buildProgram>>
beforeAll(async () => {
  program = await buildProgram()
})
afterAll(() => program[Symbol.asyncDispose]())

/** Nobody says when a process has heard of a file: asked again until it has. */
const soon = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 20 })

async function verbs(place: Place): Promise<readonly string[]> {
  const { changes } = await place.json(['history'])
  return (changes as readonly { readonly verb: string }[]).map(({ verb }) => verb)
}

const pathOf = (place: Place, number: number): string => join(place.dir, 'tasks', `T-${number}-task-${number}.md`)

describe.concurrent('a live workspace', () => {
  it('[M51] takes in a save by itself, whichever way an editor saves, and writes nothing in answer', async () => {
    const { place, path, text } = await withFile()
    await using _place = place
    await using _owner = await startOwner(program.path, place)
    const ways: readonly ((said: string) => void)[] = [
      (said) => writeFileSync(path, said),
      (said) => {
        writeFileSync(`${path}.tmp`, said)
        renameSync(`${path}.tmp`, path)
      },
      (said) => {
        renameSync(path, `${path}~`)
        writeFileSync(path, said)
      },
      (said) => {
        writeFileSync(path, '')
        writeFileSync(path, said.slice(0, 30), { flag: 'a' })
        writeFileSync(path, said.slice(30), { flag: 'a' })
      },
    ]
    for (const [index, save] of ways.entries()) {
      const word = `word ${index}`
      save(text.replace('Two.', `Two, ${word}.`))
      const saved = statSync(path)
      await soon(async () => expect((await place.json(['show', 'T-1'])).task?.body).toContain(word))
      expect(statSync(path)).toMatchObject({ ino: saved.ino, mtimeMs: saved.mtimeMs })
    }
    expect(await verbs(place)).toEqual(['edit', 'edit', 'edit', 'edit', 'create'])
    expect(await problems(place)).toEqual([])
  })

  it('[M51] does not answer its own writes', async () => {
    await using place = await openWorkspacePlace()
    for (let number = 1; number <= 5; number++) await place.must(['add', `Task ${number}`])
    await using _owner = await startOwner(program.path, place)
    const keys = [1, 2, 3, 4, 5].map((number) => `T-${number}`)
    for (const status of ['doing', 'todo', 'review', 'done']) await place.must(['set', ...keys, `status=${status}`])
    for (const number of [1, 2, 3, 4, 5]) expect(readFileSync(pathOf(place, number), 'utf8')).toContain('status: done')
    expect((await verbs(place)).filter((verb) => verb !== 'create')).toEqual(['set', 'set', 'set', 'set'])
    expect((await place.json(['conflicts']))['conflicts']).toEqual([])
  })

  it('[M51] reads two hundred files that change at once in few changes, and loses none', async () => {
    await using place = await openWorkspacePlace()
    mkdirSync(join(place.dir, 'tasks'), { recursive: true })
    for (let number = 1; number <= 200; number++)
      writeFileSync(
        pathOf(place, number),
        `---\nid: ${number.toString(16).padStart(10, '0')}\nkey: T-${number}\ntitle: Task ${number}\nstatus: todo\n---\n`,
      )
    await place.must(['list'])
    await using _owner = await startOwner(program.path, place)
    for (let number = 1; number <= 200; number++) {
      const path = pathOf(place, number)
      writeFileSync(path, readFileSync(path, 'utf8').replace('status: todo', 'status: doing'))
    }
    await soon(async () => expect((await place.all()).filter(({ status }) => status === 'doing')).toHaveLength(200))
    expect((await verbs(place)).filter((verb) => verb === 'edit').length).toBeLessThan(10)
    expect(await problems(place)).toEqual([])
  })

  it('[M50][M51] stands by while git goes back and forth between branches: no task changes, the tree stays clean', async () => {
    await using repo = await openGitPlace('One', 'Two', 'Three', 'Four')
    const { git, place } = repo
    git(['branch', 'old'])
    await place.must(['set', 'T-1', 'status=doing'])
    repo.commitAll('later')
    git(['branch', 'one'])
    await place.must(['set', 'T-2', 'T-3', 'T-4', 'status=doing', 'priority=high'])
    repo.commitAll('latest')
    const now = await repo.statuses()
    await using _owner = await startOwner(program.path, place)
    for (let turn = 0; turn < 12; turn++)
      for (const branch of ['old', 'one', 'main']) git(['checkout', '--quiet', branch])
    expect(await repo.statuses()).toEqual(now)
    expect(repo.dirty()).toEqual([])
    git(['checkout', '--quiet', 'old'])
    await soon(async () => expect(await repo.problems()).toEqual(['FILES_OLDER']))
    expect(await repo.statuses()).toEqual(now)
    expect(repo.dirty()).toEqual([])
    git(['checkout', '--quiet', 'main'])
    await soon(async () => expect(await repo.problems()).toEqual([]))
    expect(repo.dirty()).toEqual([])
    expect((await verbs(place)).filter((verb) => verb !== 'create' && verb !== 'set')).toEqual([])
  })

  it('[M50][M51] stands by through stash, commit, pop and reset: no task changes', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    await using _owner = await startOwner(program.path, place)
    for (let turn = 0; turn < 4; turn++) {
      await place.must(['set', 'T-1', `status=${turn % 2 === 0 ? 'doing' : 'review'}`])
      git(['stash', '--quiet'])
      git(['commit', '--quiet', '--allow-empty', '-m', 'between'])
      git(['stash', 'pop', '--quiet'])
      repo.commitAll(`turn ${turn}`)
      git(['reset', '--quiet', '--hard', 'HEAD~1'])
      git(['reset', '--quiet', '--hard', 'ORIG_HEAD'])
      expect(await repo.statuses()).toEqual({ 'T-1': turn % 2 === 0 ? 'doing' : 'review', 'T-2': 'todo' })
      await soon(async () => expect(await repo.problems()).toEqual([]))
      expect(repo.dirty()).toEqual([])
    }
    expect((await verbs(place)).filter((verb) => verb !== 'create' && verb !== 'set')).toEqual([])
  })
})
