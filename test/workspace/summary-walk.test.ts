/** The summary beside the store: whatever two workspaces do, each alone or together, it says what the document says. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TaskError, type Caller, type Project } from '../../src/internal.ts'
import { memoryWorkspace, openProject, type MemoryWorkspace } from '../support/project.ts'
import { crash, expectHealthy, expectTrueSummary, meet, sibling, turned } from './world.ts'

/** One thing that someone does; numbers name tasks and words among the few there are. */
interface Step {
  readonly who: number
  readonly what: string
  readonly one: number
  readonly two: number
  /** How the process goes on: it works further, ends, or dies. */
  readonly next: 'on' | 'end' | 'die'
}

const VERBS = [
  'create',
  'create',
  'title',
  'body',
  'status',
  'done',
  'reopen',
  'label',
  'depend',
  'parent',
  'parent',
  'before',
  'after',
  'field',
  'comment',
  'delete',
  'restore',
  'purge',
  'undo',
  'resolve',
  'meet',
  'meet',
  'meet',
] as const

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    who: fc.nat(1),
    what: fc.constantFrom(...VERBS),
    one: fc.nat(7),
    two: fc.nat(7),
    next: fc.constantFrom('on', 'on', 'end', 'end', 'die'),
  }),
  { minLength: 1, maxLength: 40, size: 'max' },
)

const WORDS = ['a', '\u00fc\tb', '\\n', '"key":"T-1"', '\u{1f600}', '#1#', ' \u2028x', 'T-2']

async function act({ what, one, two }: Step, caller: Caller, others: () => Promise<void>): Promise<unknown> {
  const tasks = (await caller.call('tasks.list', { all: true })).tasks
  const [task, other] = [tasks[one % Math.max(1, tasks.length)], tasks[two % Math.max(1, tasks.length)]]
  const word = WORDS[two] ?? ''
  const title = `${word.replaceAll(/[\t\u2028]/g, ' ')} ${one}`
  if (what === 'create') return caller.call('task.create', { title, body: two < 4 ? `${word}\nline ${one}` : '' })
  if (what === 'meet') return others()
  if (what === 'undo') return caller.call('history.undo', {})
  if (task === undefined || other === undefined) return undefined
  const keys = [task.uid]
  const update = (changes: Parameters<Caller['call']>[1]): Promise<unknown> =>
    caller.call('tasks.update', { keys, changes: changes as never })
  if (what === 'title') return update({ title } as never)
  if (what === 'body') return update({ body: `${word}\nline ${one}\nmore` } as never)
  if (what === 'status') return update({ status: ['doing', 'blocked', 'dropped', 'todo'][one % 4] } as never)
  if (what === 'done') return caller.call('tasks.transition', { keys, to: 'done' })
  if (what === 'reopen') return caller.call('tasks.transition', { keys, to: 'open' })
  if (what === 'label') return update({ addLabels: [`l${one}`], removeLabels: [`l${two}`] } as never)
  if (what === 'depend') return update({ addDependsOn: [other.uid] } as never)
  if (what === 'parent') return caller.call('task.move', { key: task.uid, parent: one === two ? null : other.uid })
  if (what === 'before') return caller.call('task.move', { key: task.uid, before: other.uid })
  if (what === 'after') return caller.call('task.move', { key: task.uid, after: other.uid })
  if (what === 'field') return update({ fields: { note: two === 0 ? null : { text: word } } } as never)
  if (what === 'comment') return caller.call('task.comment', { key: task.uid, text: `${word} said` })
  if (what === 'delete') return caller.call('tasks.delete', { keys })
  if (what === 'restore') return caller.call('tasks.restore', { keys })
  if (what === 'purge') return caller.call('tasks.purge', { keys, confirmed: true })
  const [conflict] = (await caller.call('conflicts.list', {})).conflicts
  if (conflict === undefined) return undefined
  return caller.call('conflict.resolve', {
    key: conflict.uid,
    field: conflict.field,
    take: two % conflict.values.length,
  })
}

/** Does all of it; refusals are part of life, anything else is a failure. Counts what was done. */
async function walk(list: readonly Step[], done: Map<string, number>): Promise<void> {
  const first = memoryWorkspace({ seed: 1 })
  const workspaces = [first, { ...sibling(first, 2), runtime: first.runtime }]
  const open = new Map<MemoryWorkspace, Project & { readonly caller: Caller }>()
  const opened = (workspace: MemoryWorkspace): Project & { readonly caller: Caller } => {
    const project = open.get(workspace) ?? openProject(workspace)
    open.set(workspace, project)
    return project
  }
  const close = async (workspace: MemoryWorkspace): Promise<void> => {
    await open.get(workspace)?.[Symbol.asyncDispose]()
    open.delete(workspace)
  }
  for (const step of list) {
    const workspace = workspaces[step.who] ?? first
    const work = act(step, opened(workspace).caller, () => meet(...workspaces.map(opened)))
    try {
      await turned(workspace, work)
      done.set(step.what, (done.get(step.what) ?? 0) + 1)
    } catch (cause) {
      if (!(cause instanceof TaskError) || cause.code === 'FAULT') throw cause
    }
    await first.runtime.advance(1000)
    if (step.next === 'end') {
      await close(workspace)
      await expectTrueSummary(workspace)
    }
    if (step.next === 'die') {
      crash(workspace)
      open.delete(workspace)
    }
  }
  for (const workspace of workspaces) {
    // A workspace whose process died is mended by the next.
    await turned(workspace, opened(workspace).caller.call('workspace.status', {}))
    await close(workspace)
    await expectTrueSummary(workspace)
    await expectHealthy(workspace)
  }
}

describe('the summary', () => {
  it('[Y1] says what the document says after every kind of change, by whatever process, also one that died', async () => {
    const done = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(steps, (list) => walk(list, done)),
      { numRuns: 150 },
    )
    // The walk reaches everything that can change a line.
    for (const verb of VERBS) expect([verb, (done.get(verb) ?? 0) > 0]).toEqual([verb, true])
  })
})
