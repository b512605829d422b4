/** Directories that are copied, moved, emptied: both copies go on, and what they did comes together again. */
import { cp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TaskView } from '../../src/index.ts'
import { buildProgram, startOwner } from './program.ts'
import { expectRefusal, openWorkspacePlace, words, type Place } from './support.ts'
import { expectQuiet, expectSameInFiles, filesIn } from './task-files.ts'

let program: Awaited<ReturnType<typeof buildProgram>>
beforeAll(async () => {
  program = await buildProgram()
})
afterAll(() => program[Symbol.asyncDispose]())

/** Who wrote, by what the history of a directory says. */
async function writersOf(place: Place, cwd: string): Promise<readonly string[]> {
  const { changes } = await place.json(['history', '--limit', '1000'], { cwd })
  return (changes as readonly { readonly by: { readonly workspace: string } }[]).map((change) => change.by.workspace)
}

/** Each takes the other's backup in: then both show the same. */
async function exchange(place: Place, one: string, other: string): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const file = join(place.root, `exchange-${Math.round(performance.now())}-${from.length}.tide`)
    await place.must(['backup', file], { cwd: from })
    await place.must(['recover', file], { cwd: to })
  }
}

/** What a file is called belongs to each directory alone: it was made there, under the key that the task had then. */
function withoutPaths(tasks: readonly TaskView[]): readonly unknown[] {
  return tasks.map(({ path: _path, ...task }) => task)
}

describe.concurrent('a directory that is copied, moved or emptied', () => {
  it('[G18][M45] both copies go on under ids of their own, and together they have all that either did', async () => {
    await using place = await openWorkspacePlace()
    const [one, other] = [place.dir, join(place.root, 'copy')]
    for (const title of ['a', 'b', 'c']) await place.prepare(['add', title, '--body', `body of ${title}`])
    await cp(one, other, { recursive: true })
    for (let turn = 0; turn < 3; turn++) {
      for (const [cwd, name] of [
        [one, 'one'],
        [other, 'other'],
      ] as const) {
        await place.must(['add', `${name} ${turn}`], { cwd })
        await place.must(['set', 'T-1', `labels+=${name}-${turn}`, `${name}=${turn}`], { cwd })
        await place.must(['comment', 'T-2', `${name} ${turn}`], { cwd })
      }
    }
    const [ours, theirs] = [await writersOf(place, one), await writersOf(place, other)]
    expect(new Set([ours[0], theirs[0]]).size, 'a copy writes under another id').toBe(2)
    expect(ours.at(-1)).toBe(theirs.at(-1))
    await exchange(place, one, other)
    const tasks = await place.all({ cwd: one })
    expect(tasks.map((task) => task.title).toSorted()).toEqual(
      ['a', 'b', 'c', ...['one', 'other'].flatMap((name) => [0, 1, 2].map((turn) => `${name} ${turn}`))].toSorted(),
    )
    const keys = tasks.map((task) => task.key)
    expect(new Set(keys).size, `${keys.join(' ')}`).toBe(tasks.length)
    expect(tasks[0]).toMatchObject({
      labels: ['one-0', 'one-1', 'one-2', 'other-0', 'other-1', 'other-2'],
      fields: { one: 2, other: 2 },
    })
    expect((await place.json(['show', 'T-2'], { cwd: other })).task?.comments).toHaveLength(6)
    expect(withoutPaths(await place.all({ cwd: other }))).toEqual(withoutPaths(tasks))
    for (const cwd of [one, other]) {
      await expectSameInFiles(place, { cwd })
      await expectQuiet(place, { cwd })
      await place.must(['doctor'], { cwd })
    }
  })

  it('[G18] what both copies set is a conflict that both show, and none of the two values is lost', async () => {
    await using place = await openWorkspacePlace()
    const [one, other] = [place.dir, join(place.root, 'copy')]
    await place.prepare(['add', 'a', '--body', 'first line\nlast line\n'])
    await cp(one, other, { recursive: true })
    await place.must(['set', 'T-1', 'title=from one', 'body=first line\none\nlast line\n'], { cwd: one })
    await place.must(['set', 'T-1', 'title=from other', 'body=first line\nlast line\nother\n'], { cwd: other })
    await exchange(place, one, other)
    for (const cwd of [one, other]) {
      const { conflicts } = await place.json(['conflicts'], { cwd })
      expect(JSON.stringify(conflicts)).toContain('from one')
      expect(JSON.stringify(conflicts)).toContain('from other')
      expect((await place.json(['show', 'T-1'], { cwd })).task?.body).toBe('first line\none\nlast line\nother\n')
    }
    expect(await place.all({ cwd: one })).toEqual(await place.all({ cwd: other }))
    expect(await filesIn(one)).toEqual(await filesIn(other))
    for (const cwd of [one, other]) {
      await expectSameInFiles(place, { cwd })
      await expectQuiet(place, { cwd })
    }
  })

  it('[G18][M2] what was edited in the files of both copies comes together like what was said by commands', async () => {
    await using place = await openWorkspacePlace()
    const [one, other] = [place.dir, join(place.root, 'copy')]
    await place.prepare(['add', 'a', '--body', 'first line\n\nlast line\n'])
    await cp(one, other, { recursive: true })
    const edit = async (cwd: string, from: string, to: string): Promise<void> => {
      const path = join(cwd, 'tasks', 'T-1-a.md')
      const text = await readFile(path, 'utf8')
      expect(text).toContain(from)
      await writeFile(path, text.replace(from, to))
    }
    await edit(one, 'first line', 'first line, by one')
    await edit(one, 'status: todo', 'status: doing')
    await edit(other, 'last line', 'last line, by other')
    await edit(other, 'status: todo', 'status: todo\nlabels: [other]')
    await writeFile(join(one, 'tasks', 'new.md'), '# Found in one\n')
    await writeFile(join(other, 'tasks', 'new.md'), '# Found in other\n')
    await exchange(place, one, other)
    for (const cwd of [one, other]) {
      const { task } = await place.json(['show', 'T-1'], { cwd })
      expect(task).toMatchObject({ status: 'doing', labels: ['other'], conflicts: [] })
      expect(task?.body).toBe('first line, by one\n\nlast line, by other\n')
      expect((await place.all({ cwd })).map(({ title }) => title).toSorted()).toEqual([
        'Found in one',
        'Found in other',
        'a',
      ])
      await expectSameInFiles(place, { cwd })
      await expectQuiet(place, { cwd })
      await place.must(['doctor'], { cwd })
    }
    expect((await filesIn(one))['tasks/T-1-a.md']).toBe((await filesIn(other))['tasks/T-1-a.md'])
  })

  it('[G18] a directory put back to an earlier time goes on without spoiling what was written since', async () => {
    await using place = await openWorkspacePlace()
    const [state, saved, kept] = [join(place.dir, '.tidemark'), join(place.root, 'saved'), join(place.root, 'kept')]
    await place.must(['add', 'a'])
    await cp(state, saved, { recursive: true })
    await place.must(['add', 'before it was put back'])
    await place.must(['set', 'T-1', 'x=1'])
    await cp(place.dir, kept, { recursive: true })
    await rm(state, { recursive: true })
    await cp(saved, state, { recursive: true })
    await place.must(['add', 'after it was put back'])
    await place.must(['set', 'T-1', 'y=2'])
    await exchange(place, place.dir, kept)
    const tasks = await place.all()
    expect(tasks.map((task) => task.title).toSorted()).toEqual(['a', 'after it was put back', 'before it was put back'])
    expect(tasks.find((task) => task.title === 'a')?.fields).toEqual({ x: 1, y: 2 })
    expect(withoutPaths(await place.all({ cwd: kept }))).toEqual(withoutPaths(tasks))
    for (const cwd of [place.dir, kept]) {
      await expectSameInFiles(place, { cwd })
      await expectQuiet(place, { cwd })
    }
  })

  it('[G18] a moved directory is the same workspace, by whatever name it is reached', async () => {
    await using place = await openWorkspacePlace()
    await place.prepare(['add', 'a', '--body', 'words'])
    const before = await place.all()
    const moved = join(place.root, 'moved')
    await rename(place.dir, moved)
    expect(await place.all({ cwd: moved })).toEqual(before)
    expect((await place.json(['show', 'T-1'], { cwd: moved })).task?.body).toBe('words')
    await place.must(['add', 'b'], { cwd: moved })
    await symlink(moved, place.dir)
    await place.must(['add', 'c'], { cwd: place.dir })
    expect((await place.all({ cwd: moved })).map((task) => task.key)).toEqual(['T-1', 'T-2', 'T-3'])
    await place.must(['doctor'], { cwd: moved })
    expect(new Set(await writersOf(place, moved)).size, 'it writes on as the same').toBe(1)
  })

  it('[G18][G21] a directory moved or replaced under a live owner: no command reaches the wrong workspace', async () => {
    await using place = await openWorkspacePlace()
    await place.prepare(['add', 'a'])
    await using owner = await startOwner(program.path, place)
    const moved = join(place.root, 'moved')
    await rename(place.dir, moved)
    await cp(moved, place.dir, { recursive: true, filter: (path) => !path.endsWith('LOCK') })
    const path = join(place.dir, 'tasks', 'T-1-a.md')
    await writeFile(path, (await readFile(path, 'utf8')).replace('todo', 'doing'))
    const [here, added] = await Promise.all([place.tide(['add', 'here']), place.tide(['add', 'there'], { cwd: moved })])
    for (const ran of [here, added]) expect([0, 1, 6], `${words(ran)}`).toContain(ran.exit)
    await owner.leave()
    const titles = async (cwd: string): Promise<readonly string[]> =>
      (await place.all({ cwd })).map((task) => task.title)
    expect(await titles(place.dir)).toEqual(here.exit === 0 ? ['a', 'here'] : ['a'])
    expect(await titles(moved)).toEqual(added.exit === 0 ? ['a', 'there'] : ['a'])
    expect((await place.all())[0], 'the files that stand there are those of that directory').toMatchObject({
      status: 'doing',
    })
    expect((await place.all({ cwd: moved }))[0]).toMatchObject({ status: 'todo' })
    for (const cwd of [place.dir, moved]) await place.must(['doctor'], { cwd })
  })

  it('[G18][G21] a directory moved under a live owner: nothing is made where it was, and nothing there is read', async () => {
    await using place = await openWorkspacePlace()
    await place.prepare(['add', 'a'])
    await using owner = await startOwner(program.path, place)
    const moved = join(place.root, 'moved')
    await rename(place.dir, moved)
    // Long enough for the owner to hear of it.
    await sleep(500)
    // Its store went along: what it takes is there, and gets its file from whoever comes next; or it says that it cannot.
    const { error } = await owner.call('task.create', { title: 'b', body: 'words' })
    const listed = await owner.call('tasks.list')
    for (const code of [error?.code, listed.error?.code])
      expect([undefined, 'STORE_UNWRITABLE', 'FILE_UNWRITABLE', 'FILE_UNREADABLE']).toContain(code)
    await owner.leave()
    await expect(readdir(place.dir)).rejects.toThrow('ENOENT')
    const titles = (await expectSameInFiles(place, { cwd: moved })).map((task) => task.title)
    expect(error === undefined ? titles : [...new Set([...titles, 'b'])]).toEqual(['a', 'b'])
    await expectQuiet(place, { cwd: moved })
  })

  it('[G18] without its .tidemark a workspace begins anew from its files: same project, same tasks, and a backup brings the rest', async () => {
    await using place = await openWorkspacePlace()
    for (const title of ['a', 'b']) await place.prepare(['add', title, '--body', title, '-l', 'x', '--set', 'n=1'])
    await place.must(['set', 'T-2', 'depends+=T-1'])
    await place.must(['comment', 'T-1', 'not in the file'])
    const [before, files] = [await place.all(), await filesIn(place.dir)]
    await place.must(['backup', '../all.tide'])
    const { project } = JSON.parse(await readFile(join(place.dir, 'tidemark.json'), 'utf8')) as { project: string }
    await rm(join(place.dir, '.tidemark'), { recursive: true })
    const inFiles = ({ uid, key, title, status, labels, dependsOn, fields, path, deleted }: TaskView): unknown => ({
      uid,
      key,
      title,
      status,
      labels,
      dependsOn,
      fields,
      path,
      deleted,
    })
    expect((await place.all()).map(inFiles)).toEqual(before.map(inFiles))
    expect((await place.json(['show', 'T-1'])).task).toMatchObject({ body: 'a', comments: [] })
    expect((await place.json(['status']))['workspace']).toMatchObject({ project, tasks: 2 })
    await place.must(['doctor'])
    await place.must(['recover', '../all.tide'])
    const withoutTimes = ({ createdAt: _created, updatedAt: _updated, ...task }: TaskView): unknown => task
    expect((await place.all()).map(withoutTimes)).toEqual(before.map(withoutTimes))
    expect((await place.json(['show', 'T-1'])).task?.comments).toHaveLength(1)
    expect(await filesIn(place.dir), 'not a byte changed').toEqual(files)
    await expectQuiet(place)
    expect(await place.must(['add', 'c'])).toBe('T-3\n')
  })

  it('[G18] without its .tidemark and without its files nothing is there, and a backup brings all back', async () => {
    await using place = await openWorkspacePlace()
    for (const title of ['a', 'b']) await place.prepare(['add', title, '--body', title])
    const [before, files] = [await place.all(), await filesIn(place.dir)]
    await place.must(['backup', '../all.tide'])
    for (const name of ['.tidemark', 'tasks']) await rm(join(place.dir, name), { recursive: true })
    expect(await place.all()).toEqual([])
    expectRefusal(await place.tide(['show', 'T-1']), 3)
    await place.must(['doctor'])
    await place.must(['recover', '../all.tide'])
    expect(await place.all()).toEqual(before)
    expect(await filesIn(place.dir)).toEqual(files)
    expect(await place.must(['add', 'c'])).toBe('T-3\n')
  })

  it('[G18] two workspaces, one in the other: each command means the nearest', async () => {
    await using place = await openWorkspacePlace()
    await place.prepare(['add', 'outer'])
    const inner = join(place.dir, 'packages', 'inner')
    await cp(place.dir, join(place.root, 'empty'), { recursive: true })
    await cp(join(place.root, 'empty'), inner, { recursive: true })
    await place.must(['add', 'inner'], { cwd: inner })
    expect((await place.all({ cwd: inner })).map((task) => task.title)).toEqual(['outer', 'inner'])
    expect((await place.all({ cwd: join(place.dir, 'packages') })).map((task) => task.title)).toEqual(['outer'])
    const nowhere = join(place.dir, 'nowhere', 'at', 'all')
    expect(await place.must(['list', '--dir', nowhere]), 'a folder that is not there is looked for upwards').toContain(
      'outer',
    )
  })
})
