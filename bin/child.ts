/** A program in the command's place: its terminal, the signals it gets, its exit code. No shell stands between. */
import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { constants as system } from 'node:os'
import { delimiter, join } from 'node:path'
import { isatty } from 'node:tty'
import type { Program } from '../adapters/cli/world.ts'
import type { Environment } from '../adapters/node/places.ts'
import { TaskError } from '../src/index.ts'

/** At a terminal these two come to the whole group, the program included: passed on they would come twice. */
const FROM_KEYS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']
const FROM_OTHERS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP']

/** Looked for before anything is claimed: a slip in its name changes nothing. */
export function findProgram(name: string, { PATH }: Environment): Program {
  const places = name.includes('/') ? [name] : (PATH ?? '').split(delimiter).map((folder) => join(folder, name))
  // Windows knows endings and more; there the start itself says what is missing.
  if (process.platform !== 'win32' && !places.some(isProgram)) throw new TaskError('FILE_NOT_FOUND', { path: name })
  return { run: (args, env) => run(name, args, env) }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false // not here, or not for us
  }
}

function run(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    // Before the program begins: a signal that comes while it does would end this process, and leave the program alone.
    let child: ChildProcess | undefined
    const passOn = (signal: NodeJS.Signals): void => void child?.kill(signal)
    const keys = isatty(0) ? (): void => undefined : passOn
    for (const signal of FROM_KEYS) process.on(signal, keys)
    for (const signal of FROM_OTHERS) process.on(signal, passOn)
    const settle = (): void => {
      for (const signal of FROM_KEYS) process.off(signal, keys)
      for (const signal of FROM_OTHERS) process.off(signal, passOn)
    }
    child = spawn(name, args, { stdio: 'inherit', env })
    child.once('error', (cause) => {
      settle()
      reject(new TaskError('FILE_UNREADABLE', { path: name, reason: cause.message }, { cause }))
    })
    child.once('exit', (code, signal) => {
      settle()
      resolve(code ?? 128 + (signal === null ? 0 : system.signals[signal]))
    })
  })
}
