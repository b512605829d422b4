/** Which web pages and host names a server answers: only texts of headers come in, who someone is stays unknown. */
import { TaskError } from '../errors.ts'

export interface Welcome {
  /** Whether only programs on this machine reach the server. */
  readonly isLoopback: boolean
  /** Origins of web pages that may ask, as browsers write them: `https://board.example`. @default none */
  readonly origins?: readonly string[]
  /** Names of this server beyond those of the machine itself, without a port. @default none */
  readonly hosts?: readonly string[]
}

const LOOPBACK_NAME = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/
const LOOPBACK_ORIGIN = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/
const HOST = /^([^\s:@/\\[\]]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/

/**
 * Why a request is not answered; undefined when it may be. Programs send no origin and pass: a token is for them.
 * The host is looked at where no token is needed: any web page may give its own name our address (DNS rebinding).
 */
export function refusal(
  host: string | undefined,
  origin: string | undefined,
  { isLoopback, origins = [], hosts = [] }: Welcome,
): TaskError | undefined {
  if (isLoopback && !isOwnHost(host ?? '', hosts)) return refused('host', host ?? '')
  if (origin === undefined) return undefined
  const asked = origin.toLowerCase()
  if (origins.some((one) => one.toLowerCase() === asked)) return undefined
  // `null` is what a page in a sandbox or from a file says, whoever wrote it.
  return isLoopback && LOOPBACK_ORIGIN.test(asked) ? undefined : refused('origin', origin)
}

function isOwnHost(host: string, hosts: readonly string[]): boolean {
  const name = HOST.exec(host.toLowerCase())?.[1]
  if (name === undefined) return false
  return LOOPBACK_NAME.test(name) || hosts.some((one) => one.toLowerCase() === name)
}

function refused(what: 'host' | 'origin', value: string): TaskError {
  return new TaskError('ORIGIN_REFUSED', { what, value: value.slice(0, 200) })
}
