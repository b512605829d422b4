/** A JSON file of many tasks: reads them all, changes some, takes some out. Where they stand is for each tool to say. */
import type { FormatProblem, ParsedFile, Span, TaskPatch } from '../../src/internal.ts'
import type { Spelling } from './elements.ts'
import { layoutOf } from './layout.ts'
import { lineNumbers } from './line-numbers.ts'
import { listSplices } from './list-edit.ts'
import { put, type JsonArray, type JsonNode, type JsonObject } from './nodes.ts'
import { readRecord } from './record.ts'
import { recordSplices } from './record-patch.ts'
import type { RecordRules } from './record-rules.ts'
import { scanJson } from './scan.ts'
import { spliced, type Splice } from './splices.ts'

/** Where one task stands, and what that says of it. */
export interface TaskPlace {
  readonly object: JsonObject
  readonly list: JsonArray
  readonly at: number
  readonly key: string | null
  /** What follows from where it stands: it cannot be changed in its place. */
  readonly fields: Readonly<Record<string, string>>
  readonly spellingOf: (set: string) => Spelling
  /** The tasks inside of it: it goes only with them. */
  readonly inside: readonly JsonObject[]
}

/** Why nothing can be read in the file, and where. */
export interface FileFault {
  readonly code: string
  readonly at: number
  readonly message: string
}

export interface TasksFile {
  readonly rules: RecordRules
  readonly placesIn: (text: string, root: JsonNode) => readonly TaskPlace[] | FileFault
}

/** The root and its tasks, in the order in which they begin. */
export interface Found {
  readonly root: JsonNode
  readonly places: readonly TaskPlace[]
}

export function findTasks(text: string, { placesIn }: TasksFile): Found | FileFault {
  const root = scanJson(text)
  if (root.kind === 'fault')
    return {
      code: 'JSON_UNREADABLE',
      at: root.at,
      message: `this is no JSON: ${root.reason}; the file is left as it is`,
    }
  const places = placesIn(text, root)
  return 'code' in places ? places : { root, places }
}

export function parseTasks(text: string, file: TasksFile): ParsedFile {
  const lineOf = lineNumbers(text)
  const found = findTasks(text, file)
  if ('code' in found) {
    const { code, at, message } = found
    return { tasks: [], problems: [{ code, line: lineOf(at), message }] }
  }
  const problems: FormatProblem[] = []
  const tasks = found.places.map((place, task) => {
    const said = readRecord(text, place.object, { rules: file.rules, spellingOf: place.spellingOf })
    for (const { field, member, reason } of said.problems)
      problems.push({
        code: 'FIELD_UNREADABLE',
        line: lineOf(member.start),
        message: `cannot read ${JSON.stringify(member.name.slice(0, 60))}: ${reason}`,
        field,
        task,
      })
    const fields = { ...said.fields }
    for (const [name, value] of Object.entries(place.fields)) put(fields, name, value)
    return { id: null, key: place.key, fields, sets: said.sets, body: said.body, shape: null, span: spanOf(place) }
  })
  return { tasks, problems }
}

export function patchTasks(text: string, patches: readonly TaskPatch[], file: TasksFile): string {
  // A key and an id have no place here: what asks for them alone asks for nothing.
  const wishes = patches.filter(({ fields, sets, body, remove }) => (fields ?? sets ?? body ?? remove) !== undefined)
  if (wishes.length === 0) return text
  const found = findTasks(text, file)
  if ('code' in found) return text
  const layout = layoutOf(text)
  const { places } = found
  const asked = new Set(wishes.flatMap(({ task, remove }) => (remove === true ? [places[task]?.object] : [])))
  const gone = goingFrom(asked, places)
  const splices: Splice[] = []
  for (const [task, wish] of merged(wishes)) {
    const place = places[task]
    // One that cannot go stays as it is.
    if (place === undefined || asked.has(place.object)) continue
    splices.push(
      ...recordSplices(text, place.object, wish, { rules: file.rules, spellingOf: place.spellingOf, layout }),
    )
  }
  for (const list of new Set(places.filter(({ object }) => gone.has(object)).map((place) => place.list))) {
    const those = places.filter((place) => place.list === list && gone.has(place.object))
    // With the task around it goes what stands inside.
    const isInside = places.some(
      ({ object, inside }) => gone.has(object) && those.every((one) => inside.includes(one.object)),
    )
    const numbers = new Set(those.map(({ at }) => at))
    if (!isInside) splices.push(...listSplices(text, list, { gone: numbers, added: [] }, layout))
  }
  return splices.length === 0 ? text : spliced(text, splices)
}

/** Of those that are to go, the ones inside of which nothing stays. */
function goingFrom(asked: ReadonlySet<JsonObject | undefined>, places: readonly TaskPlace[]): ReadonlySet<JsonObject> {
  const going = places.filter(({ object, inside }) => asked.has(object) && inside.every((one) => asked.has(one)))
  return new Set(going.map(({ object }) => object))
}

/** What is asked of one task at several times, as one. */
function merged(wishes: readonly TaskPatch[]): ReadonlyMap<number, TaskPatch> {
  const all = new Map<number, TaskPatch>()
  for (const wish of wishes) {
    const { fields, sets, ...before } = all.get(wish.task) ?? { task: wish.task }
    const body = wish.body === undefined ? {} : { body: wish.body }
    all.set(wish.task, { ...before, fields: { ...fields, ...wish.fields }, sets: { ...sets, ...wish.sets }, ...body })
  }
  return all
}

function spanOf({ object: { start, end } }: TaskPlace): Span {
  return { start, end }
}
