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

export function editBodies(replica: Replica, planned: readonly PlannedBody[], client: number): EditedBodies {
  const updates: Uint8Array[] = []
  const writes: Write[] = []
  const texts: TextEdit[] = []
  const bases = new Map<Uid, BodyBase>()
  let clock = 0
  for (const body of planned) {
    const { uid } = body
    const state = replica.tasks.get(uid)
    if (state === undefined) continue
    if ('erase' in body) {
      updates.push(...eraseBodies(replica, uid))
      continue
    }
    if ('at' in body) {
      let base = body.at
      for (const next of [...(body.via ?? []), body.next]) {
        const made = editBodyAt(replica, uid, base, next, { client, hasMade: body.hasMade })
        if (made === undefined) {
          // What it was edited from is not here: it stands beside what is, whole.
          writes.push({ uid, field: BODY, value: body.next, base: [] })
          break
        }
        base = made.now
        bases.set(uid, base)
        if (made.edited === undefined) continue
        updates.push(...made.edited.updates)
        writes.push(grownWrite(state, made.edited))
        texts.push(textEdit(uid, made.edited))
        if (made.edited.edit.client === client) clock = made.edited.edit.to
      }
      continue
    }
    const edited =
      'next' in body
        ? editBody(replica, state, body.next, client)
        : undoBodyEdit(replica, state, body.takeBack, client, body.later)
    const settles = 'next' in body && body.settles === true
    if (edited === undefined) {
      if (settles) writes.push(settled(uid, state))
      continue
    }
    updates.push(...edited.updates)
    writes.push(...bodyWrites(state, edited.reference, settles))
    texts.push(textEdit(uid, edited))
    clock = edited.edit.to
  }
  return { updates, writes, texts, clock, bases }
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
