/** Processes that outlive a command, or are all that it does: started with this program's second file, watched until they are gone. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { guarded } from '../adapters/node/disk-errors.ts'
import { stateFolder, type Environment } from '../adapters/node/places.ts'
import { TaskError, taskErrorFrom, type Runtime } from '../src/index.ts'

export type Kind = 'up' | 'server'

/**
 * A relay makes much that lives for milliseconds, and keeps little: V8 would let its heap grow to three times of what lives,
 * and keep 48 MB for what is new. Measured on a quiet machine: 77 MiB instead of 89 with 10 connections to 1,000 tasks, 143
 * instead of 156 after 150,000 updates (more apart where others work), for 30 % more processor time at 16,000 updates a second.
 */
const RELAY_FLAGS: readonly string[] = ['--optimize-for-size', '--max-semi-space-size=4', '--heap-growing-percent=60']

/** How long a process may take to end in order. */
const END_MS = 15_000
const LOOK_MS = 50

/** What Node is told. */
export function flagsOf(kind: Kind): readonly string[] {
  return kind === 'server' ? RELAY_FLAGS : []
}

/** A process of its own, which lives on; settles with what it says when it is ready, throws what it could not do. */
export async function startDetached(kind: Kind, options: object, env: Environment): Promise<object> {
  const cwd = stateFolder(env)
  guarded('FILE_UNWRITABLE', cwd, () => mkdirSync(cwd, { recursive: true, mode: 0o700 }))
  const child = spawn(process.execPath, [...flagsOf(kind), program(), kind, JSON.stringify(options)], {
    cwd,
    env: { ...env },
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    windowsHide: true,
  })
  try {
    return await readyOf(child)
  } finally {
    if (child.connected) child.disconnect()
    child.unref()
  }
}

/** In this terminal and until it ends: its exit code. It gets the signals that this process gets, and goes when this one is gone. */
export async function runHere(
  kind: Kind,
  options: object,
  env: Environment,
  ready: (facts: object) => Promise<void>,
): Promise<number> {
  const stdio: StdioOptions = ['ignore', 'inherit', 'inherit', 'ipc']
  const child = spawn(
    process.execPath,
    [...flagsOf(kind), program(), kind, JSON.stringify({ ...options, foreground: true })],
    {
      env: { ...env },
      stdio,
    },
  )
  const exit = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void child.kill(signal))
  try {
    await ready(await readyOf(child))
  } catch (cause) {
    child.kill('SIGTERM')
    throw cause
  } finally {
    // It keeps neither process: the child takes its end for the end of this one.
    child.channel?.unref()
  }
  return exit
}

function readyOf(child: ChildProcess): Promise<object> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new TaskError('FAULT', { problem: `the background process ended with ${code ?? 'a signal'}` })),
    )
    child.once('message', (message: { readonly ready?: object; readonly error?: unknown }) => {
      if (message.ready === undefined) reject(taskErrorFrom(message.error))
      else resolve(message.ready)
    })
  })
}

/** Beside the command that runs: what belongs to it. */
function program(): string {
  const path = join(dirname(realpathSync(process.argv[1] ?? '.')), 'tide-background.mjs')
  if (existsSync(path)) return path
  throw new TaskError('FILE_NOT_FOUND', { path })
}

export async function untilGone(pid: number, runtime: Runtime): Promise<void> {
  for (let waited = 0; waited < END_MS; waited += LOOK_MS) {
    if (isGone(pid)) return
    await runtime.sleep(LOOK_MS)
  }
  throw new TaskError('TIMED_OUT', { what: `ending process ${pid}`, limit: `${END_MS / 1_000} s` })
}

/** Also one that ended and that nobody has taken away yet, as in a container whose first process does not care. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (cause) {
    return !(cause instanceof Error && 'code' in cause && cause.code === 'EPERM')
  }
  if (process.platform !== 'linux') return false
  try {
    return /^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true // gone between the two looks
  }
}
