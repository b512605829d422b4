/** Edits of bodies on the document itself: apart, because only they need Yjs while something is written. */
import type { TextEdit } from '../history/change.ts'
import type { Uid } from '../ids.ts'
import { editBody, eraseBodies, undoBodyEdit, type EditedBody } from '../task/body.ts'
import { editBodyAt, type BodyBase } from '../task/body-at.ts'
import { bodyWrites, nameOfBody } from '../task/body-values.ts'
import { STALE } from '../task/entry.ts'
import { BODY } from '../task/fields.ts'
import { aliveIn, shown, shownValue, type TaskState, type Write } from '../task/registers.ts'
import type { Replica } from '../task/replica.ts'
import type { PlannedBody } from './plan.ts'

/** What they come to: updates of the document, writes of registers, rows of the history. */
export interface EditedBodies {
  readonly updates: readonly Uint8Array[]
  readonly writes: readonly Write[]
  readonly texts: readonly TextEdit[]
  /** Where the writer goes on. */
  readonly clock: number
  /** What bodies consist of that were edited from a text shown earlier. */
  readonly bases: ReadonlyMap<Uid, BodyBase>
}

/** All in one transaction: each of its own would look at every writer there is, and a first edit brings one along. */
export function editBodies(replica: Replica, planned: readonly PlannedBody[], client: number): EditedBodies {
  const updates: Uint8Array[] = []
  const keep = (update: Uint8Array): void => void updates.push(update)
  const edits = new BodyEdits(replica, client)
  replica.doc.on('update', keep)
  try {
    replica.doc.transact(() => {
      for (const body of planned) edits.make(body)
    }, 'local')
  } finally {
    replica.doc.off('update', keep)
  }
  const { writes, texts, clock, bases } = edits
  return { updates, writes, texts, clock, bases }
}

class BodyEdits {
  readonly writes: Write[] = []
  readonly texts: TextEdit[] = []
  readonly bases = new Map<Uid, BodyBase>()
  clock = 0
  readonly #replica: Replica
  readonly #client: number

  constructor(replica: Replica, client: number) {
    this.#replica = replica
    this.#client = client
  }

  make(body: PlannedBody): void {
    const { uid } = body
    const state = this.#replica.tasks.get(uid)
    if (state === undefined) return
    if ('erase' in body) eraseBodies(this.#replica, uid)
    else if ('at' in body) this.#makeAt(body, state)
    else this.#makeNow(body, state)
  }

  /** Step by step from what it was when it was shown. */
  #makeAt(body: Extract<PlannedBody, { readonly at: BodyBase }>, state: TaskState): void {
    const { uid } = body
    let base = body.at
    for (const next of [...(body.via ?? []), body.next]) {
      const made = editBodyAt(this.#replica, uid, base, next, { client: this.#client, hasMade: body.hasMade })
      if (made === undefined) {
        // What it was edited from is not here: it stands beside what is, whole.
        this.writes.push({ uid, field: BODY, value: body.next, base: [] })
        return
      }
      base = made.now
      this.bases.set(uid, base)
      if (made.edited === undefined) continue
      this.writes.push(grownWrite(state, made.edited))
      this.texts.push(textEdit(uid, made.edited))
      if (made.edited.edit.client === this.#client) this.clock = made.edited.edit.to
    }
  }

  #makeNow(body: Exclude<PlannedBody, { readonly at: BodyBase } | { readonly erase: true }>, state: TaskState): void {
    const { uid } = body
    const edited =
      'next' in body
        ? editBody(this.#replica, state, body.next, this.#client)
        : undoBodyEdit(this.#replica, state, body.takeBack, this.#client, body.later)
    const settles = 'next' in body && body.settles === true
    if (edited === undefined) {
      if (settles) this.writes.push(settled(uid, state))
      return
    }
    this.writes.push(...bodyWrites(state, edited.reference, settles))
    this.texts.push(textEdit(uid, edited))
    this.clock = edited.edit.to
  }
}

/** The text that was edited; where another is shown by now, it is listed beside that. */
function grownWrite(state: TaskState, { edit, reference }: EditedBody): Write {
  const { uid } = state
  const values = aliveIn(state, BODY)
  const base = values.filter(({ value }) => nameOfBody(uid, value) === edit.text)
  const shownText = shownValue(values)
  const isShown = shownText === undefined || nameOfBody(uid, shownText.value) === edit.text
  return { uid, field: BODY, value: reference, base, ...(isShown ? {} : { rank: 'below', mark: STALE }) }
}

/** The shown body stays as it is, and has now seen its rivals. */
function settled(uid: Uid, state: TaskState): Write {
  return { uid, field: BODY, value: shown(state, BODY) ?? '' }
}

function textEdit(uid: Uid, { edit }: EditedBody): TextEdit {
  return { uid, ...edit }
}
