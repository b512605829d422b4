/** JSON edited in place: what is asked for is said, and every byte beside it stays. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listChangeSplices, memberSplices, valueSplices } from '../../../adapters/json/edit.ts'
import { layoutOf } from '../../../adapters/json/layout.ts'
import { memberOf, valueOf, type JsonNode } from '../../../adapters/json/nodes.ts'
import { scanJson, type JsonFault } from '../../../adapters/json/scan.ts'
import { spliced, type Splice } from '../../../adapters/json/splices.ts'
import { stringSplices } from '../../../adapters/json/string-edit.ts'
import type { Json } from '../../../src/internal.ts'
import { jsonFrom } from '../../conformance/format-samples.ts'
import { jsonTexts } from './json-texts.ts'

const RUNS = { numRuns: 1_000 }
const wanted = fc.jsonValue({ maxDepth: 2 }).map(jsonFrom)
const members = fc.constantFrom('a', 'b', 'id', 'tasks', 'new', '__proto__')

describe('a JSON text', () => {
  it('[F32] is read exactly where JSON.parse reads it, and says the same', () => {
    const fragments = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '\\u00',
      'a',
      '1',
      '-',
      '.',
      'e',
      ' ',
      '\n',
      'null',
      '\u0001',
    ]
    const broken = fc
      .tuple(jsonTexts, fc.nat(), fc.nat(3), fc.constantFrom(...fragments))
      .map(([text, at, cut, put]) => {
        const place = at % (text.length + 1)
        return text.slice(0, place) + put + text.slice(place + cut)
      })
    fc.assert(
      fc.property(fc.oneof(jsonTexts, broken, fc.string()), (text) => {
        const node = scanJson(text)
        const parsed = parsedOf(text)
        const found = node.kind === 'fault' ? undefined : valueIn(text, node)
        expect(same(found)).toBe(same(parsed?.value))
        expect(node.kind === 'fault' ? node.at : 0).toBeLessThanOrEqual(text.length)
      }),
      { numRuns: 3_000 },
    )
  })

  it('[F32] that is nested beyond reason, or ends too soon, is told and not thrown', () => {
    expect(scanJson('['.repeat(100_000))).toMatchObject({ kind: 'fault', reason: expect.stringContaining('nested') })
    expect(scanJson('{"a": 1,')).toEqual({
      kind: 'fault',
      at: 8,
      reason: 'the end of the file stands where a text in quotes should',
    })
  })

  it('[F32] keeps every byte outside the value that is changed, and says the new one there', () => {
    fc.assert(
      fc.property(jsonTexts, wanted, fc.nat(), (text, value, pick) => {
        const root = nodeOf(text)
        const all = nodesIn(root)
        const { node, path } = all[pick % all.length] ?? { node: root, path: [] }
        const edited = changed(text, node, valueSplices(text, node, value, layoutOf(text)))
        expect(same(saidBy(edited))).toBe(same(withValue(text, root, path, value)))
      }),
      RUNS,
    )
  })

  it('[F32] takes members in and lets them go, several at once, also where they stand twice', () => {
    const changes = fc.dictionary(members, fc.option(wanted, { nil: undefined }), { maxKeys: 3 })
    fc.assert(
      fc.property(jsonTexts, changes, fc.nat(), (text, asked, pick) => {
        const objects = nodesIn(nodeOf(text)).filter(({ node }) => node.kind === 'object')
        const { node, path } = objects[pick % Math.max(1, objects.length)] ?? {}
        if (node?.kind !== 'object' || path === undefined) return
        const entries = Object.entries(asked)
        const set = new Map(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])))
        const remove = new Set(entries.flatMap(([name, value]) => (value === undefined ? [name] : [])))
        const edited = changed(text, node, memberSplices(text, node, { set, remove }, layoutOf(text)))
        const said = new Map(membersOf(text, node).filter(([name]) => !remove.has(name)))
        for (const [name, value] of set) said.set(name, value)
        expect(same(saidBy(edited))).toBe(same(withValue(text, nodeOf(text), path, Object.fromEntries(said))))
      }),
      RUNS,
    )
  })

  it('[F32] takes elements in at the end of a list and lets any go', () => {
    fc.assert(
      fc.property(
        jsonTexts,
        fc.array(wanted, { maxLength: 2 }),
        fc.array(fc.nat(5)),
        fc.nat(),
        (text, added, out, pick) => {
          const arrays = nodesIn(nodeOf(text)).filter(({ node }) => node.kind === 'array')
          const { node, path } = arrays[pick % Math.max(1, arrays.length)] ?? {}
          if (node?.kind !== 'array' || path === undefined) return
          const gone = new Set(out.filter((place) => place < node.elements.length))
          const edited = changed(text, node, listChangeSplices(text, node, { gone, added }, layoutOf(text)))
          const kept = node.elements.filter((_, place) => !gone.has(place)).map((element) => valueOf(text, element))
          expect(same(saidBy(edited))).toBe(same(withValue(text, nodeOf(text), path, [...kept, ...added])))
        },
      ),
      RUNS,
    )
  })

  it('[F32] keeps the escapes of a text around what is changed in it', () => {
    const text = String.raw`"caf\u00e9 \/ one\r\nmany large waves \ud83c\udf0a"`
    const literal = { start: 0, end: text.length }
    const wave = 'café / one\r\nmany small waves \u{1f30a}'
    expect(spliced(text, stringSplices(text, literal, wave))).toBe(
      String.raw`"caf\u00e9 \/ one\r\nmany small waves \ud83c\udf0a"`,
    )
    const lines = stringSplices(text, literal, 'café / one\nneü\nmany large waves \u{1f30a}', { lines: true })
    expect(spliced(text, lines)).toBe(String.raw`"caf\u00e9 \/ one\r\nne\u00fc\r\nmany large waves \ud83c\udf0a"`)
  })

  it.each<readonly [string, string, Json, string]>([
    [
      'the indentation of its neighbours',
      '{\n   "a": 1\n}',
      { a: 1, b: [1] },
      '{\n   "a": 1,\n   "b": [\n      1\n   ]\n}',
    ],
    ['the blanks of one line', '{ "a" : 1, "b" : 2 }', { a: 1, b: 2, c: [1, 2] }, '{ "a" : 1, "b" : 2, "c" : [1, 2] }'],
    [
      'no blanks where there are none',
      '{"a":1,"b":2}',
      { a: 1, b: 2, c: { d: 1, e: 2 } },
      '{"a":1,"b":2,"c":{"d":1,"e":2}}',
    ],
    ['CRLF', '{\r\n\t"a": {}\r\n}\r\n', { a: { b: 1 } }, '{\r\n\t"a": {\r\n\t\t"b": 1\r\n\t}\r\n}\r\n'],
    [
      'huge numbers beside it',
      '{"n": 12345678901234567890, "a": 1}',
      { n: Number('12345678901234567890'), a: 2 },
      '{"n": 12345678901234567890, "a": 2}',
    ],
    ['the one that counts of two', '{"a": 1, "a": 2}', { a: 3 }, '{"a": 1, "a": 3}'],
    ['nothing where it goes from both places', '{"a": 1, "b": 0, "a": 2}', { b: 0 }, '{"b": 0}'],
  ])('[F32] new values are written with %s', (_, text, value, expected) => {
    const node = nodeOf(text)
    expect(spliced(text, valueSplices(text, node, value, layoutOf(text)))).toBe(expected)
  })
})

/** The text after the splices, all of which lie inside the node. */
function changed(text: string, node: JsonNode, splices: readonly Splice[]): string {
  const edited = spliced(text, splices)
  expect(edited.startsWith(text.slice(0, node.start))).toBe(true)
  expect(edited.endsWith(text.slice(node.end))).toBe(true)
  expect(edited.length).toBeGreaterThanOrEqual(text.length - (node.end - node.start))
  return edited
}

function parsedOf(text: string): { readonly value: Json } | undefined {
  try {
    return { value: JSON.parse(text.replace(/^\ufeff/, '')) }
  } catch {
    return undefined
  }
}

function saidBy(text: string): Json | undefined {
  return parsedOf(text)?.value
}

function nodeOf(text: string): JsonNode {
  const node: JsonNode | JsonFault = scanJson(text)
  if (node.kind === 'fault') throw new Error(`${node.reason}: ${text}`)
  return node
}

type Path = readonly (string | number)[]

/** All that counts: of members with one name the last. */
function nodesIn(node: JsonNode, path: Path = []): readonly { readonly node: JsonNode; readonly path: Path }[] {
  if (node.kind === 'array')
    return [{ node, path }, ...node.elements.flatMap((element, at) => nodesIn(element, [...path, at]))]
  if (node.kind !== 'object') return [{ node, path }]
  const counting = node.members.filter((member) => memberOf(node, member.name) === member)
  return [{ node, path }, ...counting.flatMap(({ name, value }) => nodesIn(value, [...path, name]))]
}

/** What the nodes say, made without JSON.parse of the whole. */
function valueIn(text: string, node: JsonNode): Json {
  if (node.kind === 'array') return node.elements.map((element) => valueIn(text, element))
  return node.kind === 'object' ? Object.fromEntries(membersOf(text, node)) : valueOf(text, node)
}

function membersOf(
  text: string,
  { members: all }: JsonNode & { readonly kind: 'object' },
): readonly (readonly [string, Json])[] {
  return [...new Map(all.map(({ name, value }) => [name, valueIn(text, value)] as const))]
}

/** The model: what the whole says when one place in it says something else. */
function withValue(text: string, node: JsonNode, path: Path, value: Json): Json {
  const [step, ...rest] = path
  if (step === undefined) return value
  if (node.kind === 'array')
    return node.elements.map((one, at) => (at === step ? withValue(text, one, rest, value) : valueIn(text, one)))
  if (node.kind !== 'object') return valueIn(text, node)
  const said = new Map(membersOf(text, node))
  const member = memberOf(node, String(step))
  if (member !== undefined) said.set(String(step), withValue(text, member.value, rest, value))
  return Object.fromEntries(said)
}

/** One text for all that say the same: -0 is 0, the order of members is none, and one may be called __proto__. */
function same(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(same).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value === 0 ? 0 : value) ?? 'nothing'
  const members = Object.entries(value).map(([name, said]) => `${JSON.stringify(name)}:${same(said)}`)
  return `{${members.toSorted().join()}}`
}
