/** Any markdown is a body: every example of CommonMark and of its extensions stays byte for byte, whatever is patched beside it. */
import { tests } from 'commonmark-spec'
import { describe, expect, it } from 'vitest'
import { nativeFormat } from '../../../adapters/markdown/native.ts'
import { gfmExamples, type Example } from './gfm-examples.ts'

const format = nativeFormat({ folder: 'tasks' })
const front = '---\nid: 4fq7k2m9x3\nkey: T-12\ntitle: Fix login\n---\n\n'
const done = '---\nid: 4fq7k2m9x3\nkey: T-12\ntitle: Fix login\nstatus: done\n---\n\n'

const commonmark = tests.map(({ section, markdown }) => ({ section, markdown: markdown.replaceAll('→', '\t') }))
const suites = [
  ...bySection(commonmark).map((suite) => ({ spec: 'CommonMark', ...suite })),
  ...bySection(gfmExamples).map((suite) => ({ spec: 'GFM', ...suite })),
]
const lineEnds = [
  { name: 'LF', lineEnd: '\n' },
  { name: 'CRLF', lineEnd: '\r\n' },
]

interface Section {
  readonly section: string
  readonly bodies: readonly string[]
}

function bySection(examples: readonly Example[]): readonly Section[] {
  const names = [...new Set(examples.map(({ section }) => section))]
  return names.map((section) => {
    const own = examples.filter((example) => example.section === section)
    return { section, bodies: own.map(({ markdown }) => markdown) }
  })
}

function bodyOf(text: string): string | undefined {
  return format.parse('tasks/a.md', text).tasks[0]?.body
}

/** The body with each of its words made another one in turn. */
function withOtherWords(body: string): readonly string[] {
  return [...body.matchAll(/[\p{L}\p{N}]+/gu)].map(
    ({ 0: word, index }) => `${body.slice(0, index)}${word}Changed${body.slice(index + word.length)}`,
  )
}

describe.each(lineEnds)('bodies with $name', ({ lineEnd }) => {
  const written = (text: string): string => text.replaceAll('\n', lineEnd)

  it.each(suites)('[F31] $spec, $section: are read as they stand', ({ bodies }) => {
    expect(bodies.map((body) => bodyOf(written(front + body)))).toEqual(bodies)
  })

  it.each(suites)('[F31] $spec, $section: keep their bytes when a field changes', ({ bodies }) => {
    const patched = bodies.map((body) =>
      format.patch('tasks/a.md', written(front + body), [{ task: 0, fields: { status: 'done' } }]),
    )
    expect(patched).toEqual(bodies.map((body) => written(done + body)))
  })

  it.each(suites)('[F31] $spec, $section: change in the bytes of one word when one word changes', ({ bodies }) => {
    for (const body of bodies) {
      const wishes = withOtherWords(body)
      const patched = wishes.map((wish) => format.patch('tasks/a.md', written(front + body), [{ task: 0, body: wish }]))
      expect(patched).toEqual(wishes.map((wish) => written(front + wish)))
    }
  })

  it.each(suites)('[F31] $spec, $section: stand in a file of their own as well', ({ bodies }) => {
    const plain = bodies.filter((body) => !/^---[ \t]*\n/.test(body))
    expect(plain.map((body) => bodyOf(written(body)))).toEqual(plain)
    const named = bodies.map((body) => format.patch('tasks/a.md', written(body), [{ task: 0, body, id: 'a1' }]))
    expect(named.map(bodyOf)).toEqual(bodies)
  })
})

describe('the examples', () => {
  it('[F31] are all there', () => {
    expect(commonmark.length).toBe(652)
    expect(gfmExamples.length).toBeGreaterThanOrEqual(50)
  })

  it('[F31] make new files that say them', () => {
    const folder = { isTaken: () => false, text: () => undefined }
    const bodies = suites.flatMap((suite) => suite.bodies)
    const made = bodies.flatMap((body) =>
      format.create({ id: 'a1', key: 'T-1', fields: {}, sets: {}, body, shape: null }, folder),
    )
    expect(made.map(({ text }) => bodyOf(text))).toEqual(bodies)
  })
})
