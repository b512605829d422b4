/** Finds names that begin with an @ and have no quotes, on the line of their key, alone or between brackets. */
import { endOfLine, isBlank } from './lines.ts'

/** Their offsets, in order. */
export function findAts(text: string, from: number, end: number): readonly number[] {
  let start = from
  while (isBlank(text.charCodeAt(start))) start++
  const lineEnd = Math.min(endOfLine(text, start), end)
  if (text.charAt(start) === '@') return [start]
  if (text.charAt(start) !== '[') return []
  return [...text.slice(start, lineEnd).matchAll(/(?<=[[,][ \t]*)@/g)].map(({ index }) => start + index)
}
