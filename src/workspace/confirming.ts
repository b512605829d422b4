/**
 * Has the numbers of new tasks confirmed by the relay, and writes what it answers. A confirmed number never changes. The
 * maker of a task asks at once; what others made is asked for after a while, where nobody did.
 */
import type { Uid } from '../ids.ts'
import { CONFIRMED, NUMBER } from '../task/fields.ts'
import { isConfirmed, numberOf } from '../task/keys.ts'
import { isGone } from '../task/view.ts'
import type { TaskTable } from '../task/table.ts'
import type { Project } from './project.ts'

type Numbered = readonly [uid: Uid, number: number]

/** Makes one question of what many commands ask. */
const SOON_MS = 50
/** What someone else has made is theirs to ask for first. */
const LATER_MS = 5_000
const MOST_IN_A_QUESTION = 500

export class KeyConfirming implements AsyncDisposable {
  readonly #project: Project
  readonly #ask: (method: string, params: unknown) => Promise<unknown>
  readonly #ended = new AbortController()
  #working: Promise<void> | undefined
  #isDue = false
  #isTeaching = false
  /** Tasks that may have to be asked for; all at first. */
  #candidates: Set<Uid> | 'all' = 'all'

  constructor(project: Project, ask: (method: string, params: unknown) => Promise<unknown>) {
    this.#project = project
    this.#ask = ask
  }

  /** In a moment, once for all that happens until then. @default all tasks */
  soon(uids?: Iterable<Uid>): void {
    if (uids === undefined || this.#candidates === 'all') this.#candidates = 'all'
    else for (const uid of uids) this.#candidates.add(uid)
    this.#isDue = true
    this.#begin()
  }

  /** The relay may not know which numbers were given for good: it is told before it gives any. */
  teach(): void {
    this.#isTeaching = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    await this.#working
  }

  #begin(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
      // It was asked for between the end of the work and here.
      if (this.#isDue && !this.#ended.signal.aborted) this.#begin()
    })
  }

  async #work(): Promise<void> {
    const { runtime } = this.#project.world
    const { signal } = this.#ended
    try {
      while (this.#isDue) {
        this.#isDue = false
        await runtime.sleep(SOON_MS, { signal })
        if (this.#isTeaching) await this.#teachAll()
        await this.#confirm(await this.#unconfirmed(true))
        if ((await this.#unconfirmed(false)).length === 0) continue
        await runtime.sleep(LATER_MS, { signal })
        await this.#confirm(await this.#unconfirmed(false))
      }
    } catch (cause) {
      // Without a connection nothing is confirmed: the next one asks again.
      if (!signal.aborted) runtime.log({ level: 'info', event: 'keys.unconfirmed', problem: String(cause) })
    }
  }

  async #unconfirmed(isOwn: boolean): Promise<readonly Numbered[]> {
    const tasks = await this.#project.tasks()
    const { client } = (await this.#project.hold()).cursor
    const candidates = this.#candidates === 'all' ? tasks.uids() : this.#candidates
    const open = [...candidates].filter((uid) => unconfirmedIn(tasks, uid).length > 0)
    this.#candidates = new Set(open)
    return open.flatMap((uid) => unconfirmedIn(tasks, uid, isOwn ? client : undefined))
  }

  async #teachAll(): Promise<void> {
    this.#isTeaching = false
    try {
      const tasks = await this.#project.tasks()
      const given = [...tasks.uids()].flatMap((uid) => confirmedIn(tasks, uid))
      for (let at = 0; at < given.length; at += MOST_IN_A_QUESTION)
        await this.#ask('keys.learn', { keys: given.slice(at, at + MOST_IN_A_QUESTION) })
    } catch (cause) {
      this.#isTeaching = true
      throw cause
    }
  }

  async #confirm(wishes: readonly Numbered[]): Promise<void> {
    for (let at = 0; at < wishes.length; at += MOST_IN_A_QUESTION) {
      const keys = wishes.slice(at, at + MOST_IN_A_QUESTION)
      const given = parseGiven(await this.#ask('keys.confirm', { keys }))
      await this.#project.commit((tasks) => ({
        verb: 'confirm',
        writes: given.flatMap(([uid, number]) => {
          const state = tasks.get(uid)
          return state === undefined || isConfirmed(state) ? [] : [{ uid, field: CONFIRMED, value: number }]
        }),
        lastNumber: Math.max(0, ...given.map(([, number]) => number)),
      }))
    }
  }
}

/** `writer`: only of tasks that this Yjs client made. */
function unconfirmedIn(tasks: TaskTable, uid: Uid, writer?: number): readonly Numbered[] {
  const state = tasks.get(uid)
  if (state === undefined || isGone(state) || isConfirmed(state)) return []
  const number = numberOf(state)
  if (number === undefined) return []
  if (writer !== undefined && !(state.registers.get(NUMBER) ?? []).some(({ client }) => client === writer)) return []
  return [[uid, number]]
}

function confirmedIn(tasks: TaskTable, uid: Uid): readonly Numbered[] {
  const state = tasks.get(uid)
  const number = state === undefined || !isConfirmed(state) ? undefined : numberOf(state)
  return number === undefined ? [] : [[uid, number]]
}

function parseGiven(answer: unknown): readonly Numbered[] {
  const keys = typeof answer === 'object' && answer !== null && 'keys' in answer ? answer.keys : []
  return Array.isArray(keys) ? (keys as readonly Numbered[]) : []
}
