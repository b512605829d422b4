/** Where lines begin and end. LF, CRLF and a lone CR end a line, nothing else does; no byte is left out or changed. */

const LF = 10
const CR = 13

/** Where the line that holds `from` ends; its line end is not counted. */
export function endOfLine(text: string, from: number): number {
  let at = from
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === LF || code === CR) return at
  }
  return at
}

/** The same for a text that has no CR. */
export function endOfLfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

/** Where the next line begins, given where this one ends. */
export function afterLine(text: string, end: number): number {
  if (text.charCodeAt(end) === CR && text.charCodeAt(end + 1) === LF) return end + 2
  return Math.min(end + 1, text.length)
}

export function startOfLine(text: string, from: number): number {
  let at = from
  while (at > 0 && text.charCodeAt(at - 1) !== LF && text.charCodeAt(at - 1) !== CR) at--
  return at
}

/** Numbers of lines, from 1, for offsets that ascend: the text is gone through once. */
export function lineCounter(text: string): (offset: number) => number {
  let line = 1
  let next = afterLine(text, endOfLine(text, 0))
  return (offset) => {
    for (; next <= offset && next < text.length; line++) next = afterLine(text, endOfLine(text, next))
    return line
  }
}

/** The line end that new lines at `at` take: that of the line before, else of the line there, else LF. */
export function lineEndAt(text: string, at: number): string {
  const before = text.charCodeAt(at - 1)
  if (before === LF) return text.charCodeAt(at - 2) === CR ? '\r\n' : '\n'
  if (before === CR) return '\r'
  const start = startOfLine(text, at)
  if (start > 0) return lineEndAt(text, start)
  const end = endOfLine(text, at)
  return end < text.length ? text.slice(end, afterLine(text, end)) : '\n'
}

/** The text with LF as its only line end. */
export function withLineFeeds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
}

export function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

/** True also behind the end of the text. */
export function isLineEnd(code: number): boolean {
  return code === LF || code === CR || Number.isNaN(code)
}
