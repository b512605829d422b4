/** Ten thousand calls that make no sense: each is refused with a code and a hint, and nothing changes. */
import { describe, expect, it } from 'vitest'
import { isMethod, TaskError, type Caller, type MethodName, type Project } from '../../src/internal.ts'
import { memoryWorkspace, openProject, type MemoryWorkspace } from '../support/project.ts'
import { expectHealthy, expectTrueSummary } from './world.ts'

const CALLS = 10_000

/** The same numbers in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

function nested(depth: number): unknown {
  let value: unknown = 'deep'
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

function hostile(text: string): unknown {
  return JSON.parse(text)
}

const round: Record<string, unknown> = {}
round['round'] = round

/** Texts that name no task, no field, no status, no date. */
const TEXTS = [
  '',
  ' ',
  '\n',
  'T-99',
  '99',
  'T-',
  '-1',
  '__proto__',
  'constructor',
  'toString',
  'a\u0000b',
  '\ud800',
  'x'.repeat(3_000_000),
  '2026-02-30',
  'null',
  '{}',
  '\u2028',
]
const JUNK: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  Number.NaN,
  10n,
  Symbol('junk'),
  () => 1,
  new Date(0),
  new Map([['a', 1]]),
  [],
  [[]],
  [null],
  [undefined],
  Array(5_000).fill('x'),
  Object.assign([], { length: 2 ** 32 - 1 }),
  {},
  round,
  { toString: null, valueOf: null },
  { length: 3 },
  Object.create(null),
  hostile('{"__proto__":{"title":"x"}}'),
  hostile('{"constructor":{"prototype":{"x":1}}}'),
  nested(20),
  nested(20_000),
  ...TEXTS,
  ...TEXTS.map((text) => [text]),
  ...TEXTS.map((text) => ({ [text]: text })),
]

const NAMES = [
  'key',
  'keys',
  'title',
  'status',
  'priority',
  'labels',
  'addLabels',
  'assignees',
  'dependsOn',
  'parent',
  'body',
  'fields',
  'changes',
  'to',
  'before',
  'after',
  'text',
  'by',
  'words',
  'limit',
  'all',
  'ready',
  'label',
  'assignee',
  'field',
  'take',
  'value',
  'change',
  'confirmed',
  'fix',
  'bogus',
  '',
  'schema',
]
const METHODS = [
  'server.info',
  'tasks.list',
  'tasks.search',
  'task.get',
  'task.create',
  'tasks.update',
  'tasks.transition',
  'tasks.delete',
  'tasks.restore',
  'tasks.purge',
  'task.move',
  'task.comment',
  'history.list',
  'history.undo',
  'conflicts.list',
  'conflict.resolve',
  'workspace.status',
  'workspace.statuses',
  'workspace.settle',
  'workspace.backup',
  'workspace.recover',
  'workspace.doctor',
].filter(isMethod)

const ones = (...values: unknown[]): readonly unknown[] => [...values, 7n, Symbol('x'), () => 1, { toString: null }]
const noText = ones(null, 7, true, [], {}, '', ' ', 'a\u0000b', '\ud800')
const noTitle = [...noText, 'two\nlines', 'x'.repeat(501)]
const noKey = [...noText, undefined, 'T-99', 'x', '__proto__', 'T-1 ; T-2', 'x'.repeat(101)]
const noList = ones(null, 7, 'web', {}, [7], [null], [''], ['a,b'], ['a\nb'], Array(201).fill('x'), [['web']])
const noKeys = ones(
  undefined,
  null,
  'T-1',
  {},
  [],
  ['T-99'],
  ['T-1', 'T-99'],
  [['T-1']],
  [null],
  Array(10_001).fill('T-1'),
)
const noJson = [
  undefined,
  Number.NaN,
  new Date(0),
  nested(9),
  'x'.repeat(20_001),
  Array(20_001).fill(1),
  [undefined],
  { a: () => 1 },
  '\ud800',
  7n,
  Symbol('x'),
]

/** Calls that would change something, each with one thing spoilt: where, and what cannot stand there. */
const SPOILT: readonly (readonly [MethodName, (bad: unknown) => Record<string, unknown>, readonly unknown[]])[] = [
  ['task.create', (bad) => ({ title: bad }), [...noTitle, undefined]],
  ['task.create', (bad) => ({ title: 'x', status: bad }), [...noText, 'started']],
  ['task.create', (bad) => ({ title: 'x', priority: bad }), noText.slice(1)],
  ['task.create', (bad) => ({ title: 'x', labels: bad }), noList],
  ['task.create', (bad) => ({ title: 'x', assignees: bad }), noList],
  [
    'task.create',
    (bad) => ({ title: 'x', dependsOn: bad }),
    ones(null, 'T-1', {}, ['T-99'], [7], Array(201).fill('T-1')),
  ],
  [
    'task.create',
    (bad) => ({ title: 'x', parent: bad }),
    noKey.filter((value) => value !== null && value !== undefined),
  ],
  [
    'task.create',
    (bad) => ({ title: 'x', body: bad }),
    ones(null, 7, [], {}, 'a\u0000b', '\ud800', 'x'.repeat(2_000_001)),
  ],
  ['task.create', (bad) => ({ title: 'x', fields: bad }), [null, 7, 'a=1', [], ['a'], 7n, () => 1]],
  ['task.create', (bad) => ({ title: 'x', fields: { note: bad } }), noJson],
  ['task.create', (bad) => ({ title: 'x', fields: { due: bad } }), ones(7, 'soon', '2026-02-30', '', [], {})],
  ['task.create', (bad) => ({ title: 'x', [String(bad)]: 1 }), ['bogus', 'uid', 'key', 'Title', '', '0', 'then']],
  ['tasks.update', (bad) => ({ keys: bad, changes: { title: 'x' } }), noKeys],
  [
    'tasks.update',
    (bad) => ({ keys: ['T-1'], changes: bad }),
    [undefined, null, 7, 'title=x', [], ['title'], 7n, () => 1, { toString: null }],
  ],
  ['tasks.update', (bad) => ({ keys: ['T-1', 'T-2'], changes: { title: 'x', status: bad } }), [...noText, 'started']],
  ['tasks.update', (bad) => ({ keys: ['T-1'], changes: { addLabels: bad } }), noList],
  [
    'tasks.update',
    (bad) => ({ keys: ['T-1'], changes: { title: 'x', addDependsOn: bad } }),
    ones(null, 'T-2', ['T-1'], ['T-99']),
  ],
  [
    'tasks.update',
    (bad) => ({ keys: ['T-1', 'T-2'], changes: { parent: bad } }),
    noKey.filter((value) => value !== null && value !== undefined),
  ],
  ['tasks.update', (bad) => ({ keys: ['T-1'], changes: { title: 'x', body: bad } }), ones(null, 7, 'a\u0000b')],
  [
    'tasks.update',
    (bad) => ({ keys: ['T-1'], changes: { title: 'x', fields: { [String(bad)]: 1 } } }),
    ['__proto__', 'constructor', 'status', 'a=b', '', ' x', '2nd'],
  ],
  [
    'tasks.update',
    (bad) => ({ keys: ['T-1'], changes: { title: 'x', [String(bad)]: 1 } }),
    ['bogus', 'uid', 'deleted', 'toString'],
  ],
  ['tasks.transition', (bad) => ({ keys: ['T-1'], to: bad }), [...noText, undefined, 'doing', 'finished', '__proto__']],
  ['tasks.transition', (bad) => ({ keys: bad, to: 'done' }), noKeys],
  ['tasks.delete', (bad) => ({ keys: bad }), noKeys],
  ['tasks.restore', (bad) => ({ keys: bad }), noKeys],
  ['tasks.purge', (bad) => ({ keys: bad, confirmed: true }), [...noKeys, ['T-1'], ['T-4', 'T-1']]],
  ['tasks.purge', (bad) => ({ keys: ['T-4'], confirmed: bad }), ones(undefined, null, false, 1, 'yes', 'true', {}, [])],
  ['task.move', (bad) => ({ key: bad, after: 'T-2' }), noKey],
  ['task.move', (bad) => ({ key: 'T-1', after: bad }), noKey.filter((value) => value !== undefined)],
  ['task.move', (bad) => ({ key: 'T-1', before: bad, parent: 'T-2' }), noKey.filter((value) => value !== undefined)],
  [
    'task.move',
    (bad) => ({ key: 'T-2', parent: bad }),
    [...noKey.filter((value) => value !== null && value !== undefined), 'T-2', 'T-3'],
  ],
  ['task.move', (bad) => ({ key: 'T-1', before: 'T-2', after: bad }), ['T-3', 'T-2', 7, null]],
  ['task.move', (bad) => ({ key: 'T-1', [String(bad)]: 'T-2' }), ['', 'above', 'toString']],
  ['task.comment', (bad) => ({ key: bad, text: 'x' }), noKey],
  ['task.comment', (bad) => ({ key: 'T-1', text: bad }), [...noText, undefined, 'x'.repeat(100_001)]],
  ['task.comment', (bad) => ({ key: 'T-1', text: 'x', by: bad }), [...noText, 'two\nlines', 'x'.repeat(101)]],
  ['history.undo', (bad) => ({ change: bad }), [...noText, 'nosuchid', '__proto__']],
  ['history.undo', (bad) => ({ key: bad }), noKey.filter((value) => value !== undefined)],
  [
    'conflict.resolve',
    (bad) => ({ key: 'T-1', field: 'status', take: bad }),
    ones(null, '0', -1, 2, 0.5, [], [0], {}, Number.NaN),
  ],
  ['conflict.resolve', (bad) => ({ key: 'T-1', field: 'status', value: bad }), [...noText, 'started']],
  [
    'conflict.resolve',
    (bad) => ({ key: 'T-1', field: bad, take: 0 }),
    [...noText, undefined, 'title', 'labels', 'estimate', '__proto__'],
  ],
  ['conflict.resolve', (bad) => ({ key: bad, field: 'status', take: 0 }), noKey],
  [
    'workspace.recover',
    (bad) => ({ backup: bad }),
    [...noText, undefined, 'e30=', 'bnVsbA==', 'W10=', 'ew==', '====', 'not base64!', 'AAAA'.repeat(1_000)],
  ],
]

/** Four tasks: one in conflict, one below it, one with everything, one deleted. */
async function prepared(): Promise<{
  readonly workspace: MemoryWorkspace
  readonly project: Project & { readonly caller: Caller }
}> {
  const workspace = memoryWorkspace()
  const project = openProject(workspace)
  const { caller } = project
  await caller.call('task.create', { title: 'One', labels: ['web'], body: 'Body' })
  await caller.call('task.create', { title: 'Two', dependsOn: ['T-1'] })
  await caller.call('task.create', { title: 'Three', parent: 'T-2', fields: { estimate: 3 } })
  await caller.call('task.create', { title: 'Four' })
  await caller.call('tasks.delete', { keys: ['T-4'] })
  const other = openProject({ ...memoryWorkspace({ seed: 2 }), config: workspace.config })
  await other.absorb([(await project.replica()).encode()], { verb: 'remote', name: null })
  await other.caller.call('tasks.update', { keys: ['T-1'], changes: { status: 'done' } })
  await caller.call('tasks.update', { keys: ['T-1'], changes: { status: 'doing' } })
  await project.absorb([(await other.replica()).encode()], { verb: 'remote', name: null })
  await other[Symbol.asyncDispose]()
  expect((await caller.call('conflicts.list', {})).conflicts).toHaveLength(1)
  return { workspace, project }
}

/** Refused with a code that is no fault and a hint; undefined when it was answered. */
async function refusal(
  caller: Caller,
  method: MethodName,
  params: Record<string, unknown>,
  actor?: unknown,
): Promise<string | undefined> {
  try {
    await caller.call(method, params as never, actor === undefined ? {} : { actor: actor as string })
    return undefined
  } catch (cause) {
    const said = `${method} ${Object.keys(params).join()}: ${String(cause)}`
    if (!(cause instanceof TaskError)) throw new Error(`not refused but broken: ${said}`, { cause })
    if (cause.code === 'FAULT' || cause.hint === '') throw new Error(`a fault: ${said}`, { cause })
    if (/\[object|undefined is not a function|\bat \w+ \(/.test(cause.message) || cause.message.length > 400)
      throw new Error(`badly said: ${said}`, { cause })
    return cause.code
  }
}

const READS = new Set<MethodName>(
  METHODS.filter((method) => /list|search|get|info|status|statuses|settle|backup|doctor/.test(method)),
)

/** Random names and values; for what could make sense by chance, something that never does. */
function randomParams(method: MethodName, roll: (sides: number) => number): Record<string, unknown> {
  const params: Record<string, unknown> = Object.fromEntries(
    Array.from({ length: roll(5) }, () => [NAMES[roll(NAMES.length)] ?? '', JUNK[roll(JUNK.length)]]),
  )
  if (method === 'task.create') params['bogus'] = JUNK[roll(JUNK.length)]
  if (method === 'history.undo') params['change'] = TEXTS[roll(TEXTS.length)]
  return params
}

describe('malformed calls', () => {
  it('[I9] ten thousand of them: always refused with a code and a hint, never a fault, never a change', async () => {
    const { workspace, project } = await prepared()
    const { caller } = project
    const roll = dice(20_251)
    const before = {
      commits: workspace.commits,
      summary: workspace.files.get('summary'),
      document: (await project.replica()).encode(),
    }
    const refusals = new Map<string, number>()
    let answered = 0
    for (let n = 0; n < CALLS; n++) {
      const method = METHODS[roll(METHODS.length)] ?? 'tasks.list'
      const actor = roll(20) === 0 ? noTitle[roll(noTitle.length - 1)] : undefined
      const code = await refusal(caller, method, randomParams(method, roll), actor)
      if (code === undefined) answered++
      else refusals.set(code, (refusals.get(code) ?? 0) + 1)
      const isRight = workspace.commits === before.commits && (code !== undefined || READS.has(method))
      expect([n, method, isRight]).toEqual([n, method, true])
    }
    expect(workspace.files.get('summary')).toEqual(before.summary)
    expect((await project.replica()).encode()).toEqual(before.document)
    // Most make no sense; those that are answered only read.
    expect(answered).toBeLessThan(CALLS / 2)
    for (const code of ['INVALID_INPUT', 'TASK_NOT_FOUND', 'CHANGE_NOT_FOUND'])
      expect([code, (refusals.get(code) ?? 0) > 20]).toEqual([code, true])
    await project[Symbol.asyncDispose]()
    await expectTrueSummary(workspace)
    await expectHealthy(workspace)
  }, 120_000)

  it('[I9] sensible but for one thing: each is refused, whatever stands there, and nothing changes', async () => {
    const { workspace, project } = await prepared()
    const summary = workspace.files.get('summary')
    for (const [method, params, bads] of SPOILT) {
      for (const bad of bads) {
        const { commits } = workspace
        const what = [method, Object.keys(params('?')).join(), typeof bad === 'string' ? bad.slice(0, 20) : typeof bad]
        expect([...what, typeof (await refusal(project.caller, method, params(bad)))]).toEqual([...what, 'string'])
        expect([...what, workspace.commits]).toEqual([...what, commits])
      }
    }
    expect(workspace.files.get('summary')).toEqual(summary)
    await project[Symbol.asyncDispose]()
    await expectTrueSummary(workspace)
    await expectHealthy(workspace)
  })
})
