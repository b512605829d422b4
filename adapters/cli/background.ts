/** What commands ask of processes that outlive them: the background process, the relay, tokens of a relay. */

export interface UpReport {
  readonly pid: number
  readonly version: string
  readonly since: string
  readonly workspaces: readonly { readonly dir: string; readonly state: 'live' | 'waiting'; readonly reason?: string }[]
  /** Of the relay that runs in the process; null where none does. */
  readonly relay: string | null
  /** Why it runs none, where it should. */
  readonly relayProblem?: string
}

export interface ServerOptions {
  readonly host?: string
  readonly port?: number
  readonly httpPort?: number
  readonly data?: string
  readonly tokenFile?: string
  readonly cert?: string
  readonly key?: string
  readonly origins?: readonly string[]
}

export interface ServerReport {
  readonly running: boolean
  readonly url: string | null
  readonly http: string | null
  readonly pid: number | null
  readonly version: string | null
  readonly since: string | null
  /** `tide up` or `tide server`: what it runs in. */
  readonly by: string | null
  readonly rooms: readonly { readonly project: string | null; readonly connections: number }[]
  readonly counters: Readonly<Record<string, number>>
}

export type Rights = 'read' | 'write' | 'admin'

export interface TokenReport {
  readonly id: string
  readonly project: string
  readonly rights: Rights
  readonly label: string
  readonly createdAt: string
}

/** Whether this call has started it. */
export type Started<Report> = Report & { readonly started: boolean }

export interface Background {
  /** Keeps the workspace at or above `dir` live; starts the process where none runs, replaces one of an older version. */
  up(dir: string): Promise<Started<UpReport> & { readonly dir: string }>
  /** As `up`, in this terminal and until it is ended: its exit code. `ready` is told once. */
  upHere(dir: string, ready: (report: Started<UpReport> & { readonly dir: string }) => Promise<void>): Promise<number>
  /** Null where no process runs. */
  down(dir: string): Promise<(UpReport & { readonly dir: string; readonly wasLive: boolean }) | null>
  /** Ends the process; null where none runs. */
  downAll(): Promise<UpReport | null>
  startServer(options: ServerOptions): Promise<Started<ServerReport>>
  /** In this terminal, until it is ended: its exit code. `ready` is told once. */
  serveHere(options: ServerOptions, ready: (report: Started<ServerReport>) => Promise<void>): Promise<number>
  /** `ended` is the process that was; null where none ran. */
  stopServer(): Promise<ServerReport & { readonly ended: number | null }>
  serverStatus(): Promise<ServerReport>
  createToken(dir: string, rights: Rights, label: string): Promise<TokenReport & { readonly token: string }>
  listTokens(dir: string): Promise<readonly TokenReport[]>
  /** False where the project has no such token. */
  revokeToken(dir: string, id: string): Promise<boolean>
  /** Makes or moves the workspace at `dir` to a relay, once that lets it in. */
  join(
    dir: string,
    options: { readonly url: string; readonly token?: string; readonly project?: string },
  ): Promise<{ readonly dir: string; readonly project: string; readonly url: string; readonly created: boolean }>
}
