/** A line that names a task: its key, and its title behind it. */
import { endOfLine } from '../../../adapters/markdown/lines.ts'
import { replacement, type Splice } from '../../../adapters/markdown/splices.ts'
import type { Json } from '../../../src/internal.ts'

export interface Head {
  readonly start: number
  readonly mark: string
  readonly key: string
  readonly title: string
  readonly keyAt: number
  readonly titleAt: number
  /** Behind the title, or behind what would stand before one. */
  readonly end: number
}

/** The pattern takes a line apart into mark, key, gap and title. */
export function headOf(pattern: RegExp, text: string, start: number): Head | undefined {
  const parts = pattern.exec(text.slice(start, endOfLine(text, start)))
  if (parts === null) return undefined
  const [, mark = '', key = '', gap = '', title = ''] = parts
  const keyAt = start + mark.length
  const titleAt = keyAt + key.length + gap.length
  return { start, mark, key, title, keyAt, titleAt, end: titleAt + title.length }
}

export function isKey(text: string): boolean {
  return /^[\w.-]+$/.test(text)
}

/** Whether a line can end with it; null takes the title out. */
export function isTitle(value: Json): value is string | null {
  return value === null || (typeof value === 'string' && /^[^\r\n]+$/.test(value) && value.trim() === value)
}

interface HeadWish {
  readonly key: string | undefined
  readonly title: Json | undefined
}

/** `gap` stands between a key and a title that comes to it. */
export function headSplices(head: Head, { key, title }: HeadWish, gap: string): readonly Splice[] {
  const keyEnd = head.keyAt + head.key.length
  const isRenamed = key !== undefined && key !== head.key && isKey(key)
  const named = isRenamed ? [replacement(head.keyAt, keyEnd, key)] : []
  if (title === undefined || !isTitle(title) || (title ?? '') === head.title) return named
  if (title === null) return [...named, replacement(keyEnd, head.end, '')]
  return [
    ...named,
    head.title === '' ? replacement(keyEnd, head.end, gap + title) : replacement(head.titleAt, head.end, title),
  ]
}
