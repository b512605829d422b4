/** Which relay a workspace belongs to, and with which token: from its settings, this user's state, the environment. */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findRelay } from '../adapters/node/discovery.ts'
import { guarded } from '../adapters/node/disk-errors.ts'
import { stateFolder, type Environment } from '../adapters/node/places.ts'
import { TaskError, type Config } from '../src/index.ts'

export interface RelayPlace {
  /** `ws://127.0.0.1:5173`; a project is at `/sync/<project>` behind it. */
  readonly url: string
  /** `http://127.0.0.1:5174` */
  readonly http: string
  readonly token: string | undefined
}

/** Undefined where there is none now: the project has none, or none runs on this machine. */
export function relayPlace(
  { relay, project }: Pick<Config, 'relay' | 'project'>,
  env: Environment,
): RelayPlace | undefined {
  if (relay === 'none') return undefined
  if (relay === 'auto') {
    const found = findRelay(env)
    return found === undefined ? undefined : { url: found.url, http: found.http, token: found.secret }
  }
  const { url, http } = parseRelayUrl(relay)
  return { url, http, token: tokenFor(url, project, env) }
}

/** `ws`, `wss`, `http` and `https` are all understood; a path behind the host belongs to a project, not to the relay. */
export function parseRelayUrl(text: string): {
  readonly url: string
  readonly http: string
  readonly project: string | null
} {
  const parsed = URL.canParse(text) ? new URL(text) : undefined
  const scheme = parsed?.protocol
  if (
    parsed === undefined ||
    parsed.host === '' ||
    !(scheme === 'ws:' || scheme === 'wss:' || scheme === 'http:' || scheme === 'https:')
  )
    throw new TaskError('INVALID_INPUT', {
      field: 'relay',
      problem: `"${text.slice(0, 200)}" is not the address of a relay`,
      fix: 'give one like wss://relay.example:5173',
    })
  const secure = scheme === 'wss:' || scheme === 'https:' ? 's' : ''
  const [, project = null] = /^\/sync\/([^/]+)\/?$/.exec(parsed.pathname) ?? []
  return { url: `ws${secure}://${parsed.host}`, http: `http${secure}://${parsed.host}`, project }
}

type Kept = { readonly [relay: string]: { readonly [project: string]: string } }

/** From the environment, else what `tide join` kept. */
function tokenFor(url: string, project: string, env: Environment): string | undefined {
  const { TIDEMARK_RELAY_TOKEN, TIDEMARK_TASK, TIDEMARK_TOKEN } = env
  // Beside a task it is the token of the claim, which a program that runs while the task is held finds there.
  const given = [TIDEMARK_RELAY_TOKEN, TIDEMARK_TASK === undefined ? TIDEMARK_TOKEN : undefined]
  return given.find((token) => token !== undefined && token !== '') ?? readKept(env)[url]?.[project]
}

/** In a file that only this user can read, outside every workspace: no token is ever committed. */
export function keepToken(url: string, project: string, token: string, env: Environment): void {
  const path = tokensPath(env)
  const kept = readKept(env)
  const text = JSON.stringify({ ...kept, [url]: { ...kept[url], [project]: token } }, null, 2)
  guarded('FILE_UNWRITABLE', path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const temporary = `${path}.${process.pid}.tide-tmp`
    writeFileSync(temporary, `${text}\n`, { mode: 0o600 })
    chmodSync(temporary, 0o600)
    renameSync(temporary, path)
  })
}

function readKept(env: Environment): Kept {
  const path = tokensPath(env)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return {} // none were kept
  }
  try {
    return JSON.parse(text) as Kept
  } catch (cause) {
    throw new TaskError('FILE_UNREADABLE', { path, reason: 'it is not JSON' }, { cause })
  }
}

function tokensPath(env: Environment): string {
  return join(stateFolder(env), 'tokens.json')
}
