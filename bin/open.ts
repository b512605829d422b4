/** Opens a workspace for one caller: in this process, or through the owner that has it open already. */
import { announce, holderOf } from '../adapters/node/owner-file.ts'
import { findOwner } from '../adapters/node/owner.ts'
import {
  createCaller,
  Project,
  TaskError,
  type Caller,
  type Connection,
  type MethodName,
  type Params,
  type ProjectEvents,
  type Result,
} from '../src/index.ts'
import { closeAll } from './closing.ts'
import { OwnerFound, projectWorld, type Place } from './workspace-world.ts'
import { VERSION } from './version.ts'

/** A workspace that answers methods. */
export interface OpenedWorkspace extends Caller, AsyncDisposable {
  readonly dir: string
  /** Changes seen by this process; only an owner sees them all. */
  on<Name extends keyof ProjectEvents>(name: Name, listener: (event: ProjectEvents[Name]) => void): Disposable
}

/** Answered from the summary, faster than an owner could. */
const READING = new Set<MethodName>(['task.get', 'tasks.list', 'tasks.search', 'workspace.statuses'])

/** Owners that may leave one after another under one call. */
const MOST_OWNERS = 5

/** For one short command: takes the store only when it must, and gives way to an owner. */
export function openBriefly(place: Place, actorName: string | null): OpenedWorkspace & { readonly project: Project } {
  const world = projectWorld(place, { actorName })
  const project = new Project(world)
  const local = createCaller(project, facts(place))
  let remote: RemoteWorkspace | undefined
  const callOnce: Caller['call'] = async (method, params, options) => {
    if (!READING.has(method)) remote ??= await reach(place, world.config.project)
    if (remote !== undefined) return remote.call(method, params, withName(options, actorName))
    try {
      return await local.call(method, params, options)
    } catch (cause) {
      if (!(cause instanceof OwnerFound)) throw cause
      remote = await connect(cause.connection, place, world.config.project)
      return remote.call(method, params, withName(options, actorName))
    }
  }
  return {
    dir: place.dir,
    project,
    on: project.on,
    async call(method, params, options) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await callOnce(method, params, options)
        } catch (cause) {
          if (!isUnbegun(cause) || attempt === MOST_OWNERS) throw cause
          remote?.[Symbol.dispose]()
          remote = undefined
        }
      }
    },
    async [Symbol.asyncDispose]() {
      remote?.[Symbol.dispose]()
      await project[Symbol.asyncDispose]()
    },
  }
}

/** The owner left before it began: whoever has the store now can be asked. */
function isUnbegun(cause: unknown): boolean {
  return cause instanceof TaskError && cause.code === 'CONNECTION_CLOSED' && cause.details['executed'] === 'no'
}

/** For as long as the process lives: holds the store and answers others, or is a guest of who does. */
export async function openOwned(place: Place, actorName: string | null): Promise<OpenedWorkspace> {
  const world = projectWorld(place, { actorName, live: true })
  const already = await reach(place, world.config.project)
  if (already !== undefined) return guest(place, already, actorName)
  const project = new Project(world)
  try {
    await project.hold()
    await project.watchFiles()
  } catch (cause) {
    await project[Symbol.asyncDispose]()
    if (!(cause instanceof OwnerFound)) throw cause
    return guest(place, await connect(cause.connection, place, world.config.project), actorName)
  }
  const caller = createCaller(project, facts(place))
  const parts: AsyncDisposable[] = [project]
  try {
    parts.unshift(await listen(place, world.config.project, caller))
    parts.push(announce(place.dir, { version: VERSION, command: 'library', socket: place.socket }, place.runtime))
  } catch (cause) {
    await closeAll(parts)
    throw cause
  }
  return {
    dir: place.dir,
    on: project.on,
    call: (method, params, options) => caller.call(method, params, options),
    // No new calls first, then what runs is finished, then the store is free.
    [Symbol.asyncDispose]: () => closeAll(parts),
  }
}

export interface RemoteWorkspace extends Caller, Disposable {}

/** The owner behind the socket; undefined when there is none. */
async function reach(place: Place, project: string): Promise<RemoteWorkspace | undefined> {
  const connection = await findOwner(place.socket, place.runtime, { holder: () => holderOf(place.dir) })
  return connection === undefined ? undefined : connect(connection, place, project)
}

export async function connect(connection: Connection, place: Place, project: string): Promise<RemoteWorkspace> {
  const { connectCalls } = await import('../src/index.ts')
  return connectCalls(connection, hello(place, project), place.runtime, { holder: () => holderOf(place.dir) })
}

async function listen(place: Place, project: string, caller: Caller): Promise<AsyncDisposable> {
  const { socketTransport } = await import('../adapters/node/socket.ts')
  const { serveCalls } = await import('../src/index.ts')
  const serving = new Set<AsyncDisposable>()
  const door = await socketTransport(place.socket, place.runtime).listen((connection) => {
    const served = serveCalls(connection, caller, hello(place, project), place.runtime)
    serving.add(served)
    void connection.closed.then(() => serving.delete(served))
  })
  return { [Symbol.asyncDispose]: () => closeAll([door, ...serving]) }
}

function guest(place: Place, remote: RemoteWorkspace, actorName: string | null): OpenedWorkspace {
  return {
    dir: place.dir,
    on: () => ({ [Symbol.dispose]: () => undefined }),
    call: <Name extends MethodName>(
      method: Name,
      params: Params<Name>,
      options?: { readonly actor?: string },
    ): Promise<Result<Name>> => remote.call(method, params, withName(options, actorName)),
    async [Symbol.asyncDispose]() {
      remote[Symbol.dispose]()
    },
  }
}

function withName(
  options: { readonly actor?: string } | undefined,
  actorName: string | null,
): { readonly actor?: string } {
  return options?.actor === undefined && actorName !== null ? { actor: actorName } : (options ?? {})
}

function hello(
  place: Place,
  project: string,
): { readonly workspace: string; readonly project: string; readonly version: string } {
  return { workspace: place.socket, project, version: VERSION }
}

function facts(place: Place): { readonly version: string; readonly pid: number; readonly since: string } {
  return { version: VERSION, pid: process.pid, since: new Date(place.runtime.now()).toISOString() }
}
