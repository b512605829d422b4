/** The methods that look back: what happened, and taking one change back. */
import type { ChangeView, Params, Result } from '../api/methods.ts'
import { TaskError } from '../errors.ts'
import { shownEdits, touched, type Change, type TextEdit } from '../history/change.ts'
import { planUndo } from '../history/undo.ts'
import type { Uid } from '../ids.ts'
import { BODY } from '../task/fields.ts'
import { parseCount, parseText } from '../task/input.ts'
import { isoTime } from '../task/time.ts'
import { isGone, keyOfTask } from '../task/view.ts'
import { findTask } from './find.ts'
import type { Project } from './project.ts'
import { viewIn } from './writing.ts'

/** Newest first. */
export async function listHistory(project: Project, params: Params<'history.list'>): Promise<Result<'history.list'>> {
  const limit = params.limit === undefined ? Number.POSITIVE_INFINITY : parseCount('limit', params.limit)
  // A number that became final is no news: people read of it as the key of the task.
  const changes = (await (await project.hold()).history()).filter(({ verb }) => verb !== 'confirm')
  const uid = params.key === undefined ? undefined : findTask(params.key, project.context(await project.tasks())).uid
  const undone = undoneBy(changes)
  const wanted = uid === undefined ? changes : changes.filter((change) => touched(change).includes(uid))
  return {
    changes: lastOf(wanted, limit).map((change) => viewChange(change, undone, uid)),
  }
}

/** The newest first. Of what came from elsewhere only that which says something that people read about. */
function lastOf(changes: readonly Change[], limit: number): readonly Change[] {
  const last: Change[] = []
  for (let index = changes.length - 1; index >= 0 && last.length < limit; index--) {
    const change = changes[index]
    if (
      change !== undefined &&
      (change.verb !== 'remote' || change.edits.length === 0 || shownEdits(change).length > 0)
    )
      last.push(change)
  }
  return last
}

export async function undoChange(
  project: Project,
  params: Params<'history.undo'>,
  by: string | null,
): Promise<Result<'history.undo'>> {
  let uids: readonly Uid[] = []
  const done = await project.commit(async (known) => {
    const changes = await (await project.hold()).history()
    const uid = params.key === undefined ? undefined : findTask(params.key, project.context(known)).uid
    const { actor } = await project.hold()
    const change = pick(changes, uid, params, actor)
    // Bodies are compared by their texts, which only the document has.
    const tasks = change.edits.some(({ field }) => field === BODY) ? (await project.replica()).tasks : known
    const context = project.context(tasks)
    uids = touched(change)
    const keyOf = (name: string): string => {
      const state = tasks.get(name as Uid)
      return state === undefined || isGone(state) ? (change.keys[name] ?? name) : keyOfTask(state, context)
    }
    return {
      verb: 'undo',
      by,
      undoes: change.id,
      writes: planUndo(change, tasks, keyOf),
      bodies: change.texts.map((edit) => ({ uid: edit.uid, takeBack: edit, later: editsSince(changes, change, edit) })),
    }
  })
  if (done === undefined) throw new TaskError('CHANGE_NOT_FOUND', { where: ': it changed nothing' })
  const context = project.context(await project.tasks())
  return { change: viewChange(done, new Map()), tasks: uids.flatMap((uid) => viewIn(uid, context)) }
}

function editsSince(changes: readonly Change[], change: Change, { uid, text }: TextEdit): readonly TextEdit[] {
  return changes
    .slice(changes.indexOf(change) + 1)
    .flatMap(({ texts }) => texts.filter((edit) => edit.uid === uid && edit.text === text))
}

function pick(changes: readonly Change[], uid: Uid | undefined, params: Params<'history.undo'>, actor: string): Change {
  const undone = undoneBy(changes)
  if (params.change !== undefined) {
    const id = parseText('change', params.change)
    const named = changes.find((change) => change.id === id)
    if (named === undefined) throw new TaskError('CHANGE_NOT_FOUND', { where: ` with the id ${id.slice(0, 40)}` })
    if (NOT_UNDOABLE.has(named.verb))
      throw new TaskError('CHANGE_NOT_FOUND', { where: `: ${named.verb} is not a change that can be` })
    if (undone.has(id)) throw new TaskError('CHANGE_NOT_FOUND', { where: `: ${id} was taken back already` })
    return named
  }
  const own = changes
    .toReversed()
    .find(
      (change) =>
        change.actor === actor &&
        UNDOABLE.has(change.verb) &&
        !undone.has(change.id) &&
        (uid === undefined || touched(change).includes(uid)),
    )
  if (own === undefined)
    throw new TaskError('CHANGE_NOT_FOUND', { where: params.key === undefined ? '' : ` of ${params.key}` })
  return own
}

const NOT_UNDOABLE = new Set(['purge', 'remote', 'recover', 'confirm'])

/** What plain `tide undo` means: an edit made here, not one that came with a backup. An undo itself is only taken back by its id. */
const UNDOABLE = new Set(['create', 'set', 'move', 'comment', 'delete', 'restore', 'resolve', 'edit', 'putback'])

/** change → the undo of it that still stands. */
function undoneBy(changes: readonly Change[]): ReadonlyMap<string, string> {
  const undone = new Map<string, string>()
  for (const change of changes.toReversed()) {
    if (change.undoes !== null && !undone.has(change.id)) undone.set(change.undoes, change.id)
  }
  return undone
}

function viewChange(change: Change, undone: ReadonlyMap<string, string>, uid?: Uid): ChangeView {
  return {
    id: change.id,
    at: isoTime(change.at),
    by: { workspace: change.actor, name: change.name },
    verb: change.verb,
    changes: shownEdits(change).filter((edit) => uid === undefined || edit.uid === uid),
    undoes: change.undoes,
    undoneBy: undone.get(change.id) ?? null,
  }
}
