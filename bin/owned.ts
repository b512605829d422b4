/** A workspace that this process holds for as long as it lives, or is the guest of who does: files, relay, and a door for others. */
import { announce } from '../adapters/node/owner-file.ts'
import { socketTransport } from '../adapters/node/socket.ts'
import {
  createCaller,
  Project,
  serveCalls,
  type Caller,
  type Connection,
  type MethodName,
  type Params,
  type Result,
} from '../src/index.ts'
import { closeAll } from './closing.ts'
import { connect, facts, hello, reachConnection, withName, type OpenedWorkspace } from './open.ts'
import { startSyncing } from './relay-link.ts'
import { OwnerFound, projectWorld, type Place } from './workspace-world.ts'
import { VERSION } from './version.ts'

/** A workspace for as long as the process lives. */
export interface OwnedWorkspace extends OpenedWorkspace {
  /** Settles when the process that has it instead is gone; absent where this one has it. */
  readonly ended?: Promise<unknown>
}

/** For as long as the process lives: holds the store and answers others, or is a guest of who does. */
export async function openOwned(
  place: Place,
  actorName: string | null,
  { command = 'library' }: { readonly command?: string } = {},
): Promise<OwnedWorkspace> {
  const world = projectWorld(place, { actorName, live: true })
  const already = await reachConnection(place)
  if (already !== undefined) return guest(place, already, actorName, world.config.project)
  const project = new Project(world)
  try {
    await project.hold()
    await project.watchFiles()
  } catch (cause) {
    await project[Symbol.asyncDispose]()
    if (!(cause instanceof OwnerFound)) throw cause
    return guest(place, cause.connection, actorName, world.config.project)
  }
  return owned(place, project, actorName, command)
}

async function owned(
  place: Place,
  project: Project,
  actorName: string | null,
  command: string,
): Promise<OwnedWorkspace> {
  const parts: AsyncDisposable[] = [project]
  try {
    const syncing = await startSyncing(project, place, actorName)
    parts.unshift({ [Symbol.asyncDispose]: async () => syncing?.[Symbol.asyncDispose]?.() })
    const caller = createCaller(project, { ...facts(place), ...(syncing && { relaying: syncing }) })
    parts.unshift(await listen(place, project.world.config.project, caller))
    parts.push(announce(place.dir, { version: VERSION, command, socket: place.socket }, place.runtime))
    return {
      dir: place.dir,
      on: project.on,
      call: (method, params, options) => caller.call(method, params, options),
      // No new calls first, then what runs is finished, then the store is free.
      [Symbol.asyncDispose]: () => closeAll(parts),
    }
  } catch (cause) {
    await closeAll(parts)
    throw cause
  }
}

async function listen(place: Place, project: string, caller: Caller): Promise<AsyncDisposable> {
  const serving = new Set<AsyncDisposable>()
  const door = await socketTransport(place.socket, place.runtime).listen((connection) => {
    const served = serveCalls(connection, caller, hello(place, project), place.runtime)
    serving.add(served)
    void connection.closed.then(() => serving.delete(served))
  })
  return { [Symbol.asyncDispose]: () => closeAll([door, ...serving]) }
}

async function guest(
  place: Place,
  connection: Connection,
  actorName: string | null,
  project: string,
): Promise<OwnedWorkspace> {
  const remote = await connect(connection, place, project)
  return {
    dir: place.dir,
    ended: connection.closed,
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
