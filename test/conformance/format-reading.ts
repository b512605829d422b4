/** Laws of reading: any text is read, what is read is written back the same, what cannot be read is reported and left alone. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { FormatProblem, ParsedFile, ParsedTask, TaskPatch } from '../../src/internal.ts'
import { edited, fragments, type FormatSample } from './format-samples.ts'
import type { Suite } from './format-suite.ts'

export function reading(suite: Suite): void {
  anyText(suite)
  readAndWrittenBack(suite)
  unreadable(suite)
}

function anyText({ format, samples, runs }: Suite): void {
  it('[F1][F25] any text at all is read and patched without a fault; what is read lies inside the text, in order, and is not null', () => {
    const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...fragments) }))
    const paths = fc.constantFrom(...samples.map(({ path }) => path))
    const texts = fc.oneof(fc.record({ path: paths, text: anything }), edited(samples))
    fc.assert(
      fc.property(texts, (sample) => {
        const { tasks, problems } = format.parse(sample.path, sample.text)
        const ends = tasks.flatMap(({ span }) => [span.start, span.end])
        expect([0, ...ends, sample.text.length]).toEqual([0, ...ends.toSorted((a, b) => a - b), sample.text.length])
        expect(tasks.flatMap(({ fields }) => Object.values(fields))).not.toContain(null)
        expect(tasks.map(({ body = '' }) => body).join('')).not.toContain('\r')
        expect(Math.min(1, ...problems.map(({ line }) => line))).toBe(1)
        expect(problems.filter(({ task = 0 }) => task !== 0 && tasks[task] === undefined)).toEqual([])
        const patches = tasks.map((_, task) => ({ task, id: 'a1', fields: { title: 'x' }, body: 'y\n' }))
        expect(typeof format.patch(sample.path, sample.text, patches)).toBe('string')
      }),
      { numRuns: runs * 3 },
    )
  })
}

function readAndWrittenBack({ format, samples, runs }: Suite): void {
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

function unreadable({ format, samples }: Suite): void {
  it('[F9] what cannot be read is reported with its line and task, says nothing, and no patch of it changes a byte', () => {
    for (const { path, text } of samples) {
      const file = format.parse(path, text)
      const lines = text.split(/\r\n?|\n/).length
      expect(file.problems.filter(({ line }) => line < 1 || line > lines)).toEqual([])
      expect(file.problems.filter(({ field, task }) => field !== undefined && task === undefined)).toEqual([])
      for (const { field, at } of file.problems.flatMap((problem) => unreadIn(file, problem))) {
        const { fields = {} } = file.tasks[at] ?? {}
        const names = field === undefined ? Object.keys(fields) : [field]
        expect(names.filter((name) => fields[name] !== undefined)).toEqual([])
        const wish = { fields: { [field ?? 'title']: 'x' }, sets: { [field ?? 'labels']: ['x'] } }
        const patch = { task: at, ...wish, ...(field === 'id' ? { id: 'x' } : {}) }
        expect(format.patch(path, text, [patch])).toBe(text)
      }
    }
  })
}

interface Unread {
  readonly field: string | undefined
  readonly at: number
}

/** The fields, or all of the tasks, that a problem makes unreadable. */
function unreadIn({ tasks }: ParsedFile, { field, code, task }: FormatProblem): readonly Unread[] {
  if (field !== undefined && !code.startsWith('FIELD')) return []
  const concerned = task === undefined ? [...tasks.keys()] : [task]
  return concerned.map((at) => ({ field, at }))
}

function samePatch(said: ParsedTask, task: number): TaskPatch {
  const { id, key, fields: all, sets, body } = said
  const named = { ...(id === null ? {} : { id }), ...(key === null ? {} : { key }) }
  return { task, ...named, fields: all, sets, ...(body === undefined ? {} : { body }) }
}
