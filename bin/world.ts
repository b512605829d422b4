/** The command's real world: this terminal, this disk, this machine. */
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CliWorld, Output } from '../adapters/cli/world.ts'
import { guarded } from '../adapters/node/disk-errors.ts'
import { TaskError } from '../src/index.ts'
import { openBriefly } from './open.ts'
import { actorNameFrom, CONFIG_FILE, findWorkspace, forgetWriter, placeOf, readConfigFile } from './workspace-world.ts'
import { VERSION } from './version.ts'

const MAX_INPUT_BYTES = 16 * 1024 * 1024
const MAX_FILE_BYTES = 1024 * 1024 * 1024

export function realWorld(args: readonly string[]): CliWorld {
  const { env } = process
  return {
    args,
    cwd: currentFolder(),
    version: VERSION,
    env,
    stdout: output(1),
    stderr: output(2),
    get inputIsTerminal() {
      return isTerminal(0)
    },
    readInput: async () => decode(readAll(0, 'standard input', MAX_INPUT_BYTES), 'standard input'),
    ask: async (question) => (isTerminal(0) ? ask(question) : undefined),
    open: async (dir, { actor } = {}) => openBriefly(placeOf(findWorkspace(dir), env), actor ?? actorNameFrom(env)),
    list: async (dir, filter) => (await import('./lister.ts')).list(placeOf(findWorkspace(dir), env), filter),
    search: async (dir, words, options) =>
      (await import('./lister.ts')).search(placeOf(findWorkspace(dir), env), words, options),
    init: async (options) => {
      const [{ initialise }, { nodeRuntime }] = await Promise.all([
        import('./settings.ts'),
        import('../adapters/node/runtime.ts'),
      ])
      return initialise(options, nodeRuntime())
    },
    readConfig: async (dir) => {
      const root = findWorkspace(dir)
      const { other, statuses, ...settings } = readConfigFile(root).config
      return {
        path: join(root, CONFIG_FILE),
        settings: { ...settings, statuses: statuses.map(({ name, kind }) => ({ name, kind })), ...other },
      }
    },
    writeConfig: async (dir, name, value) =>
      (await import('./settings.ts')).changeSetting(findWorkspace(dir), name, value),
    edit: async (dir, path) => edit(join(findWorkspace(dir), path), env),
    program: async (name) => (await import('./child.ts')).findProgram(name, env),
    now: () => Date.now(),
    sleep: async (ms, options) => (await import('../adapters/node/runtime.ts')).nodeRuntime().sleep(ms, options),
    readFile: async (path) => readFile(path),
    writeNewFile: async (path, bytes) => (await import('./settings.ts')).writeNewFile(path, bytes),
    background: async () => (await import('./background-client.ts')).backgroundOf(env),
    scratch: async () => {
      const dir = guarded('FILE_UNWRITABLE', tmpdir(), () => mkdtempSync(join(tmpdir(), 'tidemark-')))
      return {
        dir,
        [Symbol.asyncDispose]: async () => {
          forgetWriter(placeOf(dir, env))
          rmSync(dir, { recursive: true, force: true })
        },
      }
    },
  }
}

/** Where it was, when it is gone meanwhile: the search for a workspace goes upwards from there all the same. */
function currentFolder(): string {
  try {
    return process.cwd()
  } catch {
    return process.env['PWD'] ?? '/'
  }
}

function output(fd: 1 | 2): Output {
  let known: boolean | undefined
  const terminal = (): boolean => (known ??= isTerminal(fd))
  const { NO_COLOR, TERM } = process.env
  return {
    write: (text) => writeAll(fd, typeof text === 'string' ? Buffer.from(text) : text),
    get isTerminal() {
      return terminal()
    },
    get columns() {
      return (fd === 1 ? process.stdout : process.stderr).columns ?? 80
    },
    get colour() {
      return terminal() && (NO_COLOR ?? '') === '' && TERM !== 'dumb'
    },
  }
}

/** Loading the terminal's module costs more than a list does, so it is asked only where there may be one. */
function isTerminal(fd: 0 | 1 | 2): boolean {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false
    const stream = fd === 0 ? process.stdin : fd === 1 ? process.stdout : process.stderr
    return stream.isTTY === true
  } catch {
    return false // closed: nobody is there
  }
}

/** Straight to the descriptor and done when it returns; a reader that went away ends the command quietly, as it does for others. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(fd, bytes, done)
    } catch (cause) {
      const code = codeOf(cause)
      if (code === 'EPIPE') process.exit(0)
      if (code !== 'EAGAIN')
        throw new TaskError(
          'FILE_UNWRITABLE',
          { path: fd === 1 ? 'standard output' : 'standard error', reason: code },
          { cause },
        )
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1) // a slow reader: its pipe is full
    }
  }
}

function readFile(path: string): Uint8Array {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    throw codeOf(cause) === 'ENOENT' ? new TaskError('FILE_NOT_FOUND', { path }, { cause }) : unreadable(path, cause)
  }
  try {
    return readAll(file, path, MAX_FILE_BYTES)
  } finally {
    closeSync(file)
  }
}

function readAll(fd: number, name: string, limit: number): Uint8Array {
  const parts: Uint8Array[] = []
  let size = 0
  for (;;) {
    const part = Buffer.allocUnsafe(64 * 1024)
    const count = readSome(fd, part, name)
    if (count === 0) return Buffer.concat(parts)
    size += count
    if (size > limit) throw new TaskError('TOO_LARGE', { field: name, size: `more than ${limit} bytes`, limit })
    parts.push(part.subarray(0, count))
  }
}

function readSome(fd: number, part: Buffer, name: string): number {
  for (;;) {
    try {
      return readSync(fd, part)
    } catch (cause) {
      const code = codeOf(cause)
      if (code === 'EOF') return 0
      if (code !== 'EAGAIN') throw unreadable(name, cause)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5) // nothing there yet
    }
  }
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new TaskError('INVALID_INPUT', { field: name, problem: 'it is not UTF-8 text', fix: 'give text' }, { cause })
  }
}

async function ask(question: string): Promise<string | undefined> {
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(question)
  } catch (cause) {
    if (codeOf(cause) === 'ABORT_ERR') return undefined // Ctrl-C or Ctrl-D: no answer
    throw cause
  } finally {
    terminal.close()
  }
}

/** Through a shell, as git does: an editor may be named with its options. */
async function edit(path: string, { VISUAL, EDITOR }: NodeJS.ProcessEnv): Promise<void> {
  const { spawnSync } = await import('node:child_process')
  const editor = [VISUAL, EDITOR].find((name) => name !== undefined && name.trim() !== '') ?? 'vi'
  const { status, signal, error } = spawnSync('sh', ['-c', `${editor} "$1"`, editor, path], { stdio: 'inherit' })
  if (status === 0) return
  const reason = error?.message ?? (signal === null ? `it ended with ${status}` : `it was ended by ${signal}`)
  throw new TaskError('EDITOR_FAILED', { editor, reason })
}

function unreadable(path: string, cause: unknown): TaskError {
  return new TaskError('FILE_UNREADABLE', { path, reason: codeOf(cause) }, { cause })
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
}
