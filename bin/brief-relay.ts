/** One exchange of a short command with its relay, over a page of it: where the workspace has no owner that is connected. */
import { asTaskError, type Project, type RelayReport, type Relaying, TaskError, taskErrorFrom } from '../src/index.ts'
import { postBytes } from './relay-pages.ts'
import { relayPlace } from './relay-place.ts'
import type { Place } from './workspace-world.ts'

/** Nothing is asked before `settle`; a relay that is not there costs a look at one file. */
export class BriefRelay implements Relaying {
  #state: Pick<RelayReport, 'state' | 'reason'> = { state: 'idle' }
  skewMs = 0
  readonly #project: Project
  readonly #place: Place

  constructor(project: Project, place: Place) {
    this.#project = project
    this.#place = place
  }

  get isNear(): boolean {
    return relayPlace(this.#project.world.config, this.#place.env) !== undefined
  }

  report(): RelayReport {
    const { config } = this.#project.world
    const place = relayPlace(config, this.#place.env)
    if (place !== undefined && this.#state.state !== 'none') return { url: place.url, ...this.#state, others: [] }
    return { url: null, state: 'none', ...(config.relay === 'auto' && { reason: NONE_HERE }), others: [] }
  }

  async settle({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { config, runtime } = this.#project.world
    const place = relayPlace(config, this.#place.env)
    if (place === undefined) return
    try {
      const { exchangeOver, meetClaims } = await import('../src/index.ts')
      const before = (await this.#project.hold()).saved?.epoch
      const post = (request: Uint8Array): Promise<Uint8Array> =>
        postBytes(place, `/api/sync/${config.project}`, request, { signal })
      const { time, epoch } = await exchangeOver(this.#project, post)
      const skewMs = time - runtime.now()
      this.skewMs = Math.abs(skewMs) > SKEW_MS ? skewMs : 0
      this.#state = { state: 'synced' }
      this.#project.clock.hear(time)
      await this.#meetClaims(() => meetClaims(this.#project, this, { isOther: before !== epoch, signal }))
      // What was settled may have been written down: who waits for this exchange waits for that too.
      if ((await this.#project.hold()).unsynced > 0) await exchangeOver(this.#project, post)
    } catch (cause) {
      if (this.#failed(cause)) return
      throw cause
    }
  }

  async ask(
    method: string,
    params: { readonly waitMs?: number },
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<unknown> {
    const { config } = this.#project.world
    const place = relayPlace(config, this.#place.env)
    if (place === undefined) throw new TaskError('RELAY_UNREACHABLE', { url: 'this machine', reason: NONE_HERE })
    try {
      const body = new TextEncoder().encode(JSON.stringify({ method, params }))
      const answerMs = ASK_MS + (params.waitMs ?? 0)
      const bytes = await postBytes(place, `/api/sync/${config.project}/ask`, body, { ...options, answerMs })
      const answer = JSON.parse(new TextDecoder().decode(bytes)) as {
        readonly result?: unknown
        readonly error?: unknown
      }
      if (answer.error !== undefined) throw new Answered(taskErrorFrom(answer.error))
      return answer.result
    } catch (cause) {
      if (cause instanceof Answered) throw cause.error
      if (this.#failed(cause))
        throw new TaskError('RELAY_UNREACHABLE', { url: place.url, reason: NONE_HERE }, { cause })
      throw cause
    }
  }

  /** What the relay says of claims does not undo the exchange: one of an earlier version knows none. */
  async #meetClaims(meet: () => Promise<void>): Promise<void> {
    try {
      await meet()
    } catch (cause) {
      this.#project.world.runtime.log({ level: 'warn', event: 'claims.unheard', problem: String(cause) })
    }
  }

  /** Whether there is no relay at all: the note of one that is gone. */
  #failed(cause: unknown): boolean {
    const error = asTaskError(cause)
    if (this.#project.world.config.relay === 'auto' && isOfAnother(error)) {
      this.#state = { state: 'none' }
      return true
    }
    const { reason: told } = error.details
    const reason = typeof told === 'string' ? told : error.message
    this.#state = { state: error.code === 'RELAY_DENIED' ? 'denied' : 'unreachable', reason }
    return false
  }
}

/** The note is of a relay that is gone: nobody listens there, or another relay does, which does not know the secret. */
function isOfAnother({ details }: TaskError): boolean {
  return details['listening'] === false || details['status'] === 401
}

/** The relay was reached, and says what is wrong. */
class Answered extends Error {
  readonly error: TaskError

  constructor(error: TaskError) {
    super(error.message)
    this.error = error
  }
}

const SKEW_MS = 60_000
const ASK_MS = 10_000
const NONE_HERE = 'none runs on this machine; tide up runs one'
