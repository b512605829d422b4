/** Writes a new text into a block scalar of YAML: lines that stay keep their characters and line ends. */
import { afterLine, endOfLine, lineEndAt } from './lines.ts'
import type { YamlScalar } from './yaml-node.ts'

/** The source of the block scalar with another text; undefined where a block cannot say it. */
export function blockScalarText(text: string, node: YamlScalar, value: string): string | undefined {
  const said = value.replace(/\n+$/, '')
  const headerEnd = endOfLine(text, node.start)
  const header = text.slice(node.start, headerEnd)
  if (node.end === headerEnd) return undefined
  const chomp = chompFor(header, value.length - said.length)
  if (!canStandInBlock(said) || chomp === undefined || node.indent === undefined) return undefined
  const style = node.style === 'folded' && !said.includes('\n') ? '>' : '|'
  const newHeader = header.replace(/^[|>]([1-9]?)[+-]?([1-9]?)/, `${style}$1$2${chomp}`)
  const old = node.style === 'literal' ? rawLines(text, afterLine(text, headerEnd), node.end) : []
  const blanks = '\n'.repeat(Math.max(0, value.length - said.length - 1))
  const lines = `${said}${blanks}`.split('\n')
  const raw = mergedLines(old, lines, node.indent, lineEndAt(text, headerEnd + 1))
  return newHeader + text.slice(headerEnd, afterLine(text, headerEnd)) + raw
}

/** What the header says of the last line ends; more than one only where blank lines count already. */
function chompFor(header: string, count: number): string | undefined {
  if (count === 0) return '-'
  if (/^[|>][1-9]?\+/.test(header)) return '+'
  return count === 1 ? '' : undefined
}

/** No line that a reader might take for indentation, for blank, or for two. */
function canStandInBlock(said: string): boolean {
  return (
    said !== '' &&
    !/^[\s]/u.test(said) &&
    !/^[^\S\n]+$/mu.test(said) &&
    !/[\p{Cs}\u2028\u2029\ufeff\ufffe\uffff]|[^\P{Cc}\n]/u.test(said)
  )
}

interface RawLine {
  readonly raw: string
  /** With its line end. */
  readonly whole: string
}

function rawLines(text: string, from: number, end: number): readonly RawLine[] {
  const lines: RawLine[] = []
  for (let at = from; at < end;) {
    const lineEnd = endOfLine(text, at)
    const next = afterLine(text, lineEnd)
    lines.push({ raw: text.slice(at, lineEnd), whole: text.slice(at, next) })
    at = next
  }
  return lines
}

/** Old lines from the head and from the tail as far as they are the same; new ones between. The last has no line end. */
function mergedLines(old: readonly RawLine[], lines: readonly string[], indent: number, lineEnd: string): string {
  const isSame = (line: RawLine | undefined, said: string | undefined): boolean =>
    line !== undefined &&
    said !== undefined &&
    line.raw.slice(indent) === said &&
    line.raw.slice(0, indent).trim() === ''
  const most = Math.min(old.length, lines.length)
  let head = 0
  while (head < most && isSame(old[head], lines[head])) head++
  let tail = 0
  while (tail < most - head && isSame(old.at(-1 - tail), lines.at(-1 - tail))) tail++
  const kept = (from: number, to: number): readonly string[] => old.slice(from, to).map(({ whole }) => whole)
  const made = lines.slice(head, lines.length - tail)
  const between = made.map((line) => (line === '' ? '' : ' '.repeat(indent) + line) + lineEnd)
  const raw = [...kept(0, head), ...between, ...kept(old.length - tail, old.length)].join('')
  return raw.replace(/(?:\r\n|\r|\n)$/, '')
}
