/** What every Format promises, over files of its own kind and over what becomes of them when anything is typed into them. */
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  edited,
  fragments,
  jsonFrom,
  strangeBodies,
  strangeElements,
  strangeTexts,
  strangeValues,
  withEdit,
  type FormatSample,
} from './format-samples.ts'
import type { Format, Json, ParsedFile, ParsedTask, TaskPatch, TaskSheet } from '../../src/internal.ts'

/** What any task of the format may say. */
export interface FormatOptions {
  /** Fields that hold a text. @default title, status, note */
  readonly texts?: readonly string[]
  /** Fields that hold any JSON. @default estimate */
  readonly values?: readonly string[]
  /** @default labels, depends */
  readonly sets?: readonly string[]
  /** @default 200 */
  readonly runs?: number
}

interface Suite extends Required<FormatOptions> {
  readonly format: Format
  readonly samples: readonly FormatSample[]
}

export function formatConformance(
  name: string,
  format: Format,
  samples: readonly FormatSample[],
  {
    texts = ['title', 'status', 'note'],
    values = ['estimate'],
    sets = ['labels', 'depends'],
    runs = 200,
  }: FormatOptions = {},
): void {
  const suite: Suite = { format, samples, texts, values, sets, runs }
  describe(`format: ${name}`, () => {
    reading(suite)
    fields(suite)
    setsAndBodies(suite)
    untouched(suite)
    creating(suite)
  })
}

function reading({ format, samples, runs }: Suite): void {
  it('[F1] any text at all is read and patched without a fault, and what is read lies inside the text, in order', () => {
    const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...fragments) }))
    const path = samples[0]?.path ?? ''
    const texts = fc.oneof(
      anything.map((text) => ({ path, text })),
      edited(samples),
    )
    fc.assert(
      fc.property(texts, (sample) => {
        const { tasks, problems } = format.parse(sample.path, sample.text)
        const ends = tasks.flatMap(({ span }) => [span.start, span.end])
        expect([0, ...ends, sample.text.length]).toEqual([0, ...ends.toSorted((a, b) => a - b), sample.text.length])
        expect(Math.min(1, ...problems.map(({ line }) => line))).toBe(1)
        const patches = tasks.map((_, task) => ({ task, id: 'a1', fields: { title: 'x' }, body: 'y\n' }))
        expect(typeof format.patch(sample.path, sample.text, patches)).toBe('string')
      }),
      { numRuns: runs * 3 },
    )
  })

  it('[F2] a file that is patched with what it says is the same file, byte for byte', () => {
    const patched = ({ path, text }: FormatSample): readonly string[] => [
      format.patch(path, text, []),
      format.patch(path, text, format.parse(path, text).tasks.map(samePatch)),
    ]
    for (const sample of samples) expect(patched(sample)).toEqual([sample.text, sample.text])
    fc.assert(
      fc.property(edited(samples), (sample) => {
        expect(patched(sample)).toEqual([sample.text, sample.text])
      }),
      { numRuns: runs },
    )
  })
}

function fields({ format, samples, texts, values, runs }: Suite): void {
  it('[F3] a field that is set to any value says it when the file is read again, and nothing else says anything new', () => {
    for (const sample of samples)
      for (const [turn, json] of strangeValues.entries()) {
        const textOf = (place: number): string => strangeTexts[(turn + 7 * place) % strangeTexts.length] ?? ''
        const said = [...texts.map((name, place) => [name, textOf(place)]), ...values.map((name) => [name, json])]
        expect(brokenBy(format, sample, { fields: Object.fromEntries(said) })).toBeUndefined()
      }
  })

  it('[F3] the same in files that were edited in any place', () => {
    const text = fc.oneof(fc.constantFrom(...strangeTexts), fc.string({ unit: 'grapheme' }))
    const json = fc.oneof(fc.constantFrom(...strangeValues), fc.jsonValue({ maxDepth: 3 }).map(jsonFrom))
    const wish = fc.tuple(
      fc.dictionary(fc.constantFrom(...texts), text, { maxKeys: 2 }),
      fc.dictionary(fc.constantFrom(...values, 'new one'), json, { maxKeys: 1 }),
    )
    fc.assert(
      fc.property(edited(samples), wish, (sample, [one, other]) => {
        expect(brokenBy(format, sample, { fields: { ...one, ...other } })).toBeUndefined()
      }),
      { numRuns: runs * 3 },
    )
  })

  it('[F4] a field that is set to null is gone, and nothing else is', () => {
    const every = fc.oneof(fc.constantFrom(...samples), edited(samples))
    fc.assert(
      fc.property(every, (sample) => {
        for (const name of Object.keys(format.parse(sample.path, sample.text).tasks[0]?.fields ?? {}))
          expect(brokenBy(format, sample, { fields: { [name]: null } })).toBeUndefined()
      }),
      { numRuns: runs * 2 },
    )
  })

  it('[F5] an id goes into a file that has none by insertion alone', () => {
    const id = '4fq7k2m9x3'
    const newcomers = samples.filter(({ path, text }) => {
      const file = format.parse(path, text)
      return file.tasks[0]?.id === null && !isHeld(file) && !isUnread(file, 'id')
    })
    for (const { path, text } of newcomers) {
      const patched = format.patch(path, text, [{ task: 0, id }])
      const body = format.parse(path, text).tasks[0]?.body
      expect(format.parse(path, patched).tasks[0]).toMatchObject({ id, body })
      const { start, end } = changedIn(text, patched)
      // A key that stands there without a value takes it; `null` and `~` make room.
      expect(['', 'null', '~']).toContain(text.slice(start, end))
    }
  })
}

function setsAndBodies({ format, samples, sets, runs }: Suite): void {
  it('[F6] elements come to a set and go from it; their order means nothing', () => {
    for (const sample of samples)
      for (const name of sets) {
        const said = format.parse(sample.path, sample.text).tasks[0]?.sets[name] ?? []
        const less = said.map((element) => said.filter((other) => other !== element))
        const other = strangeElements.map((element) => ['one', element])
        for (const elements of [...less, ...other, [...said, 'new'], []]) {
          expect(brokenBy(format, sample, { sets: { [name]: elements } })).toBeUndefined()
        }
        const turned = format.patch(sample.path, sample.text, [{ task: 0, sets: { [name]: said.toReversed() } }])
        expect(turned).toBe(sample.text)
      }
  })

  it('[F6] the same in files that were edited in any place', () => {
    const elements = fc.uniqueArray(fc.constantFrom(...strangeElements))
    fc.assert(
      fc.property(edited(samples), fc.dictionary(fc.constantFrom(...sets), elements), (sample, wish) => {
        expect(brokenBy(format, sample, { sets: wish })).toBeUndefined()
      }),
      { numRuns: runs * 2 },
    )
  })

  it('[F7] any body can be written, and is read back the same', () => {
    const put = fc.string({ unit: fc.constantFrom(...fragments.filter((fragment) => !fragment.includes('\r'))) })
    const edits = fc.array(fc.record({ at: fc.nat(), cut: fc.nat(12), put }), { maxLength: 3 })
    const bodies = fc.oneof(fc.constantFrom(...strangeBodies), edits)
    fc.assert(
      fc.property(edited(samples), bodies, (sample, change) => {
        const now = format.parse(sample.path, sample.text).tasks[0]?.body ?? ''
        const body = typeof change === 'string' ? change : change.reduce(withEdit, now)
        expect(brokenBy(format, sample, { body })).toBeUndefined()
      }),
      { numRuns: runs * 3 },
    )
  })
}

function untouched({ format, samples, runs }: Suite): void {
  it('[F8] changes of different fields touch different characters, and together they are what they are one by one', () => {
    const every = fc.oneof(fc.constantFrom(...samples), edited(samples))
    fc.assert(
      fc.property(every, ({ path, text }) => {
        const wishes = format.parse(path, text).tasks.flatMap(changesOf)
        const places = wishes.map((wish) => changedIn(text, format.patch(path, text, [wish])))
        const sorted = places.toSorted((a, b) => a.start - b.start || a.end - b.end)
        expect(sorted.filter(({ start }, index) => start < (sorted[index - 1]?.end ?? 0))).toEqual([])
        const inTurn = wishes.reduce((now, wish) => format.patch(path, now, [wish]), text)
        const inReturn = wishes.reduceRight((now, wish) => format.patch(path, now, [wish]), text)
        const together = format.patch(path, text, wishes)
        expect([inTurn, inReturn]).toEqual([together, together])
      }),
      { numRuns: runs * 2 },
    )
  })

  it('[F9] what cannot be read is reported with its line, says nothing, and no patch of it changes a byte', () => {
    for (const { path, text } of samples) {
      const { tasks, problems } = format.parse(path, text)
      const lines = text.split(/\r\n?|\n/).length
      expect(problems.filter(({ line }) => line < 1 || line > lines)).toEqual([])
      const unread = problems.filter(({ field, code }) => field === undefined || code.startsWith('FIELD'))
      for (const { field } of unread) {
        const names = field === undefined ? Object.keys(tasks[0]?.fields ?? {}) : [field]
        expect(names.filter((name) => tasks[0]?.fields[name] !== undefined)).toEqual([])
        const wish = { fields: { [field ?? 'title']: 'x' }, sets: { [field ?? 'labels']: ['x'] } }
        expect(format.patch(path, text, [{ task: 0, ...wish, ...(field === 'id' ? { id: 'x' } : {}) }])).toBe(text)
      }
    }
  })
}

function creating({ format, samples, texts, sets, runs }: Suite): void {
  const named = { id: '4fq7k2m9x3', key: 'T-12' }
  const made = (sheet: TaskSheet): { readonly isCovered: boolean; readonly says: Json } => {
    const { path, text } = format.create(sheet, () => false)
    return { isCovered: format.covers(path), says: saidBy(format.parse(path, text).tasks[0]) }
  }

  it('[F10] a file made for a task that another file says says the same', () => {
    for (const { path, text } of samples)
      for (const { fields: said, sets: listed, body = '', shape } of format.parse(path, text).tasks) {
        const sheet = { ...named, fields: said, sets: listed, body, shape }
        expect(made(sheet)).toEqual({ isCovered: true, says: saidBy(sheet) })
      }
  })

  it('[F10] a file made for any task says what it was to say, whatever shape is given', () => {
    const text = fc.constantFrom(...strangeTexts)
    const shapes = edited(samples).map((sample) => format.parse(sample.path, sample.text).tasks[0]?.shape ?? null)
    const sheets = fc.record({
      id: fc.constant(named.id),
      key: fc.constantFrom('T-1', 'T-12.4fq'),
      fields: fc.dictionary(fc.constantFrom(...texts), text),
      sets: fc.dictionary(fc.constantFrom(...sets), fc.uniqueArray(fc.constantFrom(...strangeElements))),
      body: fc.constantFrom(...strangeBodies),
      shape: fc.oneof(fc.jsonValue().map(jsonFrom), fc.string().map(jsonFrom), shapes),
    })
    fc.assert(
      fc.property(sheets, (sheet) => {
        expect(made(sheet)).toEqual({ isCovered: true, says: saidBy(sheet) })
      }),
      { numRuns: runs * 2 },
    )
  })

  it('[F11] a new file takes a name that is not in use', () => {
    const sheet: TaskSheet = { ...named, fields: { title: 'Fix login' }, sets: {}, body: '', shape: null }
    const used = new Set<string>()
    for (let count = 0; count < 12; count++) {
      const { path } = format.create(sheet, (one) => used.has(one.toLowerCase()))
      expect(used).not.toContain(path.toLowerCase())
      used.add(path.toLowerCase())
    }
  })
}

type Wish = Omit<TaskPatch, 'task'>

interface Broken {
  readonly found: Json
  readonly expected: Json
}

/** What a file says after its first task was patched, and what it ought to say, where that is not the same. */
function brokenBy(format: Format, { path, text }: FormatSample, wish: Wish): Broken | undefined {
  const before = format.parse(path, text)
  const [task, ...others] = before.tasks
  const patched = format.patch(path, text, [{ task: 0, ...wish }])
  // A file that cannot be read at all is left as it is, but for a body that can be told from the rest.
  if (task === undefined || isHeld(before)) return wish.body === undefined ? unlike(patched, text) : undefined
  const after = format.parse(path, patched)
  const readable = (values: object = {}): object =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !isUnread(before, name)))
  const now: Said = {
    ...task,
    fields: { ...task.fields, ...readable(wish.fields) },
    sets: { ...task.sets, ...readable(wish.sets) },
    body: wish.body ?? task.body ?? '',
  }
  const again = format.patch(path, patched, [{ task: 0, ...wish }])
  return unlike(
    [...after.tasks.map(saidBy), after.problems.map(problemText), again],
    [...[now, ...others].map(saidBy), before.problems.map(problemText), patched],
  )
}

function unlike(found: Json, expected: Json): Broken | undefined {
  return isDeepStrictEqual(found, expected) ? undefined : { found, expected }
}

/** A change of each thing that the task says already. */
function changesOf(said: ParsedTask, task: number): readonly TaskPatch[] {
  return [
    ...Object.keys(said.fields).map((name) => ({ task, fields: { [name]: 'changed' } })),
    ...Object.entries(said.sets).map(([name, elements]) => ({ task, sets: { [name]: [...elements, 'changed'] } })),
    ...(said.body === undefined ? [] : [{ task, body: `${said.body}changed` }]),
  ]
}

interface Said {
  readonly id: string | null
  readonly key: string | null
  readonly fields: object
  readonly sets: object
  readonly body?: string
}

/** Null and the empty set say as much as nothing; sets have no order. */
function saidBy(task: Said | undefined): Json {
  const { id, key, fields: said, sets, body = '' } = task ?? { id: null, key: null, fields: {}, sets: {} }
  const values: readonly (readonly [string, Json])[] = Object.entries(said)
  const lists: readonly (readonly [string, readonly string[]])[] = Object.entries(sets)
  return {
    id,
    key,
    fields: Object.fromEntries(values.filter(([, value]) => value !== null)),
    sets: Object.fromEntries(
      lists.filter(([, list]) => list.length > 0).map(([name, list]) => [name, list.toSorted()]),
    ),
    body: body.replace(/\r\n?/g, '\n'),
  }
}

function samePatch(said: ParsedTask, task: number): TaskPatch {
  const { id, key, fields: all, sets, body } = said
  const named = { ...(id === null ? {} : { id }), ...(key === null ? {} : { key }) }
  return { task, ...named, fields: all, sets, ...(body === undefined ? {} : { body }) }
}

function isHeld(file: ParsedFile): boolean {
  return file.problems.some(({ field }) => field === undefined)
}

function isUnread(file: ParsedFile, name: string): boolean {
  return file.problems.some(({ field, code }) => field === name && code.startsWith('FIELD'))
}

function problemText({ code, field = '' }: { readonly code: string; readonly field?: string }): string {
  return `${code} ${field}`
}

/** What of the old text is not in the new one, as one stretch. */
function changedIn(before: string, after: string): { readonly start: number; readonly end: number } {
  const most = Math.min(before.length, after.length)
  let start = 0
  while (start < most && before[start] === after[start]) start++
  let tail = 0
  while (tail < most - start && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  return { start, end: before.length - tail }
}
