/** docs/spec.md and the tests name the same rules: every rule is proven by a test, every test that names a rule names one that exists. */
import { describe, expect, it } from 'vitest'
import { filesBelow, leadingText, nodes, nodesOf, parse, read } from './source.ts'
import type { Node } from './source.ts'

interface Rule {
  readonly id: string
  readonly line: number
  /** The letter of the chapter it stands in. */
  readonly chapter: string | undefined
}

interface Citation {
  readonly id: string
  readonly where: string
}

/** A rule is a list item that begins with its number: `- **T4** …`; its chapter is the heading `## T · …` above. Fenced code has none. */
function rulesOf(spec: string): readonly Rule[] {
  let chapter: string | undefined
  const rules: Rule[] = []
  const shown = spec.replace(/^```[^]*?^```$/gm, (block) => block.replace(/.+/g, ''))
  for (const [index, text] of shown.split('\n').entries()) {
    chapter = /^## ([A-Z]) · /.exec(text)?.[1] ?? (text.startsWith('## ') ? undefined : chapter)
    const id = /^[-*] \*\*([A-Z]\d+)\*\*/.exec(text)?.[1]
    if (id !== undefined) rules.push({ id, line: index + 1, chapter })
  }
  return rules
}

/** Titles like `[T4][T5] …`, first argument of any call but those of tests that do not run. */
function citationsOf(path: string, text: string): readonly Citation[] {
  return [...nodesOf(parse(path, text))].flatMap((node) => {
    if (node.type !== 'CallExpression' || /\.(?:skip|todo|fails)\b/.test(calleeName(node['callee']))) return []
    const [tags = ''] = /^(?:\[[A-Z]\d+\])+/.exec(leadingText(nodes(node['arguments'])[0]) ?? '') ?? []
    return [...tags.matchAll(/[A-Z]\d+/g)].map(([id]) => ({ id, where: path }))
  })
}

/** `it.each` of `it.each(rows)(title)`, as text. */
function calleeName(callee: unknown): string {
  const [node] = nodes([callee])
  if (node === undefined) return ''
  const inner = node.type === 'CallExpression' ? node['callee'] : node['object']
  return `${calleeName(inner)}.${nameIn(node)}`
}

function nameIn(node: Node): string {
  const [property] = nodes([node['property']])
  const name = property?.['name'] ?? node['name']
  return typeof name === 'string' ? name : ''
}

describe('the specification', () => {
  const rules = rulesOf(read('docs/spec.md'))
  const known = new Set(rules.map(({ id }) => id))
  const files = filesBelow('test', '.ts').filter(
    (path) => !path.startsWith('test/repo/') && !path.startsWith('test/fixtures/'),
  )
  const cited = files.flatMap((path) => citationsOf(path, read(path)))
  // Fuzzing is not part of `npm test`: what only it proves would be unproven on a change.
  const proven = new Set(cited.filter(({ where }) => !where.startsWith('test/fuzz/')).map(({ id }) => id))

  it('no two rules have one number', () => {
    const seen = new Set<string>()
    expect(
      rules.filter(({ id }) => seen.size === seen.add(id).size).map(({ id, line }) => `${id} again in line ${line}`),
    ).toEqual([])
  })

  it('every rule stands in the chapter of its letter', () => {
    expect(
      rules.filter(({ id, chapter }) => !id.startsWith(chapter ?? '-')).map(({ id, line }) => `${id} in line ${line}`),
    ).toEqual([])
  })

  it('every rule that a test names exists', () => {
    expect(cited.filter(({ id }) => !known.has(id)).map(({ id, where }) => `${where} names ${id}`)).toEqual([])
  })

  it.skipIf(rules.length === 0)('every rule is named by the title of a test that `npm test` runs', () => {
    expect(rules.filter(({ id }) => !proven.has(id)).map(({ id, line }) => `${id} (docs/spec.md:${line})`)).toEqual([])
  })

  it('control: rules and citations are found', () => {
    const spec =
      '## T · Tasks\n\n- **T1** One.\n  More of T1.\n* **T2** Two.\n- **B1** Lost.\n## Other\n- **T3** Loose.\n```text\n- **T4** Shown.\n```\n'
    expect(rulesOf(spec).map(({ id, chapter }) => `${id} in ${chapter}`)).toEqual([
      'T1 in T',
      'T2 in T',
      'B1 in T',
      'T3 in undefined',
    ])

    const test = `it('[T1] one', f); it.each([1])('[T2][B1] %s', f); property(\`[T3] \${name}\`, f)
      it.skip('[T4] not run', f); it.todo('[T5] not yet'); it('about [T6]', f); it.skip.each([1])('[T7] no', f)
      // it('[T8] gone', f)`
    expect(citationsOf('test/made-up.test.ts', test).map(({ id }) => id)).toEqual(['T1', 'T2', 'B1', 'T3'])
  })
})
