/** Opens a workspace for one caller: in this process, or through the owner that has it open already. */
import { existsSync } from 'node:fs'
import { holderOf } from '../adapters/node/owner-file.ts'
import { findOwner } from '../adapters/node/owner.ts'
import {
  createCaller,
  Project,
  settleWithin,
  TaskError,
  type Caller,
  type Connection,
  type MethodName,
  type ProjectEvents,
} from '../src/index.ts'
import { BriefRelay } from './brief-relay.ts'
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

/** They write nothing, or exchange by themselves. */
const WITHOUT_RELAY = new Set<MethodName>([
  'server.info',
  'history.list',
  'conflicts.list',
  'workspace.status',
  'workspace.sync',
  'claims.list',
  'tasks.release',
  'tasks.renew',
  'workspace.backup',
  'workspace.doctor',
])
const BRIEF_MS = 1_000

/** Owners that may leave one after another under one call. */
const MOST_OWNERS = 5

/** For one short command: takes the store only when it must, and gives way to an owner. */
export function openBriefly(place: Place, actorName: string | null): OpenedWorkspace & { readonly project: Project } {
  const settledByHolder = async (): Promise<boolean> =>
    existsSync(place.socket) && (await import('./settling.ts')).settledByHolder(place, world.config.project)
  const world = { ...projectWorld(place, { actorName }), settledByHolder }
  const project = new Project(world)
  const relaying = new BriefRelay(project, place)
  const local = createCaller(project, { ...facts(place), relaying })
  let remote: RemoteWorkspace | undefined
  const callOnce: Caller['call'] = async (method, params, options) => {
    if (!READING.has(method)) remote ??= await reach(place, world.config.project)
    if (remote !== undefined) return remote.call(method, params, withName(options, actorName))
    try {
      const meets = world.config.mode !== 'manual' && relaying.isNear
      if (method === 'workspace.status' && meets) await settleWithin(relaying, place.runtime, { timeoutMs: BRIEF_MS })
      const answer = await local.call(method, params, options)
      // What this command wrote others see now, where a relay is near; where none is, with the next exchange.
      if (!READING.has(method) && !WITHOUT_RELAY.has(method) && meets)
        await settleWithin(relaying, place.runtime, { timeoutMs: BRIEF_MS })
      return answer
    } catch (cause) {
      if (!(cause instanceof OwnerFound)) throw cause
      remote = await (await import('./settling.ts')).askHolder(cause, place, project)
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

export interface RemoteWorkspace extends Caller, Disposable {}

/** The owner behind the socket; undefined when there is none. */
async function reach(place: Place, project: string): Promise<RemoteWorkspace | undefined> {
  const connection = await reachConnection(place)
  return connection === undefined ? undefined : connect(connection, place, project)
}

interface Bound {
  readonly signal?: AbortSignal
}

export function reachConnection(place: Place, bound: Bound = {}): Promise<Connection | undefined> {
  return findOwner(place.socket, place.runtime, { holder: () => holderOf(place.dir), ...bound })
}

export async function connect(
  connection: Connection,
  place: Place,
  project: string,
  bound: Bound = {},
): Promise<RemoteWorkspace> {
  const { connectCalls } = await import('../src/index.ts')
  return connectCalls(connection, hello(place, project), place.runtime, { holder: () => holderOf(place.dir), ...bound })
}

export function withName(
  options: { readonly actor?: string } | undefined,
  actorName: string | null,
): { readonly actor?: string } {
  return options?.actor === undefined && actorName !== null ? { actor: actorName } : (options ?? {})
}

export function hello(
  place: Place,
  project: string,
): { readonly workspace: string; readonly project: string; readonly version: string } {
  return { workspace: place.socket, project, version: VERSION }
}

export function facts(place: Place): { readonly version: string; readonly pid: number; readonly since: string } {
  return { version: VERSION, pid: process.pid, since: new Date(place.runtime.now()).toISOString() }
}
