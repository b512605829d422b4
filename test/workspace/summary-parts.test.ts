/** One task from the parts of a summary: as from the whole, and never from parts that somebody changed. */
import { describe, expect, it } from 'vitest'
import { memorySummaryFiles } from '../../adapters/memory/summary.ts'
import type { TaskDetail } from '../../src/internal.ts'
import { SummaryParts } from '../../src/workspace/summary-parts.ts'
import { memoryWorkspace, once, type MemoryWorkspace } from '../support/project.ts'
import { expectTrueSummary, summaryOf, turned } from './world.ts'

const SUMMARY = 'summary'

async function workspaceOf(count: number): Promise<MemoryWorkspace> {
  const workspace = memoryWorkspace()
  await once(workspace, async (caller) => {
    for (let n = 1; n <= count; n++)
      await caller.call('task.create', {
        title: `Task ${n}`,
        body: `Body ${n}`,
        ...(n > 3 ? { dependsOn: [`T-${n - 3}`], parent: 'T-1' } : {}),
      })
  })
  await once(workspace, (caller) => caller.call('workspace.doctor', {}))
  await fold(workspace)
  return workspace
}

/** All lines in the base. */
async function fold(workspace: MemoryWorkspace): Promise<void> {
  workspace.files.clear()
  await once(workspace, (caller) => caller.call('tasks.list', {}))
}

function partsOf(workspace: MemoryWorkspace): Promise<SummaryParts | undefined> {
  const { commits, files, config } = workspace
  return SummaryParts.open(
    memorySummaryFiles(() => String(commits), files),
    config,
  )
}

async function shown(workspace: MemoryWorkspace, key: string): Promise<TaskDetail> {
  return (
    await turned(
      workspace,
      once(workspace, (caller) => caller.call('task.get', { key })),
    )
  ).task
}

describe('a task from parts', () => {
  it('[Y14] is what the whole says, from base and tail, over many blocks', async () => {
    const workspace = await workspaceOf(120)
    const { baseStart, baseEnd } = await summaryOf(workspace)
    expect(baseEnd - baseStart).toBeGreaterThan(2 * 32 * 1024)
    await expectTrueSummary(workspace)
    await once(workspace, (caller) => caller.call('tasks.transition', { keys: ['T-60', 'T-61'], to: 'done' }))
    await expectTrueSummary(workspace)
    expect([(await shown(workspace, 'T-63')).ready, (await shown(workspace, 'T-65')).ready]).toEqual([true, false])
    expect(await shown(workspace, 'T-63')).toMatchObject({ key: 'T-63', dependsOn: ['T-60'], body: 'Body 63' })
    await expect(shown(workspace, 'T-121')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
  })

  it('[Y14] is never what a changed byte makes of it', async () => {
    const workspace = await workspaceOf(5)
    await once(workspace, (caller) =>
      caller.call('tasks.update', { keys: ['T-2'], changes: { title: 'Second', addLabels: ['web'] } }),
    )
    const whole = workspace.files.get(SUMMARY) ?? new Uint8Array()
    const { baseStart, baseEnd } = await summaryOf(workspace)
    const { commits } = workspace
    const before = await Promise.all(['T-1', 'T-2', 'T-5'].map((key) => shown(workspace, key)))
    let refused = 0
    const wrong: unknown[] = []
    for (let at = 0; at < whole.length; at++) {
      const changed = whole.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      workspace.files.set(SUMMARY, changed)
      workspace.commits = commits
      const parts = await partsOf(workspace)
      for (const { uid, key, title, labels, status } of before) {
        const said = await parts?.answer((tasks) => tasks.get(uid) && parts.line(uid)?.view())
        if (said === undefined) refused++
        else if (
          JSON.stringify([said.key, said.title, said.labels, said.status]) !==
          JSON.stringify([key, title, labels, status])
        )
          wrong.push([at, said])
      }
    }
    expect(wrong).toEqual([])
    // The line of T-2 stands in the tail: the blocks of the base are not read for it.
    expect(refused).toBe(before.length * whole.length - (baseEnd - baseStart))
    workspace.files.set(SUMMARY, whole)
    expect(await shown(workspace, 'T-2')).toMatchObject({ title: 'Second', body: 'Body 2' })
  })

  it('[Y14] of two times are never put together', async () => {
    const workspace = await workspaceOf(5)
    const { source, baseEnd } = await summaryOf(workspace)
    const old = source.bytes(0, source.length)
    await once(workspace, (caller) => caller.call('tasks.update', { keys: ['T-2'], changes: { title: 'Other' } }))
    await fold(workspace)
    const next = await summaryOf(workspace)
    const mixed = new Uint8Array([...old.slice(0, baseEnd), ...next.source.bytes(next.baseEnd, next.source.length)])
    workspace.files.set(SUMMARY, mixed)
    expect(await partsOf(workspace)).toBeUndefined()
    expect(await shown(workspace, 'T-2')).toMatchObject({ title: 'Other', body: 'Body 2' })
    await expectTrueSummary(workspace)
  })
})
