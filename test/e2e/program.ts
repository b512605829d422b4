/** Programs that embed a workspace, built from this tree and run as processes that tests can talk to, stop and kill. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build, type Plugin } from 'esbuild'
import { repository, type Answer, type Environment, type Place } from './support.ts'

export interface Program extends AsyncDisposable {
  readonly pid: number
  /** Everything it said so far. */
  readonly said: readonly string[]
  /** The line with this number from 0 on; rejects when it ends before. */
  line(index: number): Promise<string>
  /** One call on its workspace. */
  call(method: string, params?: object): Promise<Answer>
  kill(signal: NodeJS.Signals): void
  /** Closes its input: the sign to leave. */
  leave(): Promise<number | null>
  /** All it said has been read by then. */
  readonly ended: Promise<number | null>
}

export interface ProgramOptions {
  /** What it takes itself for. @default this version */
  readonly version?: string
  /** The number of the protocol that it speaks. @default this one's */
  readonly protocol?: number
}

/** One file of plain JavaScript: Node 20 runs no TypeScript. */
export async function buildProgram({ version, protocol }: ProgramOptions = {}): Promise<
  { readonly path: string } & AsyncDisposable
> {
  const folder = mkdtempSync(join(tmpdir(), 'tide-program-'))
  const path = join(folder, 'embedding.cjs')
  await build({
    entryPoints: [join(repository, 'test/e2e/embedding-child.ts')],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['classic-level'],
    logLevel: 'error',
    plugins: [
      changing(/bin[\\/]version\.ts$/, /VERSION = .*/, version === undefined ? undefined : `VERSION = '${version}'`),
      changing(/api[\\/]wire\.ts$/, /const WIRE_PROTOCOL = .*/, protocol && `const WIRE_PROTOCOL = ${protocol}`),
    ],
  })
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

/** A line of the source, changed on the way: fails where it is not found. */
export function changing(filter: RegExp, line: RegExp, by: string | number | undefined): Plugin {
  return {
    name: String(filter),
    setup(builder) {
      if (by === undefined) return
      builder.onLoad({ filter }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        if (!line.test(source)) throw new Error(`${path} has no ${String(line)} any more`)
        return { contents: source.replace(line, String(by)), loader: 'ts' }
      })
    },
  }
}

/** `under` is a command that runs the rest of its line: `ip netns exec …`. */
export function startProgram(
  path: string,
  args: readonly string[],
  env: Environment,
  under: readonly string[] = [],
): Program {
  const [command = '', ...words] = [...under, process.execPath, path, ...args]
  const child = spawn(command, words, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...env, NODE_PATH: join(repository, 'node_modules') },
  })
  const said: string[] = []
  let asked = 0
  let isOver = false
  const input = createInterface({ input: child.stdout })
  input.on('line', (line) => {
    said.push(line)
    child.emit('said')
  })
  const ended = (async () => {
    const [[exit]] = (await Promise.all([once(child, 'close'), once(input, 'close')])) as [[number | null], unknown]
    isOver = true
    child.emit('said')
    return exit
  })()
  child.stdin.on('error', () => undefined)

  async function line(index: number): Promise<string> {
    for (;;) {
      const found = said[index]
      if (found !== undefined) return found
      if (isOver) throw new Error(`the program ended; it had said: ${said.slice(-5).join(' | ') || 'nothing'}`)
      await once(child, 'said')
    }
  }

  return {
    pid: child.pid ?? 0,
    said,
    line,
    call: async (method, params = {}) => {
      asked++
      child.stdin.write(`${JSON.stringify({ method, params })}\n`)
      return JSON.parse(await line(asked)) as Answer
    },
    kill: (signal) => void child.kill(signal),
    leave: () => {
      child.stdin.end()
      return ended
    },
    ended,
    [Symbol.asyncDispose]: async () => {
      if (!isOver) child.kill('SIGKILL')
      await ended
    },
  }
}

/** A process that has the workspace open and answers for it. */
export async function startOwner(path: string, place: Place): Promise<Program> {
  const program = startProgram(path, ['hold', place.dir], place.env)
  const first = await program.line(0)
  if (first !== 'owner') {
    await program[Symbol.asyncDispose]()
    throw new Error(`it does not own the workspace: ${first}`)
  }
  return program
}
