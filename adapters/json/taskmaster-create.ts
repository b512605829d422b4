/** Writes a task that stands nowhere into tasks.json: at the end of its tag or among the subtasks of its parent, with the next number. */
import type { FormatFolder, Json, NewText, TaskSheet } from '../../src/internal.ts'
import { listChangeSplices, memberSplices } from './edit.ts'
import { layoutOf } from './layout.ts'
import { idIn, memberOf, type JsonArray } from './nodes.ts'
import { newRecord } from './record-patch.ts'
import { spliced, type Splice } from './splices.ts'
import { MASTER, tagLists, type TagList } from './taskmaster-places.ts'
import { taskmasterRules } from './taskmaster-rules.ts'
import { findTasks, type Found, type TaskPlace, type TasksFile } from './tasks-file.ts'
import { plainSpelling, type Spelling } from './elements.ts'
import { taskmasterSpelling } from './taskmaster-spelling.ts'

/** Nothing where the file cannot be read: then it is left as it is. */
export function createTaskmaster(
  path: string,
  sheet: TaskSheet,
  folder: FormatFolder,
  file: TasksFile,
): readonly NewText[] {
  const text = folder.text(path)
  if (text === undefined) return folder.isTaken(path) ? [] : [{ path, text: newFile(sheet) }]
  const found = findTasks(text, file)
  if ('code' in found) return []
  const splices = placed(text, sheet, found)
  return splices.length === 0 ? [] : [{ path, text: spliced(text, splices) }]
}

function newFile(sheet: TaskSheet): string {
  const tag = tagAsked(sheet) ?? MASTER
  return `${JSON.stringify({ [tag]: { tasks: [newTask(sheet, 1, tag)] } }, null, 2)}\n`
}

function placed(text: string, sheet: TaskSheet, { root, places }: Found): readonly Splice[] {
  const layout = layoutOf(text)
  const parent = places.find(
    ({ key, fields }) => key !== null && key === sheet.fields['parent'] && fields['parent'] === undefined,
  )
  if (parent !== undefined) return placedInside(text, sheet, parent)
  const lists = tagLists(root) ?? []
  const asked = tagAsked(sheet)
  const there = listFor(lists, asked)
  if (there !== undefined) {
    const added = [newTask(sheet, nextId(text, there.list), there.tag)]
    return listChangeSplices(text, there.list, { added }, layout)
  }
  const tag = asked ?? MASTER
  // What stands there under that name is no list of tasks, and stays.
  if (root.kind !== 'object' || memberOf(root, tag) !== undefined) return []
  return memberSplices(text, root, { set: new Map([[tag, { tasks: [newTask(sheet, 1, tag)] }]]) }, layout)
}

/** A file without tags is one list whatever is asked: with a tag beside it task-master would pass it over. */
function listFor(lists: readonly TagList[], asked: string | undefined): TagList | undefined {
  const [first] = lists
  if (first?.tag === undefined) return first
  const named = lists.find(({ tag }) => tag === (asked ?? MASTER))
  return asked === undefined ? (named ?? first) : named
}

function placedInside(text: string, sheet: TaskSheet, { object, key }: TaskPlace): readonly Splice[] {
  const layout = layoutOf(text)
  const id = idIn(text, object) ?? ''
  const prefix = (key ?? '').slice(0, (key ?? '').length - id.length)
  const list = memberOf(object, 'subtasks')?.value
  const number = list?.kind === 'array' ? nextId(text, list) : 1
  const parentTaskId = /^[1-9]\d{0,14}$/.test(id) ? Number(id) : id
  const always = { id: number, ...needed(sheet), dependencies: [], parentTaskId }
  const record = newRecord(always, sheet, worldOf(taskmasterSpelling({ prefix, parent: id })))
  if (list?.kind === 'array') return listChangeSplices(text, list, { added: [record] }, layout)
  const { order } = taskmasterRules
  const after = (): readonly string[] => order.slice(0, order.indexOf('subtasks'))
  return memberSplices(text, object, { set: new Map([['subtasks', [record]]]), after }, layout)
}

function newTask(sheet: TaskSheet, id: Json, tag: string | undefined): Json {
  const prefix = tag === undefined || tag === MASTER ? '' : `${tag}/`
  const always = { id, ...needed(sheet), dependencies: [], priority: 'medium', subtasks: [] }
  return newRecord(always, sheet, worldOf(taskmasterSpelling({ prefix })))
}

/** Without any of these task-master refuses the whole list. */
function needed({ fields: { title } }: TaskSheet): Readonly<Record<string, Json>> {
  const named = taskmasterRules.accepts('title', title ?? null) ? (title ?? null) : 'Untitled'
  return { title: named, description: named, status: 'pending' }
}

function worldOf(depends: Spelling): { rules: typeof taskmasterRules; spellingOf: (set: string) => Spelling } {
  return { rules: taskmasterRules, spellingOf: (set) => (set === 'depends' ? depends : plainSpelling) }
}

function tagAsked({ fields: { tag } }: TaskSheet): string | undefined {
  return typeof tag === 'string' && tag !== '' && tag !== 'tasks' && tag !== 'metadata' ? tag : undefined
}

/** One more than the greatest; as a text where all others are texts. */
function nextId(text: string, { elements }: JsonArray): Json {
  const ids = elements.flatMap((element) => {
    const member = element.kind === 'object' ? memberOf(element, 'id')?.value : undefined
    const id = element.kind === 'object' ? idIn(text, element) : null
    const last = /^(?:\d+\.)?(\d{1,15})$/.exec(id ?? '')?.[1]
    return member === undefined || last === undefined
      ? []
      : [{ number: Number(last), isText: member.kind === 'string' }]
  })
  const next = ids.reduce((most, { number }) => Math.max(most, number), 0) + 1
  return ids.length > 0 && ids.every(({ isText }) => isText) ? String(next) : next
}
