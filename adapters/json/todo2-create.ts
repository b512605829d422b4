/** Writes a task that stands nowhere into state.todo2.json, in the schema of those that are there; its number is counted there. */
import type { FormatFolder, Json, NewText, TaskSheet } from '../../src/internal.ts'
import { listChangeSplices, memberSplices } from './edit.ts'
import { plainSpelling } from './elements.ts'
import { layoutOf } from './layout.ts'
import { idIn, memberOf, valueOf, type JsonArray, type JsonObject } from './nodes.ts'
import { newRecord } from './record-patch.ts'
import type { RecordRules } from './record-rules.ts'
import { spliced } from './splices.ts'
import { findTasks, type TasksFile } from './tasks-file.ts'
import { todosIn } from './todo2-places.ts'
import { todo2Rules } from './todo2-rules.ts'

/** Nothing where the file cannot be read: then it is left as it is. */
export function createTodo2(path: string, sheet: TaskSheet, folder: FormatFolder, file: TasksFile): readonly NewText[] {
  const text = folder.text(path)
  if (text === undefined) return folder.isTaken(path) ? [] : [{ path, text: newFile(sheet) }]
  const found = findTasks(text, file)
  if ('code' in found || found.root.kind !== 'object') return []
  const { root } = found
  const list = todosIn(root)
  if (list === undefined) return []
  const layout = layoutOf(text)
  const counter = numberOf(text, root, 'nextTaskNumber')
  const [prefix, number] = nextId(text, list, counter)
  const record = newTodo(sheet, { prefix, number, ...schemaOf(list, sheet, counter !== undefined) })
  const next = new Map(counter === undefined ? [] : [['nextTaskNumber', number + 1]])
  return [
    {
      path,
      text: spliced(text, [
        ...listChangeSplices(text, list, { added: [record] }, layout),
        ...memberSplices(text, root, { set: next }, layout),
      ]),
    },
  ]
}

interface NewTodo {
  readonly prefix: string
  readonly number: number
  readonly isNumbered: boolean
  readonly rules: RecordRules
}

function newFile(sheet: TaskSheet): string {
  const todo = newTodo(sheet, { prefix: 'T-', number: 1, isNumbered: true, rules: todo2Rules })
  const state = { todos: [todo], comments: [], activities: [], nextTaskNumber: 2 }
  return `${JSON.stringify(state, null, 2)}\n`
}

function newTodo(sheet: TaskSheet, { prefix, number, isNumbered, rules }: NewTodo): Json {
  const [title = 'name'] = rules.texts['title'] ?? []
  const numbered = isNumbered ? { taskNumber: number } : {}
  const always = {
    id: `${prefix}${number}`,
    [title]: 'Untitled',
    status: 'Todo',
    ...numbered,
    tags: [],
    dependencies: [],
  }
  return newRecord(always, sheet, { rules, spellingOf: () => plainSpelling })
}

/** As the last todo is written, where what it is to say has room beside that. */
function schemaOf(
  { elements }: JsonArray,
  { fields }: TaskSheet,
  isCounted: boolean,
): Pick<NewTodo, 'isNumbered' | 'rules'> {
  const last = elements.at(-1)
  const has = (name: string): boolean => last?.kind === 'object' && memberOf(last, name) !== undefined
  const isTaken = fields['content'] !== undefined || fields['created_at'] !== undefined
  const isOther = !isTaken && !has('name') && (has('content') || has('created_at'))
  const texts = { ...todo2Rules.texts, title: ['content', 'name'], created: ['created_at', 'created'] }
  return { isNumbered: isCounted || has('taskNumber'), rules: isOther ? { ...todo2Rules, texts } : todo2Rules }
}

/** Beyond every number that is or was given: the counter's, those of the todos, those in their ids. */
function nextId(text: string, { elements }: JsonArray, counter = 1): readonly [prefix: string, number: number] {
  let prefix = 'T-'
  let number = counter
  for (const element of elements) {
    if (element.kind !== 'object') continue
    const [, before = '', digits] = /^(.*?)(\d{1,15})$/s.exec(idIn(text, element) ?? '') ?? []
    if (digits !== undefined) prefix = before
    number = Math.max(number, Number(digits ?? 0) + 1, (numberOf(text, element, 'taskNumber') ?? 0) + 1)
  }
  return [prefix, number]
}

function numberOf(text: string, object: JsonObject, name: string): number | undefined {
  const node = memberOf(object, name)?.value
  const value = node === undefined ? undefined : valueOf(text, node)
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
