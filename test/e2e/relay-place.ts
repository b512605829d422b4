/** A relay as a process of its own, in a place on the disk that belongs to one test alone, and what tests ask of such processes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { build, type Plugin } from 'esbuild'
import { repository, requireBuilt } from './support.ts'

const builtRelay: string = join(repository, 'dist', 'tide-background.mjs')

export interface RelayProcess extends AsyncDisposable {
  readonly pid: number
  /** `ws://127.0.0.1:<port>` */
  readonly url: string
  readonly http: string
  /** What it said on standard error so far. */
  readonly log: readonly string[]
  /** Undefined while it runs. */
  readonly exit: () => { readonly code: number | null; readonly signal: string | null } | undefined
  readonly ended: Promise<void>
  kill(signal: NodeJS.Signals): Promise<void>
}

export interface RelayPlace extends AsyncDisposable {
  readonly root: string
  readonly data: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** At the same ports each time. */
  start(options?: StartOptions): Promise<RelayProcess>
}

export interface StartOptions {
  /** Another program than dist/tide-background.mjs. */
  readonly program?: string
  /** Options of the server beyond its ports and its data. */
  readonly options?: Readonly<Record<string, unknown>>
  /** A command that runs the rest of its line: `ip netns exec …`. */
  readonly under?: readonly string[]
}

export async function openRelayPlace({ data }: { readonly data?: string } = {}): Promise<RelayPlace> {
  requireBuilt(builtRelay)
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tide-relay-')))
  const at = (folder: string): string => {
    mkdirSync(join(root, folder), { mode: 0o700, recursive: true })
    return join(root, folder)
  }
  const env = {
    PATH: process.env['PATH'],
    HOME: at('home'),
    TMPDIR: at('tmp'),
    XDG_RUNTIME_DIR: at('run'),
    XDG_STATE_HOME: at('state'),
    LANG: 'C.UTF-8',
    NODE_PATH: join(repository, 'node_modules'),
  }
  const [port, httpPort] = await freePorts(2)
  const started: RelayProcess[] = []
  const place = { root, data: data ?? join(root, 'data'), env }
  return {
    ...place,
    start: async ({ program = builtRelay, options = {}, under = [] } = {}) => {
      const json = JSON.stringify({ data: place.data, port, httpPort, foreground: true, ...options })
      const relay = await startRelay(
        [...under, process.execPath, program, 'server', json],
        env,
        port ?? 0,
        httpPort ?? 0,
      )
      started.push(relay)
      return relay
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(started.map((relay) => relay[Symbol.asyncDispose]()))
      await rm(root, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

async function startRelay(
  [command = '', ...args]: readonly string[],
  env: RelayPlace['env'],
  port: number,
  httpPort: number,
): Promise<RelayProcess> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const log: string[] = []
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', (line) => log.push(line))
  const ended = once(child, 'exit').then(() => undefined)
  const exit: RelayProcess['exit'] = () =>
    child.exitCode === null && child.signalCode === null
      ? undefined
      : { code: child.exitCode, signal: child.signalCode }
  // It says where it listens once it does, or why it does not.
  const [said] = (await Promise.race([once(child, 'message'), ended.then(() => [])])) as readonly { ready?: object }[]
  if (said?.ready === undefined) throw new Error(`the relay did not begin: ${JSON.stringify(said)} ${log.join('\n')}`)
  const kill: RelayProcess['kill'] = async (signal) => {
    child.kill(signal)
    await ended
  }
  return {
    pid: child.pid ?? 0,
    url: `ws://127.0.0.1:${port}`,
    http: `http://127.0.0.1:${httpPort}`,
    log,
    exit,
    ended,
    kill,
    [Symbol.asyncDispose]: async () => {
      if (exit() === undefined) await kill('SIGKILL')
    },
  }
}

/** All at once, so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Looks again until it holds; says what did not come. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Rejects where it does not settle in time. */
export async function within<Result>(what: string, promise: Promise<Result>, ms = 20_000): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** MB of a process: now, and at most since `forgetPeak`. Zeros where the system does not tell. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const path = `/proc/${pid}/status`
  if (!existsSync(path)) return { now: 0, peak: 0 }
  const text = readFileSync(path, 'utf8')
  const megabytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) / 1024
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') }
}

export function forgetPeak(pid: number): void {
  if (existsSync(`/proc/${pid}/clear_refs`)) writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** A program of this tree in one file; `plugins` may change lines of it. */
export async function bundleProgram(
  entry: string,
  plugins: readonly Plugin[] = [],
): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'tide-program-'))
  const path = join(folder, 'program.mjs')
  await build({
    entryPoints: [join(repository, entry)],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(${JSON.stringify(join(repository, 'package.json'))});`,
    },
    external: ['classic-level', 'bufferutil', 'utf-8-validate'],
    logLevel: 'error',
    plugins: [...plugins, nativeParts],
  })
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

/** The native part of the store stays where it was installed; a bundle elsewhere would not find it by itself. */
const nativeParts: Plugin = {
  name: 'native-parts',
  setup(builder) {
    builder.onResolve({ filter: /^classic-level$/ }, () => ({
      path: join(repository, 'node_modules/classic-level/index.js'),
      external: true,
    }))
  },
}

/** The random number of a test's seed: which moments were tried can be tried again. */
export function dice(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
