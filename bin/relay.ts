/** `tidemark/relay`: the relay on this machine, for programs that run one themselves. Joins store, rooms and doors. */
import { openHttpServer } from '../adapters/http/server.ts'
import { nodeRuntime } from '../adapters/node/runtime.ts'
import { webSocketDoor } from '../adapters/websocket/server.ts'
import { TaskError, type Relay, type RelayLimits, type RelayOptions, type Runtime } from '../src/index.ts'
import { closeAll } from './closing.ts'
import { openRelayRooms } from './relay-rooms.ts'
import { relayRoutes } from './relay-routes.ts'

export interface RelayServerOptions {
  /** The folder of its store; made when missing. One relay at a time has it. */
  readonly data: string
  /** @default 127.0.0.1 */
  readonly host?: string
  /** WebSockets and pages; 0 is any free one. @default 5173 */
  readonly port?: number
  /** Pages only; null for none. @default 5174 */
  readonly httpPort?: number | null
  /** Where a port is in use the next free one is taken. @default false: PORT_TAKEN */
  readonly takesNextPort?: boolean
  /** Tokens that open everything. Needed to listen beyond this machine. @default none */
  readonly tokens?: readonly string[]
  /** One more that does not shut those out who have none. @default none */
  readonly house?: string
  /** Contents of files in PEM. @default no TLS */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Web pages that may connect beside those of this machine. @default none */
  readonly origins?: readonly string[]
  /** Names of this machine beyond its address. @default none */
  readonly hosts?: readonly string[]
  readonly limits?: Partial<RelayLimits>
  /** @default the machine's, which logs nothing */
  readonly runtime?: Runtime
}

export interface RunningRelay extends AsyncDisposable {
  /** Another one after its disk took nothing for a while. */
  readonly relay: Relay
  /** `ws://127.0.0.1:5173`; a project is at `/sync/<project>` behind it. */
  readonly url: string
  readonly http: string
  readonly ports: readonly number[]
}

const PORT = 5173
const HTTP_PORT = 5174
/** Tried one after the other from the first. */
const MOST_PORTS = 50

/** Listens, or throws: PORT_TAKEN, ADDRESS_OPEN, STORE_LOCKED. Closing it finishes what was heard and tells everyone. */
export async function openRelay(options: RelayServerOptions): Promise<RunningRelay> {
  const { data, host = '127.0.0.1', tokens = [], tls, origins, hosts, limits, runtime = nodeRuntime() } = options
  const isLoopback = isLoopbackHost(host)
  if (!isLoopback && tokens.length === 0) throw new TaskError('ADDRESS_OPEN', { host })
  const parts: AsyncDisposable[] = []
  const opened = <Part extends AsyncDisposable>(part: Part): Part => {
    parts.unshift(part)
    return part
  }
  try {
    const rooms = opened(await openRelayRooms(data, roomOptions(options, !isLoopback), runtime))
    const welcome = { isLoopback, ...(origins && { origins }), ...(hosts && { hosts }) }
    const door = opened(
      webSocketDoor({
        runtime,
        welcome,
        // What the rooms allow to wait is what is given up at once.
        ...(limits?.waitingBytes !== undefined && { maxBufferedBytes: limits.waitingBytes }),
        places: { '/sync/': (connection, { project, token }) => rooms.relay.welcome(connection, { project, token }) },
      }),
    )
    const server = opened(
      await listening(options, (ports) =>
        openHttpServer({
          host,
          ports,
          runtime,
          welcome,
          routes: relayRoutes(() => rooms.relay, runtime),
          upgrade: (request, socket, head) => door.upgrade(request, socket, head),
          ...(tls && { tls }),
        }),
      ),
    )
    const [port = 0, httpPort = port] = server.ports
    const shown = host.includes(':') ? `[${host}]` : host
    const secure = tls === undefined ? '' : 's'
    return {
      get relay() {
        return rooms.relay
      },
      url: `ws${secure}://${shown}:${port}`,
      http: `http${secure}://${shown}:${httpPort}`,
      ports: server.ports,
      // Nobody new first, then what runs is finished, then the store is free.
      [Symbol.asyncDispose]: () => closeAll(parts),
    }
  } catch (cause) {
    await closeAll(parts)
    throw cause
  }
}

function roomOptions({ tokens = [], house, limits }: RelayServerOptions, needsTokens: boolean): RelayOptions {
  return { masters: tokens, needsTokens, ...(limits && { limits }), ...(house !== undefined && { house }) }
}

async function listening<Server>(
  { port = PORT, httpPort = HTTP_PORT, takesNextPort = false }: RelayServerOptions,
  open: (ports: readonly number[]) => Promise<Server>,
): Promise<Server> {
  let ports = httpPort === null ? [port] : [port, httpPort]
  for (let attempt = 1; ; attempt++) {
    try {
      return await open(ports)
    } catch (cause) {
      const isTaken = cause instanceof TaskError && cause.code === 'PORT_TAKEN'
      if (!isTaken || !takesNextPort || attempt === MOST_PORTS) throw cause
      const taken = Number(cause.details['port'])
      const next = Math.max(...ports) + 1
      ports = ports.map((one) => (one === taken ? next : one))
    }
  }
}

function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
