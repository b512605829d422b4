/** A workspace in memory and whoever sits at it: short commands, an editor, version control. Time goes on only while a command waits. */
import { memoryFiles, type MemoryFiles } from '../../adapters/memory/files.ts'
import type {
  Caller,
  ConflictView,
  MethodName,
  Params,
  Problem,
  Project,
  Result,
  SyncReport,
  TaskDetail,
} from '../../src/internal.ts'
import { memoryWorkspace, once, type MemoryWorkspace, type MemoryWorkspaceOptions } from '../support/project.ts'

export interface DeskOptions extends MemoryWorkspaceOptions {
  /** The files as the mirror meets them: on a disk that refuses, among other things. */
  readonly through?: (files: MemoryFiles) => MemoryFiles
  /** Another project's settings: a second clone. */
  readonly cloneOf?: Desk
}

export interface Listed {
  readonly field: string
  /** The shown one first, each with where it comes from. */
  readonly values: readonly (readonly [value: unknown, origin: string])[]
}

export interface Desk {
  readonly workspace: MemoryWorkspace
  /** One short command. */
  run<Done>(work: (caller: Caller, project: Project) => Promise<Done>): Promise<Done>
  call<Name extends MethodName>(method: Name, params: Params<Name>): Promise<Result<Name>>
  sync(options?: Params<'workspace.sync'>): Promise<SyncReport>
  add(title: string, more?: Partial<Params<'task.create'>>): Promise<TaskDetail>
  set(key: string, changes: Params<'tasks.update'>['changes']): Promise<void>
  task(key: string): Promise<TaskDetail>
  conflicts(): Promise<readonly Listed[]>
  /** Newest first. */
  verbs(): Promise<readonly string[]>
  problems(): Promise<readonly Problem[]>
  paths(): Promise<readonly string[]>
  bytes(path: string): Promise<Uint8Array>
  text(path: string): Promise<string>
  /** A save in an editor, or what a pull writes. */
  save(path: string, text: string | Uint8Array): void
  /** Opens the file, replaces one passage, saves. */
  edit(path: string, before: string, after: string): Promise<void>
  remove(path: string): void
  /** Commits the files as they are now. */
  commit(): Promise<string>
}

export function openDesk({ through = (files) => files, cloneOf, ...options }: DeskOptions = {}): Desk {
  const made = memoryWorkspace({ ...options, withFiles: true })
  const folder = made.folder ?? memoryFiles()
  const workspace: MemoryWorkspace = {
    ...made,
    folder: through(folder),
    ...(cloneOf === undefined ? {} : { config: cloneOf.workspace.config }),
  }
  const { runtime } = workspace
  const run: Desk['run'] = async (work) => {
    await runtime.advance(1000)
    const running = once(workspace, work)
    let isDone = false
    const end = (): void => void (isDone = true)
    running.then(end, end)
    while (!isDone) await runtime.advance(runtime.sleeping > 0 ? 10 : 0)
    return running
  }
  const call: Desk['call'] = (method, params) => run((caller) => caller.call(method, params))
  const bytes = async (path: string): Promise<Uint8Array> => {
    const content = await folder.read(path)
    if (content === undefined) throw new Error(`${path} is not there; ${(await paths()).join(', ')} are`)
    return content.bytes
  }
  const paths = async (): Promise<readonly string[]> => (await folder.list('')).map(({ path }) => path)
  const text = async (path: string): Promise<string> =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(await bytes(path))
  const save: Desk['save'] = (path, said) =>
    folder.put(path, typeof said === 'string' ? new TextEncoder().encode(said) : said)

  return {
    workspace,
    run,
    call,
    sync: (params = {}) => call('workspace.sync', params),
    add: async (title, more = {}) => {
      const { task } = await call('task.create', { title, ...more })
      return (await call('task.get', { key: task.key })).task
    },
    set: async (key, changes) => void (await call('tasks.update', { keys: [key], changes })),
    task: async (key) => (await call('task.get', { key })).task,
    conflicts: async () => (await call('conflicts.list', {})).conflicts.map(listed),
    verbs: async () => (await call('history.list', {})).changes.map(({ verb }) => verb),
    problems: async () => (await call('workspace.status', {})).problems,
    paths,
    bytes,
    text,
    save,
    edit: async (path, before, after) => {
      const was = await text(path)
      if (!was.includes(before)) throw new Error(`${path} does not say ${JSON.stringify(before)}:\n${was}`)
      save(
        path,
        was.replace(before, () => after),
      )
    },
    remove: (path) => {
      if (!folder.take(path)) throw new Error(`${path} is not there`)
    },
    commit: async () => {
      const held = new Map<string, Uint8Array>()
      for (const path of await paths()) held.set(path, await bytes(path))
      return workspace.repository.commit(held)
    },
  }
}

/** What the documents know goes both ways, as over a relay. */
export async function exchange(one: Desk, other: Desk): Promise<void> {
  await pass(one, other)
  await pass(other, one)
}

export async function pass(from: Desk, to: Desk): Promise<void> {
  const update = await from.run(async (caller, project) => {
    await caller.call('workspace.sync', {})
    return (await project.replica()).encode()
  })
  await to.run(async (caller, project) => {
    await caller.call('workspace.sync', {})
    await project.absorb([update], { verb: 'remote', name: null })
  })
}

function listed({ field, values }: ConflictView): Listed {
  return { field, values: values.map(({ value, origin }) => [value, origin]) }
}
