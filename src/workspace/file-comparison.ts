/** Whether files say what their tasks say. Reads; neither writes nor decides who is right. */
import type { Uid } from '../ids.ts'
import { decode } from '../mirror/dangers.ts'
import type { FileRow } from '../mirror/file-index.ts'
import { patchFor, saidBy, saidIn } from '../mirror/said.ts'
import { impliedBy, type FilesWorld, type MirrorHost } from '../mirror/world.ts'
import { isDeleted } from '../task/view.ts'

export interface Differing {
  /** Tasks whose files say something else. */
  readonly behind: readonly Uid[]
  /** Living tasks that stand in no file. */
  readonly homeless: readonly Uid[]
}

/** `rows`: where tasks are known to stand; those that are left alone on purpose are passed over. */
export async function compareFiles(world: FilesWorld, host: MirrorHost, rows: Iterable<FileRow>): Promise<Differing> {
  const behind: Uid[] = []
  const standing = new Set<Uid>()
  for (const row of rows) {
    if (row.state === 'gone') continue
    for (const uid of row.uids) standing.add(uid)
    if (row.state === 'clean') behind.push(...(await behindIn(world, host, row)))
  }
  const living = [...host.tasks.uids()].filter((uid) => {
    const state = host.tasks.get(uid)
    return state !== undefined && !isDeleted(state)
  })
  return { behind, homeless: living.filter((uid) => !standing.has(uid)) }
}

async function behindIn(
  { files, format }: FilesWorld,
  host: MirrorHost,
  { path, uids }: FileRow,
): Promise<readonly Uid[]> {
  const { tasks, names, firstStatus } = host
  const content = await files.read(path).catch(() => undefined)
  const text = content === undefined ? undefined : decode(path, content.bytes)
  if (typeof text !== 'string') return uids
  const parsed = format.parse(path, text).tasks
  const behind: Uid[] = []
  for (const [place, uid] of uids.entries()) {
    const [task, state] = [parsed[place], tasks.get(uid)]
    if (task === undefined || task.id !== uid || state === undefined || isDeleted(state)) {
      behind.push(uid)
      continue
    }
    const file = saidBy(task, names, impliedBy(path, task.body, firstStatus))
    const { fields, sets } = patchFor(task, place, { file, live: saidIn(state), names })
    const hasBody = task.body === undefined || task.body === (await host.body(state))
    if (fields !== undefined || sets !== undefined || !hasBody) behind.push(uid)
  }
  return behind
}
