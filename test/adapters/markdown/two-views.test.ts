/** The front matter and the body begin and end where a full reader of markdown finds them, differences by name. */
import * as fc from 'fast-check'
import remarkFrontmatter from 'remark-frontmatter'
import remarkGfm from 'remark-gfm'
import remarkParse from 'remark-parse'
import { unified } from 'unified'
import { describe, expect, it } from 'vitest'
import { findFrontMatter } from '../../../adapters/markdown/front-matter.ts'
import { endOfLine } from '../../../adapters/markdown/lines.ts'
import { bodyStart } from '../../../adapters/markdown/native-file.ts'
import { edited } from '../../conformance/format-samples.ts'
import { fixturesIn } from './fixtures.ts'

const byOne = 'the other reader counts offsets without the BOM'

/** Why the views of a file differ. Of an unclosed front matter they do not: for both it is text. */
const known: Readonly<Record<string, string>> = {
  bom: byOne,
  'bom-crlf': byOne,
  'bom-unclosed': byOne,
  'bom-without-front-matter': byOne,
  'closed-by-dots': 'dots close a front matter for some readers, so it is held; the other reader goes on to the dashes',
}

const fixtures = fixturesIn('native')
const reader = unified().use(remarkParse).use(remarkGfm)
const frontReader = unified().use(remarkParse).use(remarkGfm).use(remarkFrontmatter)

interface View {
  /** From its first dash to behind its last one, blanks behind that included; null where there is none. */
  readonly front: readonly number[] | null
  /** Everything below it, with its offsets. */
  readonly body: string
}

function theirView(text: string): View {
  const [first, ...others] = frontReader.parse(text).children
  if (first?.type !== 'yaml') return { front: null, body: treeText(first === undefined ? [] : [first, ...others], 0) }
  return { front: [first.position?.start.offset ?? -1, first.position?.end.offset ?? -1], body: treeText(others, 0) }
}

/** The body is cut off and read alone: what it says must not depend on what stands above it. */
function ourView(text: string): View {
  const found = findFrontMatter(text)
  const front = typeof found === 'string' ? undefined : found
  const start = bodyStart(text, front)
  const fences = front === undefined ? null : [text.charCodeAt(0) === 0xfeff ? 1 : 0, endOfLine(text, front.end)]
  // An empty line above it, so that a BOM in front of it, which is a character of it, is not taken for one of the file.
  return { front: fences, body: treeText(reader.parse(`\n${text.slice(start)}`).children, start - 1) }
}

/** Lines and columns left out: offsets say it all. */
function treeText(nodes: readonly object[], moved: number): string {
  return JSON.stringify(nodes, (name, value: unknown) => {
    if (name === 'line' || name === 'column') return undefined
    return name === 'offset' && typeof value === 'number' ? value + moved : value
  })
}

describe('two views of a file', () => {
  const isKnown = (name: string): boolean => Object.hasOwn(known, name)

  it.each(fixtures.filter(({ name }) => !isKnown(name)))('[F30] of $name are the same', ({ text }) => {
    expect(ourView(text)).toEqual(theirView(text))
  })

  it('[F30] differ where it is known that they do, and nowhere else', () => {
    const different = fixtures.filter(({ text }) => JSON.stringify(ourView(text)) !== JSON.stringify(theirView(text)))
    expect(different.map(({ name }) => name).toSorted()).toEqual(Object.keys(known).toSorted())
  })

  it('[F30] differ by one for all that stands behind a BOM, and by nothing else', () => {
    const marked = fixtures.filter(({ text }) => text.startsWith('\ufeff'))
    expect(marked.length).toBe(5)
    for (const { text } of marked) {
      const { front } = ourView(text)
      expect(front?.map((offset) => offset - 1) ?? null).toEqual(theirView(text).front)
      expect(ourView(text.slice(1))).toEqual(theirView(text))
    }
  })

  it('[F30] are the same in files that were edited in any place, unless they are held or have a BOM', () => {
    const samples = fixtures.map(({ name, text }) => ({ path: name, text }))
    let compared = 0
    fc.assert(
      fc.property(edited(samples), ({ text }) => {
        fc.pre(!text.startsWith('\ufeff') && findFrontMatter(text) !== 'unclosed')
        compared++
        expect(ourView(text)).toEqual(theirView(text))
      }),
      { numRuns: 300 },
    )
    expect(compared).toBeGreaterThanOrEqual(300)
  })
})
