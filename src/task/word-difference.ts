/** How one stretch of text became another, in whole words and blanks. Knows no lines. */

import { changedHunks, type Hunk } from './sequence-difference.ts'
import type { Work } from './shortest-script.ts'

// Scripts written without blanks: each character is a word of its own, or one changed character would replace a clause.
const unspaced = '[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}]'
const word = `${unspaced}\\p{M}*|(?:(?!${unspaced})[\\p{L}\\p{M}\\p{N}_])+`
const blanks = '[^\\S\\r\\n]+'
// One character as a person sees it: a flag, or a code point with its marks, skin tone and joined emoji.
const character = '\\p{RI}{2}|[^](?:[\\p{M}\\p{EMod}]|\\u200d\\p{ExtPict})*'
// Made when first asked for: to make them takes as long as to list a thousand tasks, which needs none.
const tokenPattern = whenAsked(() => new RegExp(`${word}|${blanks}|${character}`, 'gu'))
const wordPattern = whenAsked(() => new RegExp(word, 'gu'))
const characterPattern = whenAsked(() => new RegExp(`(?!\\s)(?:${character})`, 'gu'))

/** The words of a line, or of a line without words (`---`, `🌀`) its characters. Blanks are neither. */
export function wordsOf(line: string): readonly string[] {
  return line.match(wordPattern()) ?? line.match(characterPattern()) ?? []
}

/** Equal texts get equal numbers, now and whenever `known` is handed in again. */
export function numbersOf(texts: readonly string[], known: Map<string, number>): Int32Array {
  const numbers = new Int32Array(texts.length)
  for (const [index, text] of texts.entries()) {
    const number = known.get(text) ?? known.size
    if (number === known.size) known.set(text, number)
    numbers[index] = number
  }
  return numbers
}

/** The changed stretches, in UTF-16 units; their borders are borders of words, never inside a surrogate pair. */
export function wordHunks(before: string, after: string, work: Work): Hunk[] {
  if (before === after) return []
  const numbers = new Map<string, number>()
  const beforeTokens = tokensOf(before, numbers)
  const afterTokens = tokensOf(after, numbers)
  const hunks = changedHunks(beforeTokens.numbers, afterTokens.numbers, work, 'fallback').map((hunk) => ({
    beforeFrom: beforeTokens.starts[hunk.beforeFrom] ?? 0,
    beforeTo: beforeTokens.starts[hunk.beforeTo] ?? 0,
    afterFrom: afterTokens.starts[hunk.afterFrom] ?? 0,
    afterTo: afterTokens.starts[hunk.afterTo] ?? 0,
  }))
  return withBlanks(withoutShortMatches(hunks), before, after)
}

/** A paragraph wrapped or indented anew keeps its words: the changed blanks and line ends, or undefined if more changed. */
export function blankHunks(before: string, after: string): Hunk[] | undefined {
  const hunks: Hunk[] = []
  let beforeFrom = 0
  let afterFrom = 0
  while (beforeFrom < before.length || afterFrom < after.length) {
    const beforeTo = endOfBlanks(before, beforeFrom)
    const afterTo = endOfBlanks(after, afterFrom)
    const character = before.codePointAt(beforeTo)
    if (character !== after.codePointAt(afterTo)) return undefined
    const hunk = changedBlanks(before, after, { beforeFrom, beforeTo, afterFrom, afterTo })
    if (size(hunk) > 0) hunks.push(hunk)
    const length = character !== undefined && character > 0xffff ? 2 : 1
    beforeFrom = beforeTo + length
    afterFrom = afterTo + length
  }
  return hunks
}

function endOfBlanks(text: string, from: number): number {
  let to = from
  while (to < text.length && /\s/.test(text.charAt(to))) to++
  return to
}

/** The stretch without what is equal at its head and its tail. */
function changedBlanks(before: string, after: string, hunk: Hunk): Hunk {
  let { beforeFrom, beforeTo, afterFrom, afterTo } = hunk
  while (beforeFrom < beforeTo && afterFrom < afterTo && before[beforeFrom] === after[afterFrom]) {
    beforeFrom++
    afterFrom++
  }
  while (beforeFrom < beforeTo && afterFrom < afterTo && before[beforeTo - 1] === after[afterTo - 1]) {
    beforeTo--
    afterTo--
  }
  return { beforeFrom, beforeTo, afterFrom, afterTo }
}

interface Tokens {
  readonly numbers: Int32Array
  /** Where each token starts, and at the end the length of the text. */
  readonly starts: Int32Array
}

function tokensOf(text: string, known: Map<string, number>): Tokens {
  const tokens = text.match(tokenPattern()) ?? []
  const starts = new Int32Array(tokens.length + 1)
  for (const [index, token] of tokens.entries()) starts[index + 1] = (starts[index] ?? 0) + token.length
  return { numbers: numbersOf(tokens, known), starts }
}

/** In a sentence written anew an `is` that happens to stand in both versions is no reason to weave the two together. */
function withoutShortMatches(hunks: readonly Hunk[]): Hunk[] {
  const merged: Hunk[] = []
  for (let hunk of hunks) {
    for (let last = merged.at(-1); last !== undefined && isMatchShort(last, hunk); last = merged.at(-1)) {
      hunk = { ...hunk, beforeFrom: last.beforeFrom, afterFrom: last.afterFrom }
      merged.pop()
    }
    merged.push(hunk)
  }
  return merged
}

/** Words only added, or only removed, leave what stands between them alone. */
function isMatchShort(left: Hunk, right: Hunk): boolean {
  const removed = left.beforeTo - left.beforeFrom + right.beforeTo - right.beforeFrom
  const inserted = left.afterTo - left.afterFrom + right.afterTo - right.afterFrom
  if (removed === 0 || inserted === 0) return false
  return right.beforeFrom - left.beforeTo < Math.min(size(left), size(right))
}

function size(hunk: Hunk): number {
  return Math.max(hunk.beforeTo - hunk.beforeFrom, hunk.afterTo - hunk.afterFrom)
}

/**
 * A replaced word takes one neighbouring blank along: two people who replace the same word then leave both words side
 * by side (`dog cow`), not one word nobody wrote (`dogcow`). It is the blank behind, because added and removed words
 * bring that one too: of 38,500 words that two rivals wrote into one line 1,000 ended glued to another, 3,500 with the
 * blank in front, 5,500 with none.
 */
function withBlanks(hunks: readonly Hunk[], before: string, after: string): Hunk[] {
  let taken = 0
  return hunks.map((hunk) => {
    let { beforeFrom, beforeTo, afterFrom, afterTo } = hunk
    if (beforeFrom < beforeTo && couldGlue(after.slice(afterFrom, afterTo))) {
      if (isBlank(before[beforeTo])) {
        beforeTo++
        afterTo++
      } else if (beforeFrom > taken && isBlank(before[beforeFrom - 1])) {
        beforeFrom--
        afterFrom--
      }
    }
    taken = beforeTo
    return { beforeFrom, beforeTo, afterFrom, afterTo }
  })
}

/** Text without a blank at either end, and with a word at one of them. */
function couldGlue(inserted: string): boolean {
  const first = inserted.slice(0, 2)
  const last = inserted.slice(-2)
  if (/^\s/.test(first) || /\s$/.test(last)) return false
  return /^[\p{L}\p{N}_]/u.test(first) || /[\p{L}\p{M}\p{N}_]$/u.test(last)
}

function whenAsked<Made>(make: () => Made): () => Made {
  let made: Made | undefined
  return () => (made ??= make())
}

/** Line ends do not count: they belong to the line. */
function isBlank(unit: string | undefined): boolean {
  return unit !== undefined && /[^\S\r\n]/.test(unit)
}
