/** A small world for commands: everything in memory, every call on record. */
import type { Background, ServerReport, TokenReport, UpReport } from '../../../adapters/cli/background.ts'
import {
  rowText,
  TaskError,
  type Json,
  type MethodName,
  type Params,
  type Result,
  type TaskDetail,
  type TaskFilter,
  type TaskView,
} from '../../../src/internal.ts'
import type {
  CliWorld,
  InitOptions,
  InitOutcome,
  Listing,
  ListRow,
  OpenWorkspace,
  Output,
  Program,
} from '../../../adapters/cli/world.ts'
import { FakeProject } from './fake-project.ts'

export interface FakeOptions {
  readonly tasks?: readonly TaskDetail[]
  readonly env?: Readonly<Record<string, string>>
  /** Columns of the terminal; without it both streams are pipes. */
  readonly terminal?: number
  readonly colour?: boolean
  readonly input?: string
  /** What a person answers when asked; without it nobody is there. */
  readonly answer?: string
  readonly files?: Readonly<Record<string, string>>
  /** Thrown by every call on a workspace. */
  readonly failure?: Error
}

export type Call = readonly [name: string, ...details: readonly unknown[]]

export class FakeWorld implements CliWorld {
  readonly args: readonly string[]
  readonly cwd = '/shop/deep'
  readonly version = '1.2.3'
  readonly env: Readonly<Record<string, string>>
  readonly stdout: Output
  readonly stderr: Output
  readonly inputIsTerminal: boolean
  readonly project: FakeProject
  readonly files: Map<string, Uint8Array>
  /** In order: `['open', dir, options]`, `['tasks.update', params]`, `['list', dir, filter]` and so on. */
  readonly calls: Call[] = []
  readonly settings: Record<string, Json> = { schema: 1, project: 'project-1', prefix: 'T', statuses: ['todo', 'done'] }
  out = ''
  err = ''
  opened = 0
  closed = 0
  scratches = 0
  /** By timers; the clock goes on while the machine sleeps, too. */
  time = 0
  asleepMs = 0
  running: () => Promise<number> = async () => 0
  programEnv: CliWorld['env'] = {}
  readonly #naps: { readonly until: number; readonly resolve: () => void }[] = []
  readonly #options: FakeOptions

  constructor(args: readonly string[], options: FakeOptions = {}) {
    this.args = args
    this.#options = options
    this.env = options.env ?? {}
    this.inputIsTerminal = options.answer !== undefined
    this.project = new FakeProject(options.tasks)
    this.files = new Map(
      Object.entries(options.files ?? {}).map(([path, text]) => [path, new TextEncoder().encode(text)]),
    )
    this.stdout = this.output((text) => (this.out += text))
    this.stderr = this.output((text) => (this.err += text))
  }

  async open(dir: string, options: { readonly actor?: string } = {}): Promise<OpenWorkspace> {
    this.calls.push(['open', dir, options])
    this.opened += 1
    const call = async <Name extends MethodName>(method: Name, params: Params<Name>): Promise<Result<Name>> => {
      this.calls.push([method, params])
      this.fail()
      return this.project.handlers[method](params, options.actor)
    }
    const close = async (): Promise<void> => void (this.closed += 1)
    return { dir, call, [Symbol.asyncDispose]: close }
  }

  async list(dir: string, filter: TaskFilter): Promise<Listing> {
    this.calls.push(['list', dir, filter])
    this.fail()
    const all = filter.all === true ? this.project.all() : this.project.all().filter(({ deleted }) => !deleted)
    return this.listing(filter.ready === true ? all.filter(({ ready }) => ready) : all)
  }

  async search(
    dir: string,
    words: string,
    options: { readonly all?: boolean; readonly limit?: number },
  ): Promise<Listing> {
    this.calls.push(['search', dir, words, options])
    this.fail()
    return this.listing(this.project.all().filter(({ title }) => title.includes(words)))
  }

  async init(options: InitOptions): Promise<InitOutcome> {
    this.calls.push(['init', options])
    this.fail()
    return {
      dir: options.dir,
      project: 'project-1',
      format: options.format ?? 'native',
      tasks: options.tasks ?? 'tasks',
      created: true,
      imported: 0,
    }
  }

  async edit(dir: string, path: string): Promise<void> {
    this.calls.push(['edit', dir, path])
    this.fail()
  }

  /** Ends with 0 at once, unless a test gives `running` another life. */
  async program(name: string): Promise<Program> {
    this.calls.push(['program', name])
    if (name === 'no-such-program') throw new TaskError('FILE_NOT_FOUND', { path: name })
    return {
      run: (args, env) => {
        this.calls.push(['run', args])
        this.programEnv = env
        return this.running()
      },
    }
  }

  now(): number {
    return this.time + this.asleepMs
  }

  sleep(ms: number, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      this.#naps.push({ until: this.time + ms, resolve })
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  }

  /** Time goes on by hand, nap by nap; returns when what woke up has done its work. */
  async tick(ms: number): Promise<void> {
    const end = this.time + ms
    for (;;) {
      const next = this.#naps.toSorted((a, b) => a.until - b.until)[0]
      if (next === undefined || next.until > end) break
      this.time = next.until
      this.#naps.splice(this.#naps.indexOf(next), 1)
      next.resolve()
      await settled()
    }
    this.time = end
  }

  async readConfig(dir: string): Promise<{ path: string; settings: Readonly<Record<string, Json>> }> {
    this.calls.push(['readConfig', dir])
    this.fail()
    return { path: `${dir}/tidemark.json`, settings: this.settings }
  }

  async writeConfig(dir: string, name: string, value: Json): Promise<void> {
    this.calls.push(['writeConfig', dir, name, value])
    this.fail()
    this.settings[name] = value
  }

  async readFile(path: string): Promise<Uint8Array> {
    const bytes = this.files.get(path)
    if (bytes === undefined) throw new TaskError('FILE_NOT_FOUND', { path })
    return bytes
  }

  async writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
    if (this.files.has(path)) throw new TaskError('FILE_EXISTS', { path })
    this.files.set(path, bytes)
  }

  async readInput(): Promise<string> {
    return this.#options.input ?? ''
  }

  async ask(question: string): Promise<string | undefined> {
    this.calls.push(['ask', question])
    return this.#options.answer
  }

  /** Each call is noted; what it answers is fixed. */
  async background(): Promise<Background> {
    const note =
      <Answer>(name: string, answer: Answer) =>
      async (...given: readonly unknown[]): Promise<Answer> => {
        this.calls.push([name, ...given])
        this.fail()
        return answer
      }
    const up: UpReport = {
      pid: 7,
      version: '1.2.3',
      since: '2026-01-01T00:00:00.000Z',
      workspaces: [{ dir: '/shop', state: 'live' }],
      relay: 'ws://127.0.0.1:5173',
    }
    const server: ServerReport = {
      running: true,
      url: 'ws://127.0.0.1:5173',
      http: 'http://127.0.0.1:5174',
      pid: 8,
      version: '1.2.3',
      since: '2026-01-01T00:00:00.000Z',
      by: 'tide server',
      rooms: [{ project: 'project-1', connections: 2 }],
      counters: { connected: 2 },
    }
    const token: TokenReport = {
      id: 'id000001',
      project: 'project-1',
      rights: 'write',
      label: 'sara',
      createdAt: '2026-01-01T00:00:00.000Z',
    }
    return {
      up: note('up', { ...up, dir: '/shop', started: true }),
      upHere: async (dir, ready) => {
        await note('upHere', 0)(dir)
        await ready({ ...up, dir: '/shop', started: true })
        return 0
      },
      down: note('down', { ...up, dir: '/shop', wasLive: true }),
      downAll: note('downAll', up),
      startServer: note('startServer', { ...server, started: true }),
      serveHere: async (options, ready) => {
        await note('serveHere', 0)(options)
        await ready({ ...server, started: true })
        return 0
      },
      stopServer: note('stopServer', { ...server, running: false, ended: 8 }),
      serverStatus: note('serverStatus', server),
      createToken: note('createToken', { ...token, token: 'tide_secret' }),
      listTokens: note('listTokens', [token]),
      revokeToken: note('revokeToken', true),
      join: note('join', { dir: '/shop', project: 'project-1', url: 'wss://relay.example:5173', created: false }),
    }
  }

  async scratch(): Promise<{ readonly dir: string } & AsyncDisposable> {
    this.scratches += 1
    const remove = async (): Promise<void> => void (this.scratches -= 1)
    return { dir: '/scratch', [Symbol.asyncDispose]: remove }
  }

  private fail(): void {
    if (this.#options.failure !== undefined) throw this.#options.failure
  }

  private output(onText: (text: string) => unknown): Output {
    const { terminal, colour = false } = this.#options
    const write = (text: string | Uint8Array): void =>
      void onText(typeof text === 'string' ? text : new TextDecoder().decode(text))
    return { write, isTerminal: terminal !== undefined, columns: terminal ?? 0, colour }
  }

  private listing(tasks: readonly TaskView[]): Listing {
    const rows = tasks.map((task): ListRow => ({ ...task, kind: this.project.kindOf(task.status) }))
    return { count: tasks.length, rows: () => rows, lines: () => linesOf(rows), json: () => piecesOf(tasks) }
  }
}

function* linesOf(rows: readonly ListRow[]): Iterable<string | Uint8Array> {
  for (const [index, row] of rows.entries()) {
    const text = `${rowText(row)}\n`
    yield index % 2 === 0 ? text : new TextEncoder().encode(text)
  }
}

/** Until everything that could go on has gone on: the fake world waits for nothing but its clock. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Text and bytes mixed, as a real index answers. */
function* piecesOf(tasks: readonly TaskView[]): Iterable<string | Uint8Array> {
  yield '{"schema":1,"tasks":['
  for (const [index, task] of tasks.entries()) {
    const text = `${index === 0 ? '' : ','}${JSON.stringify(task)}`
    yield index % 2 === 0 ? text : new TextEncoder().encode(text)
  }
  yield ']}'
}
