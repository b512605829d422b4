/** The processes of one measurement: a relay, one that writes, two that listen; what they and the others of the machine cost. */
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { flagsOf } from '../bin/detached.ts'
import { cleanEnvironment } from './measure.ts'
import type { Call, Calls } from './relay-clients.ts'
import type { Speech } from './relay-wire.ts'

export interface RelayKind {
  readonly name: string
  readonly speech: Speech
  /** Keeps everything on the disk: may be started again. */
  readonly isDurable: boolean
  start(folder: string): Promise<Running>
}

interface Running {
  readonly url: string
  readonly child: ChildProcess
}

/** Their arguments and results go through IPC. */
export type Ask = <Name extends Call>(
  call: Name,
  args: Parameters<Calls[Name]>[0],
) => Promise<Awaited<ReturnType<Calls[Name]>>>

export interface ClientProcess extends Disposable {
  readonly pid: number
  readonly ask: Ask
}

export interface Usage {
  readonly cpuMs: number
  readonly memoryMiB: number
  readonly peakMiB: number
}

const BARE = 'bench/relay-bare.mjs'
const BACKGROUND = 'dist/tide-background.mjs'
/** Of the clock that the kernel counts processor time by. */
const TICK_MS = 10
const PATIENCE_MS = 60_000

export const bare: RelayKind = {
  name: 'bare ws',
  speech: 'bare',
  isDurable: false,
  start: async () => started(fork(BARE, [], { env: cleanEnvironment(), execArgv: [] })),
}

/** As `tide server start` starts it. */
export function ours(flags: readonly string[], name: string = 'ours', program: string = BACKGROUND): RelayKind {
  return {
    name,
    speech: 'y',
    isDurable: true,
    start: async (folder) => {
      const options = { data: join(folder, 'relay'), port: 0, httpPort: 0 }
      const env = { ...cleanEnvironment(), XDG_STATE_HOME: folder, XDG_RUNTIME_DIR: folder }
      const execArgv = [...flagsOf('server'), ...flags]
      const { url, child } = await started(fork(program, ['server', JSON.stringify(options)], { env, execArgv }))
      return { url: `${url}/sync`, child }
    },
  }
}

/** A command that names {port} and {dir}. */
export function other(name: string, speech: Speech, command: string): RelayKind {
  return {
    name,
    speech,
    isDurable: false,
    start: async (folder) => {
      const port = await freePort()
      const [program = '', ...args] = command.replaceAll('{port}', String(port)).replaceAll('{dir}', folder).split(' ')
      const env = { ...cleanEnvironment(), HOST: '127.0.0.1', PORT: String(port) }
      const child = spawn(program, args, { env, cwd: folder, stdio: 'ignore' })
      while (!(await answers(port))) {
        if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`)
        await sleep(50)
      }
      return { url: `ws://127.0.0.1:${port}`, child }
    },
  }
}

/** One relay in a folder of its own, that may be ended and started again. */
export class RelayPlace implements AsyncDisposable {
  readonly kind: RelayKind
  readonly folder: string
  #running: Running | undefined

  constructor(kind: RelayKind) {
    this.kind = kind
    this.folder = mkdtempSync(join(tmpdir(), 'tide-bench-relay-'))
    mkdirSync(join(this.folder, 'relay'), { recursive: true })
  }

  async start(): Promise<void> {
    this.#running = await this.kind.start(this.folder)
  }

  get place(): { readonly speech: Speech; readonly url: string; readonly room: string } {
    return { speech: this.kind.speech, url: this.#running?.url ?? '', room: 'bench-project' }
  }

  get pid(): number {
    return this.#running?.child.pid ?? 0
  }

  async stop(): Promise<void> {
    const child = this.#running?.child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    // Not every relay ends when it is asked to.
    const killing = setTimeout(() => child.kill('SIGKILL'), 5_000)
    await gone
    clearTimeout(killing)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export function clientProcess(): ClientProcess {
  const child = fork(process.argv[1] ?? '', ['--relay-clients'], {
    env: cleanEnvironment(),
    execArgv: ['--max-old-space-size=6000'],
    serialization: 'advanced',
  })
  const waiting = new Map<number, { resolve(result: never): void; reject(cause: Error): void }>()
  let asked = 0
  child.on('message', ({ id, result, error }: { id: number; result: never; error?: string }) => {
    const one = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) one?.resolve(result)
    else one?.reject(new Error(error))
  })
  child.once('exit', () => {
    for (const one of waiting.values()) one.reject(new Error('a process of clients ended'))
  })
  const ask: Ask = (call, args) =>
    new Promise((resolve, reject) => {
      const id = asked++
      const late = setTimeout(() => reject(new Error(`${call} took more than ${PATIENCE_MS} ms`)), PATIENCE_MS)
      const settled =
        <Value>(settle: (value: Value) => void) =>
        (value: Value): void => {
          clearTimeout(late)
          settle(value)
        }
      waiting.set(id, { resolve: settled(resolve), reject: settled(reject) })
      child.send({ id, call, args })
    })
  return { pid: child.pid ?? 0, ask, [Symbol.dispose]: () => void child.kill('SIGKILL') }
}

export function usageOf(pid: number): Usage {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN) / 1024
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    memoryMiB: mib('VmRSS'),
    peakMiB: mib('VmHWM'),
  }
}

/** How many cores others than these processes keep busy, from now until it is asked. */
export function foreignCores(pids: readonly number[]): () => number {
  const busy = (): number => {
    const ticks = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/\s+/).slice(1).map(Number)
    // Neither idle nor waiting for a disk.
    const all = ticks.reduce((sum, tick, index) => (index === 3 || index === 4 || index > 7 ? sum : sum + tick), 0)
    return all * TICK_MS - [process.pid, ...pids].reduce((sum, pid) => sum + usageOf(pid).cpuMs, 0)
  }
  const [before, began] = [busy(), performance.now()]
  return () => Math.max(0, (busy() - before) / (performance.now() - began))
}

/** What it says when it is ready. */
async function started(child: ChildProcess): Promise<Running> {
  const { ready, error } = await new Promise<{ ready?: { url: string }; error?: unknown }>((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`a relay ended with ${code}`)))
  })
  if (ready === undefined) throw new Error(`a relay did not start: ${JSON.stringify(error)}`)
  return { url: ready.url, child }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
