/**
 * What files are asked for when rows of the document are lost. They were written when nothing was lost: what the document
 * does not say any more comes in as from a file that nobody remembers, and where both say something the file is the later one.
 */
import type { Uid } from '../ids.ts'
import type { FileRecord } from '../mirror/base.ts'
import { decode } from '../mirror/dangers.ts'
import type { FilePlan } from '../mirror/planning.ts'
import type { ReadFile } from '../mirror/read-file.ts'
import { seenNow } from '../mirror/saying.ts'
import { patchFor, saidBy, saidIn } from '../mirror/said.ts'
import { impliedBy, type Bodies, type FilesWorld, type MirrorHost } from '../mirror/world.ts'
import { BODY } from '../task/fields.ts'
import { aliveIn, type Write } from '../task/registers.ts'
import type { TaskTable } from '../task/table.ts'
import { isDeleted } from '../task/view.ts'

/** Tasks whose files are known to be older than the document: those bring in what is lost, and win nowhere. */
export type Due = ReadonlySet<Uid>

/** Of what files say only what the document has nothing of. */
export function onlyLost(plan: FilePlan, tasks: TaskTable, due: Due): FilePlan {
  const seeds = plan.seeds.flatMap(({ uid, values }) => {
    const state = tasks.get(uid)
    const lost = Object.entries(values).filter(([field]) => due.has(uid) || aliveIn(state, field).length === 0)
    return lost.length === 0 ? [] : [{ uid, values: Object.fromEntries(lost) }]
  })
  return { ...plan, seeds }
}

/** Bodies are taken whole: with characters missing, nothing can be merged into them. What such a body still says is listed. */
export async function wholeBodies(files: readonly ReadFile[], host: MirrorHost, due: Due): Promise<readonly Write[]> {
  const writes: Write[] = []
  for (const { uid, body } of files.flatMap(({ tasks }) => tasks)) {
    const state = host.tasks.get(uid)
    const alive = aliveIn(state, BODY)
    if (state === undefined || isDeleted(state) || due.has(uid) || body === undefined || alive.length === 0) continue
    const now = await host.body(state)
    if (now !== body) writes.push({ uid, field: BODY, value: body, base: now === '' ? alive : [], rank: 'above' })
  }
  return writes
}

/** Of a deleted task there is no file, unless nobody came to take it away: a deletion that was taken back, and that is what was lost. */
export function isWronglyDeleted({ tasks }: ReadFile, table: TaskTable, due: Due): boolean {
  return tasks.every(({ uid }) => {
    const state = table.get(uid)
    return state !== undefined && isDeleted(state) && !due.has(uid)
  })
}

/** What the file would hold had the document written it, but for the body: its text is an edit of that. Undefined where that cannot be said. */
export async function recordFromDocument(
  { files, format }: FilesWorld,
  host: MirrorHost,
  bodies: Bodies,
  { path, due }: { readonly path: string; readonly due: Due },
): Promise<FileRecord | undefined> {
  const content = await files.read(path).catch(() => undefined)
  const found = content === undefined ? undefined : decode(path, content.bytes)
  if (typeof found !== 'string') return undefined
  const { tasks, names, firstStatus } = host
  let text = found
  const seen = []
  for (const [place, task] of format.parse(path, found).tasks.entries()) {
    const state = task.id === null ? undefined : tasks.get(task.id as Uid)
    if (state === undefined || isDeleted(state) || due.has(state.uid)) return undefined
    const file = saidBy(task, names, impliedBy(path, task.body, firstStatus))
    const patch = patchFor(task, place, { file, live: saidIn(state), names })
    text = format.patch(path, text, [patch])
    seen.push(await seenNow(state, saidIn(state), task.body, bodies))
  }
  return seen.length === 0 ? undefined : { bases: [{ text, how: 'written', tasks: seen }] }
}
