/**
 * What is held, for everyone to see: the room beside a project that only the relay writes. Its map `claims` has each task that
 * somebody holds; renewals do not show there.
 */
import * as Y from 'yjs'
import { parseProjectId, type Uid } from '../ids.ts'
import type { Holding } from '../claims/request.ts'
import type { ClaimDesk } from './claim-desk.ts'

/** The room of a project's claims bears its name with this behind it. */
const CLAIMS_ROOM = '/claims'

export function isClaimsRoom(name: string): boolean {
  return name.endsWith(CLAIMS_ROOM)
}

/** No project has a slash in its name. */
export function projectOfRoom(name: string): string {
  return isClaimsRoom(name) ? name.slice(0, -CLAIMS_ROOM.length) : name
}

/** A project, or a project with the room of its claims behind it. */
export function parseRoomName(text: string): string {
  parseProjectId(projectOfRoom(text))
  return text
}

/** The room as far as the board needs it. */
export interface BoardRoom {
  /** All that the room has. Undefined where it is over. */
  whole(): Promise<readonly Uint8Array[] | undefined>
  publish(update: Uint8Array): void
}

interface Shown {
  readonly by: string
  readonly type: string
  readonly workspace: string
  readonly token: number
  readonly grantedAt: number
}

export class ClaimsBoard implements Disposable {
  readonly #desk: ClaimDesk
  readonly #room: BoardRoom
  readonly #document = new Y.Doc()
  readonly #watching: Disposable
  #isWorking = false
  /** What may not be shown as it is; null for everything. */
  #due: Set<Uid> | null = null
  #isLoaded = false
  #isOver = false
  readonly #failed: (cause: unknown) => void

  /** `failed`: what is shown may be older than what is. */
  constructor(desk: ClaimDesk, room: BoardRoom, failed: (cause: unknown) => void) {
    this.#desk = desk
    this.#room = room
    this.#failed = failed
    this.#watching = desk.watch((uids) => this.#show(uids))
    this.#show([])
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#watching[Symbol.dispose]()
    this.#document.destroy()
  }

  #show(uids: readonly Uid[]): void {
    for (const uid of uids) this.#due?.add(uid)
    if (!this.#isWorking) void this.#work().catch((cause: unknown) => this.#failed(cause))
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    while (this.#due?.size !== 0 && !this.#isOver) {
      if (!this.#isLoaded) {
        const whole = await this.#room.whole()
        if (whole === undefined) return // it is over
        for (const part of whole) Y.applyUpdate(this.#document, part)
        this.#isLoaded = true
      }
      const due = this.#due
      this.#due = new Set()
      const holdings = due === null ? await this.#desk.holdings() : await this.#desk.holdingsOf(due)
      if (this.#isOver) return
      const update = this.#change(due, holdings)
      if (update !== undefined) this.#room.publish(update)
    }
    this.#isWorking = false
  }

  /** From what the map says of these tasks to what is held; undefined where both are the same. */
  #change(due: ReadonlySet<string> | null, holdings: readonly Holding[]): Uint8Array | undefined {
    const map = this.#document.getMap<Shown>('claims')
    const updates: Uint8Array[] = []
    const collect = (update: Uint8Array): void => void updates.push(update)
    this.#document.on('update', collect)
    this.#document.transact(() => {
      const held = new Map(holdings.map((holding) => [String(holding.uid), holding]))
      for (const uid of due ?? Array.from(map.keys())) if (map.has(uid) && !held.has(uid)) map.delete(uid)
      for (const [uid, { by, type, workspace, token, grantedAt }] of held)
        if (map.get(uid)?.token !== token) map.set(uid, { by, type, workspace, token, grantedAt })
    })
    this.#document.off('update', collect)
    return updates[0]
  }
}
