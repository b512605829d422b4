/** How a JSON file is laid out: line ends, indentation, blanks. New values are written the way their neighbours are. */
import type { Json } from '../../src/internal.ts'
import { isList, isRecord, own, type JsonArray, type JsonObject } from './nodes.ts'

export interface Layout {
  /** Between lines; empty where everything stands on one line. */
  readonly lineEnd: string
  /** What one level is indented by. */
  readonly unit: string
  /** Behind the name of a member. */
  readonly colon: string
  /** Between two on one line. */
  readonly comma: string
}

/** Characters at the head of a file, which are enough to tell. */
const LOOKED_AT = 10_000

/** How most of the file is written: by what its first line ends and names look like. */
export function layoutOf(whole: string): Layout {
  const text = whole.slice(0, LOOKED_AT)
  const [, lineEnd = '', unit = ''] = /[{[]((?:\r\n|\r|\n))([ \t]*)\S/.exec(text) ?? []
  const colon = /"(\s*:[ \t]*)/.exec(text)?.[1] ?? (text.includes(':') ? ':' : ': ')
  const isSpaced = /[^\s],[ ]["{\d[]/.test(text) || (lineEnd === '' && colon.endsWith(' '))
  if (!/[\r\n]\s*\S/.test(text)) return { lineEnd: '', unit: '', colon, comma: isSpaced ? ', ' : ',' }
  return { lineEnd: lineEnd || firstLineEnd(text), unit: unit || '  ', colon, comma: isSpaced ? ', ' : ',' }
}

/** Inside a container that stands on one line its new members and elements do, too. */
export function layoutIn(text: string, container: JsonArray | JsonObject, layout: Layout): Layout {
  const items = container.kind === 'array' ? container.elements : container.members
  if (items.length === 0) return layout
  return leadOf(text, container, 0).includes('\n') || leadOf(text, container, 0).includes('\r')
    ? layout
    : { ...layout, lineEnd: '' }
}

/** The blanks between the opening bracket or comma and an item. */
export function leadOf(text: string, container: JsonArray | JsonObject, place: number): string {
  const items = container.kind === 'array' ? container.elements : container.members
  const end = items[place]?.start ?? container.end - 1
  let start = end
  while (start > container.start + 1 && ' \t\r\n'.includes(text.charAt(start - 1))) start--
  return text.slice(start, end)
}

/** The blanks at the head of the line in which `at` stands. */
export function indentAt(text: string, at: number): string {
  let start = at
  while (start > 0 && text.charAt(start - 1) !== '\n' && text.charAt(start - 1) !== '\r') start--
  return /^[ \t]*/.exec(text.slice(start, at))?.[0] ?? ''
}

/** A value as it stands behind `indent`. */
export function written(value: Json, layout: Layout, indent: string): string {
  if (isList(value)) {
    return enclosed(
      value.map((item) => written(item, layout, indent + layout.unit)),
      '[]',
      layout,
      indent,
    )
  }
  if (isRecord(value)) {
    const names = Object.keys(value)
    return enclosed(
      names.map((name) => memberText(name, own(value, name), layout, indent + layout.unit)),
      '{}',
      layout,
      indent,
    )
  }
  return JSON.stringify(value)
}

export function memberText(name: string, value: Json, layout: Layout, indent: string): string {
  return JSON.stringify(name) + layout.colon + written(value, layout, indent)
}

function enclosed(
  items: readonly string[],
  brackets: string,
  { lineEnd, unit, comma }: Layout,
  indent: string,
): string {
  const [open = '', close = ''] = brackets
  if (items.length === 0) return brackets
  if (lineEnd === '') return open + items.join(comma) + close
  const gap = lineEnd + indent
  return open + gap + unit + items.join(`,${gap}${unit}`) + gap + close
}

function firstLineEnd(text: string): string {
  return /\r\n|\r|\n/.exec(text)?.[0] ?? '\n'
}
