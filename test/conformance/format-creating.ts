/** Laws of writing a task that stands nowhere yet: beside the files that are there, none of which loses anything. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Format, FormatFolder, Json, NewText, TaskSheet } from '../../src/internal.ts'
import { isInsertion, saidBy, wishHeld, type Said } from './format-outcomes.ts'
import { edited, jsonFrom, strangeBodies, strangeElements, strangeTexts } from './format-samples.ts'
import type { Suite } from './format-suite.ts'

const named = { id: '4fq7k2m9x3', key: 'T-12' }

export function creating(suite: Suite): void {
  sayingWhatWasAsked(suite)
  besideOthers(suite)
}

function sayingWhatWasAsked(suite: Suite): void {
  const { format, samples, texts, sets, runs } = suite
  const there = folderOf(new Map(samples.map(({ path, text }) => [path, text])))

  it('[F10] files made for a task that another file says say the same', () => {
    for (const folder of [there, folderOf(new Map())])
      for (const { path, text } of samples)
        for (const { fields, sets: listed, body = '', shape } of format.parse(path, text).tasks) {
          const sheet = { ...named, fields, sets: listed, body, shape }
          expect(madeOf(suite, sheet, folder)).toEqual(askedOf(suite, sheet, folder))
        }
  })

  it('[F10] files made for any task say what they were to say, whatever shape is given', () => {
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
      fc.property(sheets, fc.constantFrom(there, folderOf(new Map())), (sheet, folder) => {
        expect(madeOf(suite, sheet, folder)).toEqual(askedOf(suite, sheet, folder))
      }),
      { numRuns: runs * 2 },
    )
  })
}

function besideOthers({ format, samples, runs }: Suite): void {
  const sheetOf = (count: number): TaskSheet => {
    const fields = { title: 'Fix login' }
    return { id: `4fq7k2m9x${count}`, key: 'T-12', fields, sets: {}, body: '', shape: null }
  }

  it('[F11] a new file takes a name that is not in use, in whatever case', () => {
    const files = new Map<string, string>()
    for (let count = 0; count < 12; count++) {
      const folder = folderOf(files)
      const made = format.create(sheetOf(count), folder)
      expect(made.length).toBeGreaterThan(0)
      for (const { path, text } of made) {
        expect({ path, isTaken: folder.isTaken(path) }).toEqual({ path, isTaken: files.has(path) })
        files.set(path, text)
      }
      expect([...files.keys()].filter((path) => !format.covers(path))).toEqual([])
    }
    const shouted = new Set([...files.keys()].map((path) => path.toLowerCase()))
    const folder = { isTaken: (path: string) => shouted.has(path.toLowerCase()), text: () => undefined }
    const made = format.create(sheetOf(12), folder)
    expect(made.filter(({ path }) => folder.isTaken(path))).toEqual([])
  })

  it('[F29] a task comes into a file that is there by insertion alone, and the others there say what they said', () => {
    fc.assert(
      fc.property(fc.array(edited(samples), { minLength: 1, maxLength: 3 }), (there) => {
        const files = new Map(there.map(({ path, text }) => [path, text]))
        for (const { path, text } of format.create(sheetOf(0), folderOf(files))) {
          const before = files.get(path)
          if (before === undefined) continue
          expect(isInsertion(before, text)).toBe(true)
          const [old, now] = [before, text].map((one) => format.parse(path, one).tasks.map(toText))
          expect(now?.filter((said) => old?.includes(said))).toEqual(old)
          expect(now?.length).toBe((old?.length ?? 0) + 1)
        }
      }),
      { numRuns: runs },
    )
  })
}

function folderOf(files: ReadonlyMap<string, string>): FormatFolder {
  const names = new Set([...files.keys()].map((path) => path.toLowerCase()))
  return { isTaken: (path) => names.has(path.toLowerCase()), text: (path) => files.get(path) }
}

interface Made {
  readonly uncovered: readonly string[]
  readonly says: readonly Json[]
}

/** What the files that were made say of the new task, each for itself. */
function madeOf({ format, holds }: Suite, sheet: TaskSheet, folder: FormatFolder): Made {
  const texts = format.create(sheet, folder)
  return {
    uncovered: texts.map(({ path }) => path).filter((path) => !format.covers(path)),
    says: texts.flatMap((text) =>
      addedBy(format, text, folder).map((said) => {
        const { fields: asked = {} } = wishHeld({ holds }, text.path, sheet)
        // What a file cannot be without it says unasked, as a box that is not ticked.
        const fields = Object.entries(said.fields).filter(
          ([field]) => Object.hasOwn(asked, field) || holds(text.path, { field, value: null }),
        )
        return saidBy({ ...said, fields: Object.fromEntries(fields) })
      }),
    ),
  }
}

/** Of all that was asked each file says what it can. */
function askedOf({ format, holds }: Suite, sheet: TaskSheet, folder: FormatFolder): Made {
  const says = format.create(sheet, folder).map(({ path }) => {
    const { id, key } = sheet
    const { fields = {}, sets = {}, body = '' } = wishHeld({ holds }, path, sheet)
    return saidBy({ id: holds(path, { id }) ? id : null, key: holds(path, { key }) ? key : null, fields, sets, body })
  })
  return { uncovered: [], says }
}

/** The tasks of a made file that were not in it before. */
function addedBy(format: Format, { path, text }: NewText, folder: FormatFolder): readonly Said[] {
  const before = folder.text(path)
  const old = before === undefined ? [] : format.parse(path, before).tasks.map(toText)
  return format.parse(path, text).tasks.filter((task) => !old.includes(toText(task)))
}

function toText(said: Said): string {
  return JSON.stringify(saidBy(said))
}
