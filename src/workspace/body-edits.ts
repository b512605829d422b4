/** Edits of bodies on the document itself: apart, because only they need Yjs while something is written. */
import type { TextEdit } from '../history/change.ts'
import type { Uid } from '../ids.ts'
import { editBody, eraseBodies, undoBodyEdit, type EditedBody } from '../task/body.ts'
import { bodyWrites } from '../task/body-values.ts'
import { BODY } from '../task/fields.ts'
import { shown, type TaskState, type Write } from '../task/registers.ts'
import type { Replica } from '../task/replica.ts'
import type { PlannedBody } from './plan.ts'

/** What they come to: updates of the document, writes of registers, rows of the history. */
export interface EditedBodies {
  readonly updates: readonly Uint8Array[]
  readonly writes: readonly Write[]
  readonly texts: readonly TextEdit[]
  /** Where the writer goes on. */
  readonly clock: number
}

export function editBodies(replica: Replica, planned: readonly PlannedBody[], client: number): EditedBodies {
  const updates: Uint8Array[] = []
  const writes: Write[] = []
  const texts: TextEdit[] = []
  let clock = 0
  for (const body of planned) {
    const { uid } = body
    const state = replica.tasks.get(uid)
    if (state === undefined) continue
    if ('erase' in body) {
      updates.push(...eraseBodies(replica, uid))
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
  return { updates, writes, texts, clock }
}

/** The shown body stays as it is, and has now seen its rivals. */
function settled(uid: Uid, state: TaskState): Write {
  return { uid, field: BODY, value: shown(state, BODY) ?? '' }
}

function textEdit(uid: Uid, { edit }: EditedBody): TextEdit {
  return { uid, ...edit }
}
