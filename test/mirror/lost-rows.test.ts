/** Rows of the store that are lost beside whole files: what files say is there again, and nothing is taken out of them. */
import { describe, expect, it } from 'vitest'
import { createCaller, Project, type Caller, type TaskDetail } from '../../src/internal.ts'
import { DOCUMENT } from '../../src/workspace/head.ts'
import { openProject } from '../support/project.ts'
import { turned } from '../workspace/world.ts'
import { openDesk, type Desk } from './desk.ts'

interface Robbing {
  /** The summary beside the store is gone too: the document is read at once. @default true */
  readonly withoutSummary?: boolean
}

/** The row that the last command wrote into the document. */
async function lastRow({ workspace }: Desk): Promise<number> {
  await using project = openProject(workspace)
  const store = (await project.hold()).store
  return (await store.read(DOCUMENT)).at(-1)?.seq ?? 0
}

/** A short command on the same workspace, whose store has lost some rows and says so. */
async function robbed<Done>(
  { workspace }: Desk,
  lost: readonly number[],
  work: (caller: Caller) => Promise<Done>,
  { withoutSummary = true }: Robbing = {},
): Promise<Done> {
  if (withoutSummary) workspace.files.delete('summary')
  const { world } = openProject(workspace)
  await using project = new Project({
    ...world,
    openStore: async () => {
      const store = await world.openStore()
      const read = store.read.bind(store)
      return Object.assign(store, {
        read: async (log: string, options?: { readonly after?: number }) =>
          (await read(log, options)).filter(({ seq }) => log !== DOCUMENT || !lost.includes(seq)),
        problems: () => lost.map((seq) => ({ log: DOCUMENT, seq, reason: 'checksum' })),
      })
    },
  })
  const caller = createCaller(project, { version: '0', pid: 1, since: '2025-01-01T00:00:00.000Z' })
  return await turned(workspace, work(caller))
}

async function get(caller: Caller, key: string): Promise<TaskDetail> {
  return (await caller.call('task.get', { key })).task
}

async function filesOf(desk: Desk): Promise<Readonly<Record<string, string>>> {
  const texts = (await desk.paths()).map(async (path) => [path, await desk.text(path)] as const)
  return Object.fromEntries(await Promise.all(texts))
}

async function withTasks(): Promise<{ readonly desk: Desk; readonly second: number }> {
  const desk = openDesk()
  await desk.add('One', { body: 'Body one.\n', labels: ['web'] })
  await desk.add('Two', { body: 'Body two.\n', priority: 'high', labels: ['web'] })
  const second = await lastRow(desk)
  await desk.add('Three', { body: 'Body three.\n', dependsOn: ['T-2'] })
  return { desk, second }
}

describe('rows of the document that are lost', () => {
  it('[S12][M1][M44] a task whose creation is lost is there again as its file says it', async () => {
    const { desk, second } = await withTasks()
    await desk.call('task.comment', { key: 'T-2', text: 'still here' })
    const [files, before] = [await filesOf(desk), await desk.task('T-2')]
    const after = await robbed(desk, [second], async (caller) => {
      const task = await get(caller, 'T-2')
      expect(await caller.call('workspace.sync', { force: true })).toMatchObject({ files: { imported: 0, written: 0 } })
      const { healthy, checks } = await caller.call('workspace.doctor', {})
      expect(healthy, 'what else the row said nobody knows').toBe(false)
      expect(checks.filter(({ name }) => name === 'files')).toMatchObject([{ state: 'ok' }])
      return task
    })
    const { uid, title, status, priority, labels, body, comments } = before
    expect(after).toMatchObject({ uid, title, status, priority, labels, body, comments, conflicts: [] })
    expect(await filesOf(desk)).toEqual(files)
  })

  it('[S12][M1][M44] what a lost row had set is no more taken back than what it had taken away', async () => {
    const { desk } = await withTasks()
    await desk.set('T-2', {
      status: 'doing',
      priority: null,
      labels: ['api'],
      title: 'Zwei',
      body: 'Body two, edited.\n',
    })
    const lost = await lastRow(desk)
    await desk.set('T-2', { assignees: ['sara'] })
    const [files, before] = [await filesOf(desk), await desk.task('T-2')]
    // An edit of a body is made of several rows: all of that command are lost.
    const after = await robbed(desk, [lost - 1, lost], (caller) => get(caller, 'T-2'))
    const { uid, title, status, priority, labels, assignees, body } = before
    expect(after).toMatchObject({ uid, title, status, priority, labels, assignees, body })
    expect(await filesOf(desk)).toEqual(files)
  })

  it('[S12][M1] a loss that is found while a command writes: its own words are written, and nothing else', async () => {
    const { desk, second } = await withTasks()
    const files = await filesOf(desk)
    await robbed(
      desk,
      [second],
      (caller) => caller.call('tasks.update', { keys: ['T-1'], changes: { body: 'Body one, anew.\n' } }),
      { withoutSummary: false },
    )
    const path = 'tasks/T-1-one.md'
    expect(await filesOf(desk)).toEqual({ ...files, [path]: files[path]?.replace('Body one.', 'Body one, anew.') })
    expect(await robbed(desk, [second], (caller) => get(caller, 'T-1'))).toMatchObject({ body: 'Body one, anew.\n' })
    expect(await robbed(desk, [second], (caller) => get(caller, 'T-2'))).toMatchObject({
      title: 'Two',
      labels: ['web'],
    })
  })

  it('[S12][M36] a task that was restored stays, where that is what was lost; its file is not taken away', async () => {
    const { desk } = await withTasks()
    await desk.call('tasks.delete', { keys: ['T-2'] })
    await desk.call('tasks.restore', { keys: ['T-2'] })
    const [files, lost] = [await filesOf(desk), await lastRow(desk)]
    expect(await robbed(desk, [lost], (caller) => get(caller, 'T-2'))).toMatchObject({ deleted: false, title: 'Two' })
    expect(await filesOf(desk)).toEqual(files)
  })

  it('[S12][M2] files are asked once: what is edited afterwards is an edit like any other', async () => {
    const { desk, second } = await withTasks()
    await robbed(desk, [second], (caller) => caller.call('tasks.list', {}))
    await desk.edit('tasks/T-2-two.md', 'status: todo', 'status: doing')
    await desk.edit('tasks/T-1-one.md', 'labels: [web]', 'labels: []')
    await robbed(desk, [second], async (caller) => {
      expect(await get(caller, 'T-2')).toMatchObject({ status: 'doing', conflicts: [] })
      expect(await get(caller, 'T-1')).toMatchObject({ labels: [], conflicts: [] })
      const { changes } = await caller.call('history.list', {})
      expect(changes[0]).toMatchObject({ verb: 'edit' })
      expect((await caller.call('conflicts.list', {})).conflicts).toEqual([])
    })
  })

  it('[S12][M31][M32] files that nobody can read meanwhile keep their bytes, and what they say comes in later', async () => {
    const { desk, second } = await withTasks()
    const path = 'tasks/T-2-two.md'
    const whole = await desk.text(path)
    const torn = whole.replace('Body two.', '<<<<<<< here\nBody two.\n=======\nBody 2.\n>>>>>>> there')
    desk.save(path, torn)
    await robbed(desk, [second], (caller) => caller.call('tasks.list', {}))
    expect(await desk.text(path)).toBe(torn)
    desk.save(path, whole.replace('todo', 'doing'))
    const task = await robbed(desk, [second], (caller) => get(caller, 'T-2'))
    expect(task).toMatchObject({ title: 'Two', status: 'doing', labels: ['web'], body: 'Body two.\n' })
    expect(await desk.text(path)).toBe(whole.replace('todo', 'doing'))
  })
})
