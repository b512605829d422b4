/** Laws of patching one task: it says what it was to say, and nothing else says anything new. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ParsedTask, TaskPatch } from '../../src/internal.ts'
import { brokenBy, changedIn, isHeld, isUnread } from './format-outcomes.ts'
import {
  edited,
  fragments,
  jsonFrom,
  strangeBodies,
  strangeElements,
  strangeTexts,
  strangeValues,
  withEdit,
} from './format-samples.ts'
import type { Suite } from './format-suite.ts'

export function patchingFields(suite: Suite): void {
  settingFields(suite)
  takingFieldsOut(suite)
  puttingIdsIn(suite)
}

export function patchingSetsAndBodies(suite: Suite): void {
  changingSets(suite)
  writingBodies(suite)
  patchingApart(suite)
}

function settingFields(suite: Suite): void {
  const { format, samples, texts, values, runs } = suite
  it('[F3] a field that is set to any value says it when the file is read again, and nothing else says anything new', () => {
    for (const sample of samples) {
      const count = Math.max(1, format.parse(sample.path, sample.text).tasks.length)
      for (const [turn, json] of strangeValues.entries()) {
        const textOf = (place: number): string => strangeTexts[(turn + 7 * place) % strangeTexts.length] ?? ''
        const said = [...texts.map((name, place) => [name, textOf(place)]), ...values.map((name) => [name, json])]
        expect(brokenBy(suite, sample, { fields: Object.fromEntries(said) }, turn % count)).toBeUndefined()
      }
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
      fc.property(edited(samples), wish, fc.nat(2), (sample, [one, other], at) => {
        expect(brokenBy(suite, sample, { fields: { ...one, ...other } }, at)).toBeUndefined()
      }),
      { numRuns: runs * 3 },
    )
  })
}

function takingFieldsOut(suite: Suite): void {
  const { format, samples, runs } = suite
  it('[F4] a field that is set to null is gone, and nothing else is', () => {
    const every = fc.oneof(fc.constantFrom(...samples), edited(samples))
    fc.assert(
      fc.property(every, (sample) => {
        for (const [at, { fields }] of format.parse(sample.path, sample.text).tasks.entries())
          for (const name of Object.keys(fields))
            expect(brokenBy(suite, sample, { fields: { [name]: null } }, at)).toBeUndefined()
      }),
      { numRuns: runs * 2 },
    )
  })
}

function puttingIdsIn({ format, samples, holds }: Suite): void {
  it('[F5] an id goes into a file that has none by insertion alone', () => {
    const id = '4fq7k2m9x3'
    for (const { path, text } of samples.filter((sample) => holds(sample.path, { id }))) {
      const file = format.parse(path, text)
      for (const [at, { id: known, body }] of file.tasks.entries()) {
        if (known !== null || isHeld(file, at) || isUnread(file, 'id', at)) continue
        const patched = format.patch(path, text, [{ task: at, id }])
        expect(format.parse(path, patched).tasks[at]).toMatchObject({ id, body })
        const { start, end } = changedIn(text, patched)
        // A key that stands there without a value takes it; `null` and `~` make room.
        expect(['', 'null', '~']).toContain(text.slice(start, end))
      }
    }
  })
}

function changingSets(suite: Suite): void {
  const { format, samples, sets, runs } = suite
  it('[F6] elements come to a set and go from it; their order means nothing', () => {
    for (const sample of samples)
      for (const name of sets)
        for (const [at, task] of format.parse(sample.path, sample.text).tasks.entries()) {
          const said = task.sets[name] ?? []
          const less = said.map((element) => said.filter((other) => other !== element))
          const other = strangeElements.map((element) => ['one', element])
          for (const elements of [...less, ...other, [...said, 'new'], []])
            expect(brokenBy(suite, sample, { sets: { [name]: elements } }, at)).toBeUndefined()
          const turned = format.patch(sample.path, sample.text, [{ task: at, sets: { [name]: said.toReversed() } }])
          expect(turned).toBe(sample.text)
        }
  })

  it('[F6] the same in files that were edited in any place', () => {
    const elements = fc.uniqueArray(fc.constantFrom(...strangeElements))
    const wish = fc.dictionary(fc.constantFrom(...sets), elements)
    fc.assert(
      fc.property(edited(samples), wish, fc.nat(2), (sample, wanted, at) => {
        expect(brokenBy(suite, sample, { sets: wanted }, at)).toBeUndefined()
      }),
      { numRuns: runs * 2 },
    )
  })
}

function writingBodies(suite: Suite): void {
  const { format, samples, runs } = suite
  it('[F7] any body can be written, and is read back the same', () => {
    const put = fc.string({ unit: fc.constantFrom(...fragments.filter((fragment) => !fragment.includes('\r'))) })
    const edits = fc.array(fc.record({ at: fc.nat(), cut: fc.nat(12), put }), { maxLength: 3 })
    const bodies = fc.oneof(fc.constantFrom(...strangeBodies), edits)
    fc.assert(
      fc.property(edited(samples), bodies, fc.nat(2), (sample, change, at) => {
        const now = format.parse(sample.path, sample.text).tasks[at]?.body ?? ''
        const body = typeof change === 'string' ? change : change.reduce(withEdit, now)
        expect(brokenBy(suite, sample, { body }, at)).toBeUndefined()
      }),
      { numRuns: runs * 3 },
    )
  })
}

function patchingApart({ format, samples, runs }: Suite): void {
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
}

/** A change of each thing that the task says already. */
function changesOf(said: ParsedTask, task: number): readonly TaskPatch[] {
  return [
    ...Object.keys(said.fields).map((name) => ({ task, fields: { [name]: 'changed' } })),
    ...Object.entries(said.sets).map(([name, elements]) => ({ task, sets: { [name]: [...elements, 'changed'] } })),
    ...(said.body === undefined ? [] : [{ task, body: `${said.body}changed` }]),
  ]
}
