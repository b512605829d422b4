/** A project in memory behind the method table, just real enough that a command's effect can be seen. Not a reference for semantics. */
import type {
  ChangeView,
  Json,
  Key,
  MethodName,
  NewTask,
  Params,
  Result,
  TaskChanges,
  TaskDetail,
  TaskView,
  Uid,
} from '../../../src/internal.ts'
import { defaultStatuses, TaskError } from '../../../src/internal.ts'
import { FakeClaims } from './fake-claims.ts'

const NOW = '2026-01-02T03:04:05.678Z'

/** A task with everything that a test does not care about filled in. */
export function taskOf(key: string, more: Partial<Omit<TaskDetail, 'key' | 'uid'>> = {}): TaskDetail {
  return {
    uid: `uid${key}` as Uid,
    key: key as Key,
    title: `Task ${key}`,
    status: 'todo',
    priority: null,
    assignees: [],
    labels: [],
    dependsOn: [],
    parent: null,
    order: 'a0',
    createdAt: NOW,
    updatedAt: NOW,
    deleted: false,
    ready: true,
    path: null,
    claim: null,
    conflicts: [],
    fields: {},
    body: '',
    comments: [],
    aliases: [],
    ...more,
  }
}

type Handlers = { [Name in MethodName]: (params: Params<Name>, actor: string | undefined) => Result<Name> }

export class FakeProject {
  readonly tasks: Map<string, TaskDetail> = new Map()
  readonly past: (ChangeView & { readonly states: readonly TaskDetail[] })[] = []
  readonly handlers: Handlers
  readonly claims: FakeClaims = new FakeClaims(this.tasks, () =>
    this.all().flatMap(({ key, ready }) => (ready ? [key] : [])),
  )

  constructor(tasks: readonly TaskDetail[] = []) {
    for (const task of tasks) this.tasks.set(task.key, task)
    this.handlers = { ...this.readers(), ...this.writers(), ...this.claimers(), ...canned }
  }

  /** As lists show them. */
  all(): readonly TaskView[] {
    return [...this.tasks.values()].map((task) => {
      const { body: _body, comments: _comments, aliases: _aliases, ...view } = { ...task, ready: this.isReady(task) }
      return view
    })
  }

  kindOf(status: string): string {
    return defaultStatuses.find(({ name }) => name === status)?.kind ?? 'open'
  }

  private find(key: string): TaskDetail {
    const task = this.tasks.get(key) ?? [...this.tasks.values()].find(({ uid }) => uid === key)
    if (task === undefined) throw new TaskError('TASK_NOT_FOUND', { key })
    return task
  }

  private isReady(task: TaskDetail): boolean {
    const closed = (key: string): boolean =>
      ['done', 'dropped'].includes(this.kindOf(this.tasks.get(key)?.status ?? 'done'))
    const { status, deleted, claim, dependsOn } = task
    return this.kindOf(status) === 'open' && !deleted && claim === null && dependsOn.every(closed)
  }

  private view(key: string): TaskView {
    const found = this.all().find((task) => task.key === key)
    if (found === undefined) throw new TaskError('TASK_NOT_FOUND', { key })
    return found
  }

  /** All are found before any is written. */
  private write(
    keys: readonly string[],
    verb: string,
    actor: string | undefined,
    change: (task: TaskDetail) => TaskDetail,
  ): { tasks: TaskView[] } {
    const states = keys.map((key) => this.find(key))
    for (const task of states) this.tasks.set(task.key, change(task))
    const changes = states.flatMap((before) => {
      const after = new Map<string, Json | undefined>(Object.entries(this.find(before.key)))
      const entries = Object.entries(before) as [string, Json][]
      const changed = entries.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(after.get(name)))
      return changed.map(([field, value]) => ({
        uid: before.uid,
        key: before.key,
        field,
        before: value,
        after: after.get(field) ?? null,
      }))
    })
    const id = `c${this.past.length + 1}`
    this.past.unshift({
      id,
      at: NOW,
      by: { workspace: 'ws000001', name: actor ?? null },
      verb,
      changes,
      undoes: null,
      undoneBy: null,
      states,
    })
    return { tasks: keys.map((key) => this.view(key)) }
  }

  private readers(): Pick<Handlers, 'tasks.list' | 'tasks.search' | 'task.get' | 'history.list'> {
    return {
      'tasks.list': () => ({ tasks: this.all() }),
      'tasks.search': ({ words }) => ({ tasks: this.all().filter(({ title }) => title.includes(words)) }),
      'task.get': ({ key }) => ({ task: { ...this.find(key), ready: this.isReady(this.find(key)) } }),
      'history.list': ({ key, limit }) => ({
        changes: this.past
          .filter(({ changes }) => key === undefined || changes.some((change) => change.key === key))
          .slice(0, limit)
          .map(({ states: _states, ...change }) => change),
      }),
    }
  }

  private claimers(): Pick<
    Handlers,
    | 'tasks.claim'
    | 'tasks.claimNext'
    | 'tasks.assign'
    | 'task.claim'
    | 'tasks.renew'
    | 'tasks.release'
    | 'claims.list'
    | 'tasks.start'
  > {
    const { claims } = this
    return {
      'tasks.claim': (params, actor) => claims.claim(params, actor),
      'tasks.claimNext': (params, actor) => claims.claimNext(params, actor),
      'tasks.assign': (params) => claims.assign(params),
      'tasks.renew': (params, actor) => claims.renew(params, actor),
      'tasks.release': (params, actor) => claims.release(params, actor),
      'claims.list': () => claims.list(),
      'task.claim': ({ key, ...params }, actor) => {
        const [granted] = claims.claim({ ...params, keys: [key] }, actor).granted
        if (granted === undefined) throw new TaskError('CLAIM_HELD', { key })
        return { granted, locked: true }
      },
      'tasks.start': (params, actor) => {
        const outcome = claims.claim(params, actor)
        if (outcome.failed.length > 0) return { tasks: [], outcome }
        return { ...this.write(params.keys, 'set', actor, (task) => ({ ...task, status: 'doing' })), outcome }
      },
    }
  }

  private writers(): Omit<
    Handlers,
    keyof ReturnType<FakeProject['readers']> | keyof ReturnType<FakeProject['claimers']> | keyof typeof canned
  > {
    return {
      'task.create': (task, actor) => {
        const key = `T-${this.tasks.size + 1}`
        this.tasks.set(key, taskOf(key, definedOf(task)))
        this.write([key], 'create', actor, (same) => same)
        return { task: this.view(key) }
      },
      'tasks.update': ({ keys, changes, token }, actor) => {
        this.claims.verify(keys, token)
        return this.write(keys, 'set', actor, (task) => changed(task, changes))
      },
      'tasks.transition': ({ keys, to, token }, actor) => {
        this.claims.verify(keys, token)
        const status = defaultStatuses.find(({ kind }) => kind === to)?.name ?? to
        return this.write(keys, 'set', actor, (task) => ({ ...task, status }))
      },
      'tasks.delete': ({ keys }, actor) => this.write(keys, 'delete', actor, (task) => ({ ...task, deleted: true })),
      'tasks.restore': ({ keys }, actor) => this.write(keys, 'restore', actor, (task) => ({ ...task, deleted: false })),
      'tasks.purge': ({ keys }) => {
        for (const key of keys) if (!this.find(key).deleted) throw new TaskError('NOT_DELETED', { key })
        for (const key of keys) this.tasks.delete(key)
        return { purged: keys }
      },
      'task.move': ({ key, parent }, actor) => {
        this.write([key], 'move', actor, (task) => ({ ...task, parent: parent ?? null }))
        return { task: this.view(key) }
      },
      'task.comment': ({ key, text }, actor) => {
        const comment = { id: 'comment1', by: actor ?? 'ws000001', at: NOW, text }
        this.write([key], 'comment', actor, (task) => ({ ...task, comments: [...task.comments, comment] }))
        return { comment, task: this.view(key) }
      },
      'history.undo': ({ key }, actor) => {
        const last = this.past.find(
          ({ changes, undoneBy }) => undoneBy === null && (key === undefined || changes.some((one) => one.key === key)),
        )
        if (last === undefined) throw new TaskError('CHANGE_NOT_FOUND', { where: '' })
        const old = new Map(last.states.map((task) => [task.key, task]))
        const { tasks } = this.write([...old.keys()], 'undo', actor, (task) => old.get(task.key) ?? task)
        return {
          change: {
            id: 'c99',
            at: NOW,
            by: { workspace: 'ws000001', name: actor ?? null },
            verb: 'undo',
            changes: [],
            undoes: last.id,
            undoneBy: null,
          },
          tasks,
        }
      },
      'conflict.resolve': ({ key, field }) => {
        if (!this.find(key).conflicts.includes(field)) throw new TaskError('CONFLICT_NOT_FOUND', { key, field })
        this.write([key], 'resolve', undefined, (task) => ({
          ...task,
          conflicts: task.conflicts.filter((one) => one !== field),
        }))
        return { task: this.view(key) }
      },
    }
  }
}

const canned = {
  'server.info': () => ({ version: '0.0.0', project: 'project-1', dir: '/shop', pid: 7 }),
  'conflicts.list': () => ({
    conflicts: [
      {
        key: 'T-2' as Key,
        uid: 'uidT-2' as Uid,
        field: 'status',
        values: [
          { n: 0, id: 'v0', value: 'doing', at: NOW, by: 'ws000001', origin: 'edit' as const },
          { n: 1, id: 'v1', value: 'review', at: NOW, by: 'ws000002', origin: 'stale save' as const },
        ],
      },
    ],
  }),
  'workspace.status': () => ({
    workspace: { dir: '/shop', project: 'project-1', format: 'native', tasks: 3 },
    owner: { pid: 7, since: NOW },
    relay: { url: null, state: 'none' as const, others: [] },
    unsynced: 0,
    conflicts: 1,
    problems: [{ path: 'tasks/T-1.md', code: 'ODD', message: 'it is odd' }],
  }),
  'workspace.sync': ({ takeFiles }: Params<'workspace.sync'>) => ({
    files: { imported: 1, written: 2, refused: [] },
    relay: { state: 'none' as const, url: null, others: [], saved: true },
    unsynced: 0,
    problems: takeFiles === true ? [] : [{ path: 'tasks/T-1.md', code: 'FILE_EMPTY', message: 'it is empty' }],
  }),
  'workspace.statuses': () => ({ statuses: defaultStatuses }),
  'workspace.settle': () => ({ settled: true }),
  'workspace.backup': () => ({ backup: btoa('everything') }),
  'workspace.recover': () => ({ tasks: 3, changed: 2 }),
  'workspace.doctor': ({ fix }: Params<'workspace.doctor'>) => ({
    healthy: fix === true,
    checks: [
      { name: 'store', state: 'ok' as const, message: 'every row is whole' },
      { name: 'index', state: fix === true ? ('fixed' as const) : ('problem' as const), message: 'it was behind' },
    ],
  }),
} satisfies Partial<Handlers>

function definedOf(task: NewTask): Partial<TaskDetail> {
  return Object.fromEntries(Object.entries(task).filter(([, value]) => value !== undefined))
}

function changed(task: TaskDetail, changes: TaskChanges): TaskDetail {
  const { addLabels = [], removeLabels = [], fields, ...rest } = changes
  const labels = [...(rest.labels ?? task.labels), ...addLabels].filter((label) => !removeLabels.includes(label))
  return { ...task, ...definedOf({ title: task.title, ...rest }), labels, fields: { ...task.fields, ...fields } }
}
