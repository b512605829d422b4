/** The doctor: says what is whole, names what is not, and mends what can be made again. */
import { describe, expect, it } from 'vitest'
import { TaskError, type DoctorReport } from '../../src/internal.ts'
import { Project } from '../../src/workspace/project.ts'
import { openMemoryStore } from '../../adapters/memory/store.ts'
import { memoryWorkspace, once, openProject, type MemoryWorkspace } from '../support/project.ts'
import { examine } from '../../src/workspace/doctor.ts'
import { copyOf, expectTrueSummary, meet, sibling, titles, turned } from './world.ts'

function examined(workspace: MemoryWorkspace, fix: boolean): Promise<DoctorReport> {
  return turned(
    workspace,
    once(workspace, (caller) => caller.call('workspace.doctor', { fix })),
  )
}

const problems = ({ checks }: DoctorReport): readonly string[] =>
  checks.flatMap(({ name, state, message }) => (state === 'ok' ? [] : [`${name} ${state}: ${message}`]))

async function twoTasks(): Promise<MemoryWorkspace> {
  const workspace = memoryWorkspace()
  await once(workspace, (caller) => caller.call('task.create', { title: 'One', body: 'Body one' }))
  await once(workspace, (caller) => caller.call('task.create', { title: 'Two', body: 'Body two' }))
  return workspace
}

/** Bytes of the summary's files changed in place, as a bad disk would. */
function spoil({ files }: MemoryWorkspace, name: RegExp, from: string, to: string): void {
  for (const [file, bytes] of files) {
    if (name.test(file))
      files.set(file, Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll(from, to), 'latin1'))
  }
}

describe('the doctor', () => {
  it('[Z1] says of a whole workspace that it is, part by part', async () => {
    const report = await examined(await twoTasks(), false)
    expect(report.healthy).toBe(true)
    expect(report.checks.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'store ok',
      'document ok',
      'history ok',
      'summary ok',
    ])
  })

  it.each([
    ['a title', '"title":"Two"', '"title":"Tow"'],
    ['a line that is no JSON any more', '"title":"Two"', '"title""Two":'],
    ['another id', 'o-r ', 'o-r  '],
    ['the seal', '"nonce":"', '"nonce":"0'],
  ] as const)('[Z1] a summary with a byte that nobody wrote is none: %s; it is made again', async (_, from, to) => {
    const workspace = await twoTasks()
    spoil(workspace, /^summary$/, from, to)
    expect(await once(workspace, titles)).toEqual(['One', 'Two'])
    expect((await examined(workspace, false)).healthy).toBe(true)
    await expectTrueSummary(workspace)
  })

  it('[Z1] finds a text that differs, and makes it again', async () => {
    const workspace = await twoTasks()
    spoil(workspace, /^texts-/, 'Body two', 'Body tow')
    expect((await examined(workspace, false)).healthy).toBe(false)
    const report = await examined(workspace, true)
    expect(problems(report)).toEqual([expect.stringMatching(/^summary fixed: made again/)])
    expect(report.healthy).toBe(true)
    expect(problems(await examined(workspace, true))).toEqual([])
    await expectTrueSummary(workspace)
  })

  it('[Z1] finds lines of tasks that the store does not hold any more', async () => {
    const workspace = await twoTasks()
    const before = await copyOf(workspace)
    await once(workspace, (caller) => caller.call('task.create', { title: 'Three' }))
    // The same head, as if only the row of that task had gone.
    await using from = await openMemoryStore(workspace.disk)
    await using to = await openMemoryStore(before.disk)
    await to.commit([{ put: 'head', bytes: (await from.cell('head')) ?? new Uint8Array() }])
    await from[Symbol.asyncDispose]()
    await to[Symbol.asyncDispose]()
    const robbed: MemoryWorkspace = { ...workspace, disk: before.disk }
    expect(problems(await examined(robbed, false))).toEqual([
      expect.stringMatching(/^summary problem: 1 lines? differ/),
    ])
    await examined(robbed, true)
    expect(await once(robbed, titles)).toEqual(['One', 'Two'])
    await expectTrueSummary(robbed)
  })

  it('[Z1] takes a clock that was ahead for no damage', async () => {
    const workspace = await twoTasks()
    const ahead = sibling(workspace, 3)
    await ahead.runtime.advance(10 * 365 * 86_400_000)
    const projects = [openProject(workspace), openProject(ahead)]
    await turned(workspace, projects[1]?.caller.call('task.create', { title: 'From the future' }) ?? Promise.reject())
    await turned(workspace, meet(...projects))
    for (const project of projects) await project[Symbol.asyncDispose]()
    await workspace.runtime.advance(60_000)
    const report = await examined(workspace, false)
    expect(problems(report)).toEqual([
      expect.stringMatching(/^tasks problem: T-1\S*: written by a clock that is ahead/),
    ])
  })

  it('[Z1] names tasks that wait for each other, and tasks below each other', async () => {
    const workspace = await twoTasks()
    const other = sibling(workspace, 4)
    const projects = [openProject(workspace), openProject(other)] as const
    await turned(workspace, meet(...projects))
    await projects[0].caller.call('tasks.update', { keys: ['T-1'], changes: { dependsOn: ['T-2'], parent: 'T-2' } })
    await projects[1].caller.call('tasks.update', { keys: ['T-2'], changes: { dependsOn: ['T-1'], parent: 'T-1' } })
    await turned(workspace, meet(...projects))
    const report = await projects[0].caller.call('workspace.doctor', {})
    expect(problems(report)).toEqual([
      expect.stringMatching(/^tasks problem: T-[12], T-[12] wait for each other: none of them can become ready$/),
      expect.stringMatching(/^tasks problem: T-[12] was moved below a task that lies below it/),
    ])
    const status = await projects[1].caller.call('workspace.status', {})
    expect(status.problems.map(({ code }) => code)).toEqual(['DEPENDENCY_CYCLE', 'PARENT_CYCLE'])
    for (const project of projects) await project[Symbol.asyncDispose]()
    await expectTrueSummary(workspace)
    await expectTrueSummary(other)
  })

  it('[Z2] says that a store does not open, and mends it only when asked', async () => {
    const workspace = await twoTasks()
    await using good = openProject(workspace)
    let broken = true
    const project = new Project({
      ...good.world,
      openStore: async () => {
        if (broken) throw new TaskError('STORE_UNREADABLE', { path: '/store', reason: 'bad manifest' })
        return good.world.openStore()
      },
      repairStore: async () => {
        broken = false
        return 'made a new manifest, the old one is kept'
      },
    })
    const look = await examine(project, {})
    expect(look.healthy).toBe(false)
    expect(problems(look)).toEqual([
      expect.stringMatching(/^store problem: the store at \/store cannot be opened: bad manifest \(tide doctor --fix/),
    ])
    expect(broken).toBe(true)
    const mended = await turned(workspace, examine(project, { fix: true }))
    expect(mended.healthy).toBe(true)
    expect(problems(mended)).toEqual(['store fixed: made a new manifest, the old one is kept'])
    await project[Symbol.asyncDispose]()
  })

  it('[Z2] names rows that were kept aside', async () => {
    const workspace = await twoTasks()
    await using good = openProject(workspace)
    const project = new Project({
      ...good.world,
      openStore: async () =>
        Object.assign(await good.world.openStore(), {
          problems: () => [{ log: 'history', seq: 2, reason: 'checksum' }],
        }),
    })
    const report = await turned(workspace, examine(project, {}))
    expect(problems(report)).toEqual([
      'store problem: row 2 of history is damaged (checksum): it is kept aside, all others are read',
    ])
    await project[Symbol.asyncDispose]()
  })
})
