/** The built command as people run it: processes of its own, in a place on the disk that belongs to one test alone. */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { TaskDetail, TaskView } from '../../src/index.ts'
import { runHere } from './in-process.ts'

export const repository: string = fileURLToPath(new URL('../..', import.meta.url))
export const builtCommand: string = join(repository, 'dist', 'tide.cjs')

/** Longer than any bound of the product: a command that is still there then hangs, and is ended. */
const HANGS_AFTER_MS = 50_000
/** No one of this machine, for what only others may not do. */
const NOBODY = 65_534

export interface Ran {
  readonly args: readonly string[]
  readonly exit: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
  readonly ms: number
}

export interface RunOptions {
  /** @default the workspace */
  readonly cwd?: string
  /** Added to the environment; undefined takes away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Standard input; closed when there is none. */
  readonly input?: string | Uint8Array
  /** Another file than dist/tide.cjs. */
  readonly command?: string
  /** As a user who owns nothing; only root can. */
  readonly asNobody?: boolean
  /** Ended by SIGKILL after so long. */
  readonly killAfterMs?: number
}

/** One document of `--json`, with the parts that tests look at. */
export interface Answer {
  readonly schema?: number
  readonly task?: TaskDetail
  readonly tasks?: readonly TaskView[]
  readonly error?: {
    readonly code: string
    readonly message: string
    readonly hint: string
    readonly details: Readonly<Record<string, unknown>>
  }
  readonly [name: string]: unknown
}

export type Environment = Readonly<Record<string, string | undefined>>

export interface Place extends AsyncDisposable {
  /** Everything of this test lies below. */
  readonly root: string
  readonly dir: string
  /** `$TMPDIR` */
  readonly temporary: string
  /** `$XDG_RUNTIME_DIR` */
  readonly runtime: string
  readonly env: Environment
  tide(args: readonly string[], options?: RunOptions): Promise<Ran>
  /** The same in this process (in-process.ts), where it does not matter that it is one of its own. */
  here(args: readonly string[], options?: Pick<RunOptions, 'cwd'>): Promise<Ran>
  /** What has to be there before a test begins: each ends with 0; in this process. */
  prepare(...commands: readonly (readonly string[])[]): Promise<void>
  /** Ends with 0 and says nothing beside; answers with what it printed. */
  must(args: readonly string[], options?: RunOptions): Promise<string>
  /** The same with `--json`: the one document. */
  json(args: readonly string[], options?: RunOptions): Promise<Answer>
  /** The same in this process: for looks at what another process did. */
  look(args: readonly string[], options?: Pick<RunOptions, 'cwd'>): Promise<Answer>
  /** All tasks, closed and deleted ones too. */
  all(options?: RunOptions): Promise<readonly TaskView[]>
}

export function requireBuilt(path: string = builtCommand): void {
  if (!existsSync(path)) throw new Error(`${path} is not there: run \`npm run build\` first (\`npm test\` does)`)
}

/** Folders that nobody else knows, and a command that knows no others. */
export function openPlace({ name = 'work' }: { readonly name?: string } = {}): Place {
  requireBuilt()
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tide-e2e-')))
  const at = (folder: string): string => {
    mkdirSync(join(root, folder), { mode: 0o700, recursive: true })
    return join(root, folder)
  }
  const [dir, temporary, runtime] = [at(name), at('tmp'), at('run')]
  const env: Environment = {
    PATH: process.env['PATH'],
    HOME: at('home'),
    TMPDIR: temporary,
    XDG_RUNTIME_DIR: runtime,
    XDG_STATE_HOME: at('state'),
    LANG: 'C.UTF-8',
  }
  const tide: Place['tide'] = (args, options = {}) => run(args, { cwd: dir, ...options }, env)
  const here: Place['here'] = (args, { cwd = dir } = {}) => runHere(args, cwd, env)
  const prepare: Place['prepare'] = async (...commands) => {
    for (const args of commands) {
      const ran = await here(args)
      expect(ran, `${words(ran)}`).toMatchObject({ exit: 0, err: '' })
    }
  }
  const must: Place['must'] = async (args, options) => {
    const ran = await tide(args, options)
    expect(ran, `${words(ran)}`).toMatchObject({ exit: 0, err: '' })
    return ran.out
  }
  const json: Place['json'] = async (args, options) => {
    const answer = document(await must([...args, '--json'], options))
    expect(answer.schema, `${args.join(' ')}`).toBe(1)
    return answer
  }
  const look: Place['look'] = async (args, options) => {
    const ran = await here([...args, '--json'], options)
    expect(ran, `${words(ran)}`).toMatchObject({ exit: 0, err: '' })
    return document(ran.out)
  }
  const isElsewhere = ({ cwd: _cwd, ...others }: RunOptions): boolean => Object.keys(others).length > 0
  return {
    root,
    dir,
    temporary,
    runtime,
    env,
    tide,
    here,
    prepare,
    must,
    json,
    look,
    all: async (options = {}) => (await (isElsewhere(options) ? json : look)(['list', '--all'], options)).tasks ?? [],
    [Symbol.asyncDispose]: async () => {
      await rm(root, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

/** A place with a workspace in it. */
export async function openWorkspacePlace(options: { readonly name?: string } = {}): Promise<Place> {
  const place = openPlace(options)
  await place.prepare(['init'])
  return place
}

export const isRoot: boolean = process.getuid?.() === 0

/** Root may do everything: what is closed is tried as a user who owns nothing, if such a one can run the command. */
export const canBeClosed: boolean = process.platform !== 'win32' && (!isRoot || nobodyReaches(builtCommand))
if (!canBeClosed) process.stdout.write('what is closed to others is not tried: nobody else can run the command here\n')

function nobodyReaches(path: string): boolean {
  const look = `require('node:fs').accessSync(${JSON.stringify(path)})`
  return spawnSync(process.execPath, ['-e', look], { uid: NOBODY, gid: NOBODY }).status === 0
}

/** A folder of someone else; without root there is nobody to give it to. */
export function giveToNobody(path: string): void {
  if (isRoot) chownSync(path, NOBODY, NOBODY)
}

/** How to run the command as someone who may not do everything, with folders of its own beside the workspace. */
export function asOther(place: Place): RunOptions {
  if (!isRoot) return {}
  const [runtime, temporary] = [join(place.root, 'run-of-another'), join(place.root, 'tmp-of-another')]
  for (const path of [runtime, temporary]) {
    mkdirSync(path, { mode: 0o700 })
    giveToNobody(path)
  }
  return { asNobody: true, env: { XDG_RUNTIME_DIR: runtime, TMPDIR: temporary } }
}

/** Lets everyone pass through, so that what lies below decides. */
export function letPass(...paths: readonly string[]): void {
  for (const path of paths) chmodSync(path, 0o755)
}

/** Exactly one JSON document on one line. */
export function document(out: string): Answer {
  expect(out.endsWith('\n') && out.indexOf('\n') === out.length - 1, `one line: ${out.slice(0, 300)}`).toBe(true)
  return JSON.parse(out) as Answer
}

/** Told as the contract says: a sentence, a hint, the exit code; no stack trace, nothing on stdout. */
export function expectRefusal(ran: Ran, exit: number, sentence: string | RegExp = ''): void {
  expect(ran.exit, `${words(ran)}`).toBe(exit)
  expect(ran.out, `${words(ran)}`).toBe('')
  expect(ran.err, `${words(ran)}`).toMatch(/^tide: \S.*\nhint: \S.*\n$/)
  expect(ran.err).toMatch(sentence)
  expectNoTrace(ran)
}

/** The same with `--json`: one document on stdout, nothing on stderr. */
export function expectError(ran: Ran, exit: number, code: string): NonNullable<Answer['error']> {
  expect(ran.exit, `${words(ran)}`).toBe(exit)
  expect(ran.err, `${words(ran)}`).toBe('')
  const { error } = document(ran.out)
  expect(error, `${words(ran)}`).toMatchObject({ code, message: expect.stringMatching(/\S/), hint: expect.any(String) })
  expectNoTrace(ran)
  return error ?? { code, message: '', hint: '', details: {} }
}

export function expectNoTrace(ran: Ran): void {
  expect(ran.out + ran.err, `${words(ran)}`).not.toMatch(/^ {4}at |node:internal|node_modules|\bFAULT\b/m)
  expect(ran.signal, `${words(ran)}`).toBe(null)
}

export function words({ args, exit, signal, out, err, ms }: Ran): string {
  const end = signal === null ? `exit ${exit}` : `ended by ${signal}`
  const shown = args.map((arg) => JSON.stringify(arg.length > 80 ? `${arg.slice(0, 80)}…` : arg))
  return `tide ${shown.join(' ')}: ${end} after ${Math.round(ms)} ms\n${out.slice(0, 1000)}\n${err.slice(0, 2000)}`
}

/** Work for several at once: each of `workers` takes the next until there is no more. */
export async function inParallel<Item>(
  items: readonly Item[],
  workers: number,
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index]
      if (item !== undefined) await work(item, index)
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
}

function run(args: readonly string[], options: RunOptions, base: Environment): Promise<Ran> {
  const { cwd, env = {}, input, command = builtCommand, asNobody = false, killAfterMs = HANGS_AFTER_MS } = options
  const began = performance.now()
  const child = spawn(process.execPath, [command, ...args], {
    cwd,
    env: { ...base, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(asNobody && { uid: NOBODY, gid: NOBODY }),
    timeout: killAfterMs,
    killSignal: 'SIGKILL',
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout?.on('data', (part: Buffer) => out.push(part))
  child.stderr?.on('data', (part: Buffer) => err.push(part))
  // A command that refuses before it reads closes the pipe.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exit, signal) =>
      resolve({
        args,
        exit,
        signal,
        out: Buffer.concat(out).toString(),
        err: Buffer.concat(err).toString(),
        ms: performance.now() - began,
      }),
    )
  })
}
