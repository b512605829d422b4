/** Workspaces and a relay in one process that agree on claims, with a line between them that can be cut; clocks by hand. */
import { createHash } from 'node:crypto'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '../../adapters/memory/store.ts'
import { memoryTransport } from '../../adapters/memory/transport.ts'
import {
  Relay,
  Syncing,
  TaskError,
  createCaller,
  type Caller,
  type Connection,
  type Project,
  type Transport,
} from '../../src/internal.ts'
import type { TimedAnswer } from '../../src/claims/request.ts'
import { memoryWorkspace, openProject, type MemoryWorkspace } from './project.ts'

const NOON = Date.UTC(2026, 0, 1, 12)

export interface ClaimingWorkspace {
  readonly project: Project
  /** Each call with the clocks turned until it is answered. */
  readonly caller: Caller
  readonly lost: string[]
  readonly claimed: string[]
}

export interface ClaimsPlace extends AsyncDisposable {
  readonly runtime: MemoryRuntime
  readonly relay: Relay
  /** A live workspace, connected where the line is whole. */
  join(seed: number, of?: MemoryWorkspace): Promise<ClaimingWorkspace>
  cut(): void
  mend(): Promise<void>
  /** The relay denies workspaces these questions from now on. */
  refuse(isRefused: (method: string) => boolean): void
  /** Asks the relay as somebody in another directory. */
  ask(kind: string, params: object): Promise<TimedAnswer>
  /** The relay's clock is behind from now on. */
  setBack(ms: number): void
  /** Turns all clocks. */
  pass(ms: number): Promise<void>
  /** The relay ends and comes back, with another disk where one is given. */
  restart(disk?: MemoryDisk): Promise<void>
}

export async function openClaimsPlace(): Promise<ClaimsPlace> {
  const runtime = memoryRuntime({ startMs: NOON })
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
  const base = memoryWorkspace({ seed: 1 })
  const open: AsyncDisposable[] = []
  const connections = new Set<Connection>()
  const wires = memoryTransport()
  let isCut = false
  let isRefused = (_method: string): boolean => false
  let place = 0
  let behindMs = 0
  const relayRuntime = { ...runtime, now: () => runtime.now() - behindMs }
  let disk = createMemoryDisk()
  let store = await openMemoryStore(disk)
  let relay = await Relay.open({ runtime: relayRuntime, store, digest, place: 'disk 0' })
  const door = await wires.listen((connection) =>
    relay.welcome(connection, { project: base.config.project, token: null }),
  )
  const transport: Transport = {
    connect: async (options) => {
      if (isCut) throw new TaskError('RELAY_UNREACHABLE', { url: 'ws://memory', reason: 'the line is cut' })
      const connection = await wires.connect(options)
      connections.add(connection)
      return connection
    },
    listen: () => Promise.reject(new Error('no relay')),
  }
  const lines: Syncing[] = []
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 50) await runtime.advance(Math.min(50, ms - at))
    // Code that is loaded when it is needed takes time of its own.
    for (const line of lines) if (line.state.phase === 'synced') await line.settle()
  }
  const turned = async <Value>(work: Promise<Value>): Promise<Value> => {
    let isOver = false
    const over = (): void => void (isOver = true)
    work.then(over, over)
    while (!isOver) await runtime.advance(20)
    return work
  }
  return {
    runtime,
    get relay() {
      return relay
    },
    pass,
    refuse: (which) => void (isRefused = which),
    async ask(kind, params) {
      const who = { project: base.config.project, token: null }
      const text = JSON.stringify({ method: `claims.${kind}`, params })
      const answer = JSON.parse(await relay.ask(who, text, new AbortController().signal)) as {
        readonly result: TimedAnswer
      }
      return answer.result
    },
    setBack: (ms) => void (behindMs += ms),
    cut: () => {
      isCut = true
      for (const connection of connections) connection.close('the line is cut')
      connections.clear()
    },
    mend: async () => {
      isCut = false
      await pass(40_000)
    },
    async join(seed, of = memoryWorkspace({ seed })) {
      const workspace: MemoryWorkspace = { ...of, config: base.config, runtime, isLive: true }
      const project = openProject(workspace)
      const syncing = await Syncing.start(project, transport, {
        url: 'ws://memory',
        presence: { workspace: `workspace ${seed}`, actor: null },
      })
      const ask = syncing.ask.bind(syncing)
      Object.assign(syncing, {
        ask: async (...asked: Parameters<typeof ask>) => {
          if (isRefused(asked[0]))
            throw new TaskError('RELAY_DENIED', { url: 'ws://memory', reason: 'it may only read' })
          return ask(...asked)
        },
      })
      open.unshift(syncing, project)
      lines.push(syncing)
      const facts = { version: '0', pid: 1, since: '', relaying: syncing }
      const caller = createCaller(project, facts)
      const [lost, claimed]: [string[], string[]] = [[], []]
      project.on('claimLost', ({ by }) => lost.push(by))
      project.on('claimed', ({ claim }) => claimed.push(claim.by))
      await pass(500)
      return { project, lost, claimed, caller: { call: (...asked) => turned(caller.call(...asked)) } }
    },
    async restart(next = disk) {
      await relay[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      if (next !== disk) place++
      disk = next
      store = await openMemoryStore(disk)
      relay = await Relay.open({ runtime: relayRuntime, store, digest, place: `disk ${place}` })
      await pass(40_000)
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of open) await one[Symbol.asyncDispose]()
      await door[Symbol.asyncDispose]()
      await relay[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}
