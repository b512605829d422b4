/** What a project has and what someone else lacks of it: only what is really there. `isPartial`: more waits for something lost. */
import * as Y from 'yjs'
import type { Replica } from '../task/replica.ts'
import type { Missing } from '../sync/session.ts'
import type { Held } from './held.ts'
import type { Project } from './project.ts'

export async function vectorOf(project: Project, held: Held): Promise<Uint8Array> {
  return Y.encodeStateVector((await trueReplica(project, held)).doc)
}

export async function missingFor(
  project: Project,
  held: Held,
  vector: Uint8Array,
): Promise<Missing & { readonly isPartial: boolean }> {
  const { isFilled } = await project.replica()
  const { doc } = await trueReplica(project, held)
  const isPartial = isFilled || doc.store.pendingStructs !== null || doc.store.pendingDs !== null
  return { update: withoutWaiting(doc, () => Y.encodeStateAsUpdate(doc, vector)), written: held.written, isPartial }
}

/** A document in which something lost was stood in for is for reading: others get what is really there. */
async function trueReplica(project: Project, held: Held): Promise<Replica> {
  const replica = await project.replica()
  if (!replica.isFilled) return replica
  const { openReplica } = await import('../task/replica.ts')
  return openReplica(await held.document(), project.world.runtime.log)
}

/** What waits for something that is not here would make the relay refuse all of it. */
function withoutWaiting<Result>(doc: Y.Doc, work: () => Result): Result {
  const { pendingStructs, pendingDs } = doc.store
  doc.store.pendingStructs = null
  doc.store.pendingDs = null
  try {
    return work()
  } finally {
    doc.store.pendingStructs = pendingStructs
    doc.store.pendingDs = pendingDs
  }
}
