/** What must hold of files and documents once everything has arrived everywhere. Each problem begins with the rule it breaks. */
import * as Y from 'yjs'
import { nativeFormat } from '../../adapters/markdown/native.ts'
import type { Json } from '../../src/internal.ts'
import type { FileRow } from '../../src/mirror/file-index.ts'
import { differing, saidBy, saidIn, type Names } from '../../src/mirror/said.ts'
import { wishOf } from '../../src/mirror/renaming.ts'
import { impliedBy } from '../../src/mirror/world.ts'
import { conflictsOf } from '../../src/task/conflicts.ts'
import { readBodyValue } from '../../src/task/body.ts'
import { BODY, DELETED, OTHER, SHAPE } from '../../src/task/fields.ts'
import { canonical } from '../../src/task/hash.ts'
import { aliveIn, shown, type TaskState } from '../../src/task/registers.ts'
import { shownKey } from '../../src/task/keys.ts'
import type { Replica } from '../../src/task/replica.ts'
import { isDeleted, isGone } from '../../src/task/view.ts'
import { isUid, type Uid } from '../../src/ids.ts'
import type { MirrorBook } from './mirror-book.ts'
import type { MirrorWorld } from './mirror-simulation.ts'
import { bornIn, idIn, keptLines, linesOf, wordsIn } from './mirror-text.ts'
import type { MirroredWorkspace } from './mirror-workspace.ts'
import { tableText } from './simulation-text.ts'

interface Seen {
  readonly workspace: MirroredWorkspace
  readonly texts: ReadonlyMap<string, string>
  readonly rows: ReadonlyMap<string, FileRow>
  readonly replica: Replica
}

const FORMAT = nativeFormat({ folder: 'tasks' })
/** Keys are not part of what is checked here. */
const NAMES: Names = { uidOf: (name) => (isUid(name) ? name : undefined), keyOf: () => undefined, nameOf: (uid) => uid }

/** Call after the world has settled. */
export async function mirrorProblemsOf(world: MirrorWorld): Promise<readonly string[]> {
  const problems = world.workspaces.flatMap((workspace) => workspace.problems)
  const all: Seen[] = []
  for (const workspace of world.workspaces)
    all.push({
      workspace,
      texts: await workspace.texts(),
      rows: await workspace.rows(),
      replica: await workspace.replica(),
    })
  const [first] = all
  if (first === undefined) return problems
  for (const seen of all) {
    if (tableText(seen.replica.tasks) !== tableText(first.replica.tasks))
      problems.push(`T4 workspace ${seen.workspace.place} has another table`)
    problems.push(
      ...(await echoes(seen)),
      ...disagreements(seen),
      ...touched(seen, world.book),
      ...withoutFile(seen),
      ...misnamed(seen),
    )
  }
  return [
    ...problems,
    ...(await uncommon(all, world.book)),
    ...losses(first.replica, world.book),
    ...doubles(first.replica, world.book),
    ...strangers(first.replica, world.book),
  ]
}

/** A second look, by a process that knows nothing, changes nothing. */
async function echoes({ workspace, texts }: Seen): Promise<readonly string[]> {
  await workspace.close()
  const before = (await workspace.replica()).encode()
  await workspace.close()
  await workspace.scan({ force: true })
  const now = await workspace.texts()
  const found = [...texts].filter(([path, text]) => now.get(path) !== text).map(([path]) => path)
  const after = (await workspace.replica()).encode()
  return [
    ...found.map((path) => `M3 workspace ${workspace.place}: a second look changed ${path}`),
    ...(clocksOf(before) === clocksOf(after)
      ? []
      : [`M3 workspace ${workspace.place}: a second look wrote into the document`]),
  ]
}

function clocksOf(update: Uint8Array): string {
  return [...Y.decodeStateVector(Y.encodeStateVectorFromUpdate(update))].map(String).sort().join(' ')
}

/** Document and file say the same. */
function disagreements({ workspace, texts, rows, replica }: Seen): readonly string[] {
  const found: string[] = []
  for (const [path, text] of texts) {
    const row = rows.get(path)
    const where = `workspace ${workspace.place}, ${path}`
    if (row === undefined) {
      found.push(`M2 ${where} is not known`)
      continue
    }
    if (row.state !== 'clean') continue
    const [task] = FORMAT.parse(path, text).tasks
    const uid = idIn(text) as Uid | undefined
    const state = uid === undefined ? undefined : replica.tasks.get(uid)
    if (task === undefined || uid === undefined || state === undefined) {
      found.push(`M9 ${where} has no task`)
      continue
    }
    if (isDeleted(state) && row.problems.length === 0 && !isContested(state))
      found.push(`M42 ${where} is a deleted task's`)
    const file = saidBy(task, NAMES, impliedBy(path, task.body, 'todo'))
    const fields = differing(file, saidIn(state)).filter((field) => field !== SHAPE && field !== 'o')
    for (const field of fields)
      found.push(
        `M2 ${where}: the file says ${field} ${canonical(file.get(field) ?? null)}, the document ${canonical(saidIn(state).get(field) ?? null)}`,
      )
    const body = readBodyValue(replica, uid, shownBody(state))
    if (task.body !== body) found.push(`M2 ${where}: the file's body is\n${task.body}\n-- the document's\n${body}\n--`)
  }
  return found
}

/** What nobody touched is as it was. */
function touched({ workspace, texts }: Seen, book: MirrorBook): readonly string[] {
  const found: string[] = []
  for (const [path, text] of texts) {
    const beginning = workspace.beginnings.get(bornIn(text) ?? '')
    if (beginning === undefined || book.deleted.has(bornIn(text) ?? '')) continue
    const lines = linesOf(text)
    for (const kept of keptLines(beginning.text)) {
      // Two who move other lines over this one move it; and what another wrote into a deleted line may come to stand behind it.
      const isThere = kept.startsWith('<!--') ? text.includes(kept) : lines.filter((line) => line === kept).length === 1
      if (!isThere) found.push(`M1 workspace ${workspace.place}, ${path}: ${kept}`)
    }
    const hasCarriage = beginning.text.includes('\r')
    if (hasCarriage ? /[^\r]\n/.test(text) : text.includes('\r'))
      found.push(`M1 workspace ${workspace.place}, ${path}: line ends\n${JSON.stringify(text)}`)
  }
  return found
}

/** Each task that is there has its file, unless many went at once or version control took it. */
function withoutFile({ workspace, texts, rows, replica }: Seen): readonly string[] {
  const shown = new Set([...texts.values()].map(idIn))
  const isTold = (uid: Uid): boolean =>
    [...rows.values()].some((row) => row.uids.includes(uid) && (row.state !== 'clean' || row.problems.length > 0))
  return [...replica.tasks.uids()].flatMap((uid) => {
    const state = replica.tasks.get(uid)
    if (state === undefined || isGone(state) || isDeleted(state) || shown.has(uid) || isTold(uid)) return []
    return [`M6 workspace ${workspace.place}: ${uid} has no file`]
  })
}

/** A name that begins with a key of its task begins with the one that is certain, unless another file has that name, or had it and may be put back. */
function misnamed({ workspace, texts, rows, replica }: Seen): readonly string[] {
  const { prefix, tasks: folder } = workspace.memory.config
  const { tasks } = replica
  const keyOf: Names['keyOf'] = (uid) => {
    const state = tasks.get(uid)
    return state === undefined ? undefined : shownKey(tasks, state, prefix)
  }
  const host = { prefix, tasks, names: { ...NAMES, keyOf } }
  return [...texts.keys()].flatMap((path) => {
    const wish = wishOf(rows.get(path), host, folder)
    return wish === undefined || texts.has(wish.to) || rows.get(wish.to)?.state === 'held'
      ? []
      : [`M56 workspace ${workspace.place}: ${path} is not ${wish.to}`]
  })
}

/** Files that began equal are equal. */
async function uncommon(all: readonly Seen[], book: MirrorBook): Promise<readonly string[]> {
  const found: string[] = []
  const groups = new Map<string, { readonly where: string; readonly text: string }>()
  for (const { workspace, texts, rows } of all) {
    for (const [path, text] of texts) {
      const born = bornIn(text) ?? ''
      const isReshaped = book.deleted.has(born) || all.some((one) => one.workspace.reshaped.has(born))
      const isTwice = [...texts.values()].filter((other) => bornIn(other) === born).length > 1
      if (!workspace.beginnings.has(born) || isReshaped || isTwice || rows.get(path)?.state !== 'clean') continue
      const where = `workspace ${workspace.place}, ${path}`
      const one = groups.get(born)
      if (one === undefined) groups.set(born, { where, text })
      else if (inOneOrder(one.text) !== inOneOrder(text))
        found.push(`M6 ${where} differs from ${one.where}\n${text}\n-- ${one.where}\n${one.text}\n--`)
    }
  }
  return found
}

/** Labels that several added stand in the order in which they came. */
function inOneOrder(text: string): string {
  return text
    .replace(/^labels: \[\]\r?\n/m, '')
    .replace(/^labels: \[(.*)\]/m, (_, labels: string) => labels.split(', ').sort().join())
}

function losses(replica: Replica, book: MirrorBook): readonly string[] {
  const there = new Set<string>()
  for (const uid of replica.tasks.uids()) {
    const state = replica.tasks.get(uid)
    for (const [field, values] of state?.registers ?? []) {
      for (const word of wordsIn(field.slice(1))) there.add(word)
      for (const { value } of values) {
        const text = field === BODY ? readBodyValue(replica, uid, value) : canonical(value)
        for (const word of wordsIn(text)) there.add(word)
      }
    }
  }
  return [...book.seen]
    .filter(([word]) => !there.has(word) && !book.removed.has(word))
    .map(([word, where]) => `M2 ${word} is lost; it was seen in ${where}`)
}

function doubles(replica: Replica, book: MirrorBook): readonly string[] {
  return [...replica.tasks.uids()].flatMap((uid) => {
    const state = replica.tasks.get(uid)
    const body = state === undefined ? '' : readBodyValue(replica, uid, shownBody(state))
    const words = wordsIn(body)
    const twice = new Set(words.filter((word, at) => words.indexOf(word) !== at && !book.mayStandTwice(word)))
    return twice.size === 0 ? [] : [`M2 ${[...twice].join()} stand twice in ${uid}:\n${body}\n--`]
  })
}

/** Tasks that nobody made, or that are gone though nobody took them away. */
function strangers(replica: Replica, book: MirrorBook): readonly string[] {
  const found: string[] = []
  const tasks = new Map<string, Uid[]>()
  for (const uid of replica.tasks.uids()) {
    const state = replica.tasks.get(uid)
    if (state === undefined || isGone(state)) continue
    const [born] = aliveIn(state, `${OTHER}born`).map(({ value }) => (typeof value === 'string' ? value : ''))
    tasks.set(born ?? '', [...(tasks.get(born ?? '') ?? []), uid])
    if (isDeleted(state) && born !== undefined && !book.deleted.has(born))
      found.push(`M37 ${uid} was deleted by nobody`)
  }
  for (const [born, uids] of tasks)
    if (!book.births.has(born) || uids.length > 1)
      found.push(`M9 ${uids.join()} were made of ${born === '' ? 'nothing' : born}`)
  for (const [born, { isSeen }] of book.births)
    if (isSeen && !tasks.has(born)) found.push(`M9 the task of ${born} is not there`)
  return found
}

function shownBody(state: TaskState): Json {
  return shown(state, BODY) ?? ''
}

function isContested(state: TaskState): boolean {
  return conflictsOf(state).some(({ field }) => field === DELETED)
}
