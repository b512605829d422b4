/** Task files as people write and edit them: texts in, texts out. Every word `w12` stands once in all the world. */
import type { Dice } from './dice.ts'

export interface SheetOptions {
  readonly uid: string
  /** Without it the file is one that no workspace knows yet. */
  readonly hasId: boolean
  readonly lineEnd: '\n' | '\r\n'
  readonly endsWithLine: boolean
}

/** What nobody edits in any schedule stands in lines with this word. */
const KEEP = 'keep'

export function wordsIn(text: string): readonly string[] {
  return text.replace(/^(?:id|key): .*$/gm, '').match(/w\d+/g) ?? []
}

export function sheet(dice: Dice, newWord: () => string, options: SheetOptions): string {
  const { uid, hasId, lineEnd, endsWithLine } = options
  const lines = [
    '---',
    ...(hasId ? [`id: ${uid}`] : []),
    `title: Fix ${newWord()} soon`,
    `status: ${dice.pick(['todo', 'doing']) ?? 'todo'}`,
    ...(dice.chance(0.5) ? ['priority: low'] : []),
    ...(dice.chance(0.5) ? [`labels: [${newWord()}, base]`] : []),
    `# keep comment ${uid}`,
    `born: ${newWord()}`,
    `zeta:   "keep ${uid}"   # keep tail`,
    '---',
    '',
    ...Array.from({ length: 1 + dice.below(4) }, () => someLine(dice, newWord)),
    '',
    `<!-- keep remark ${uid} -->`,
    `- [ ] check ${newWord()}`,
    `- [ ] then ${newWord()}`,
  ]
  return lines.join(lineEnd) + (endsWithLine ? lineEnd : '')
}

/** Lines that must be in the file to the end, byte for byte. */
export function keptLines(text: string): readonly string[] {
  return linesOf(text).filter((line) => line.includes(KEEP) || line.startsWith('born:'))
}

export function bornIn(text: string): string | undefined {
  return /^born: (w\d+)\r?$/m.exec(text)?.[1]
}

/** In quotes where it reads like a number without them. */
export function idIn(text: string): string | undefined {
  return /^id: (["']?)([^\s"']+)\1\r?$/m.exec(text)?.[2]
}

export interface Edited {
  readonly text: string
  /** Words that stand elsewhere now. */
  readonly moved: readonly string[]
  /** Comments, quoting or the order of keys: not a value of the task. */
  readonly isShape: boolean
}

export function edited(text: string, dice: Dice, newWord: () => string): Edited {
  let next: Edited = { text, moved: [], isShape: false }
  for (let count = 1 + dice.below(2); count > 0; count--) {
    const step = dice.chance(0.3) ? frontEdit(next.text, dice, newWord) : bodyEdit(next.text, dice, newWord)
    next = {
      text: step.text,
      moved: [...next.moved, ...step.moved],
      isShape: next.isShape || step.isShape,
    }
  }
  return next
}

/** Of a body alone, as a command replaces it. */
export function editedBody(body: string, dice: Dice, newWord: () => string): Edited {
  const { lines, moved } = editLines(body.split('\n'), dice, newWord)
  return { text: lines.join('\n'), moved, isShape: false }
}

/** One change that reaches several workspaces: a line behind another, words behind a line, a line that goes. */
export interface SharedChange {
  readonly id: string
  readonly uid: string
  readonly kind: 'line' | 'words' | 'gone'
  readonly anchor: string
  readonly what: string
}

export function sharedChange(text: string, dice: Dice, newWord: () => string, id: string): SharedChange | undefined {
  const { body } = parts(text)
  const anchor = dice.pick(body.split(/\r?\n/).filter((line) => line !== '' && !line.includes(KEEP)))
  const uid = idIn(text)
  if (anchor === undefined || uid === undefined) return undefined
  const kind = dice.pick(['line', 'words', 'gone'] as const) ?? 'line'
  const what = kind === 'words' ? ` and ${newWord()}` : kind === 'line' ? someLine(dice, newWord) : ''
  return { id, uid, kind, anchor, what }
}

/** Undefined where it does not apply; `place` names its surroundings. */
export function withChange(
  text: string,
  { kind, anchor, what }: SharedChange,
): { readonly text: string; readonly place: string } | undefined {
  const { front, body, lineEnd } = parts(text)
  const lines = body.split(lineEnd)
  const at = lines.indexOf(anchor)
  if (at < 0 || lines.indexOf(anchor, at + 1) >= 0 || (what !== '' && body.includes(what.trim()))) return undefined
  const place = `${lines[at - 1] ?? ''}|${lines[at + 1] ?? ''}`
  if (kind === 'line') lines.splice(at + 1, 0, what)
  else if (kind === 'words') lines[at] = anchor + what
  else lines.splice(at, 1)
  return { text: front + lines.join(lineEnd), place }
}

/** A new task made of the text of another. */
export function copied(text: string, newWord: () => string): { readonly text: string; readonly born: string } {
  const born = newWord()
  return {
    text: text.replace(/^(?:id|key): .*\r?\n/gm, '').replace(/^born: .*?(\r?)$/m, `born: ${born}$1`),
    born,
  }
}

/** Fields that say different things, and lines of the body. */
export function distance(one: string, other: string): number {
  const [left, right] = [parts(one), parts(other)]
  const [fields, others] = [fieldsOf(left.front), fieldsOf(right.front)]
  let cost = 0
  for (const name of new Set([...fields.keys(), ...others.keys()])) if (fields.get(name) !== others.get(name)) cost++
  const [lines, now] = [left.body.split(/\r?\n/), right.body.split(/\r?\n/)]
  return cost + lines.length + now.length - 2 * commonLines(lines, now)
}

/** Words of lines that are in both texts, and stand elsewhere in the other. */
export function movedWords(before: string, after: string): readonly string[] {
  const [was, is] = [linesOf(before), linesOf(after)]
  const kept = (from: number, to: number): number => commonLines(was.slice(from), is.slice(to))
  const moved: string[] = []
  let from = 0
  for (const [to, line] of is.entries()) {
    const at = was.indexOf(line, from)
    if (at >= 0 && kept(at + 1, to + 1) + 1 === kept(from, to)) from = at + 1
    else if (was.includes(line)) moved.push(line)
  }
  return wordsIn(moved.join('\n'))
}

export function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/)
}

function parts(text: string): { readonly front: string; readonly body: string; readonly lineEnd: string } {
  const front = /^(?:---\r?\n[^]*?\n---\r?\n(?:\r?\n)?)?/.exec(text)?.[0] ?? ''
  return { front, body: text.slice(front.length), lineEnd: text.includes('\r\n') ? '\r\n' : '\n' }
}

function someLine(dice: Dice, newWord: () => string): string {
  const filler = ['the', 'quick', 'idea', 'of', 'it']
  const words = Array.from({ length: 2 + dice.below(4) }, () => (dice.chance(0.6) ? newWord() : dice.pick(filler)))
  return `${dice.chance(0.2) ? '- ' : ''}${words.join(' ')} ${newWord()}.`
}

function bodyEdit(text: string, dice: Dice, newWord: () => string): Edited {
  const { front, body, lineEnd } = parts(text)
  const { lines, moved } = editLines(body.split(lineEnd), dice, newWord)
  return { text: front + lines.join(lineEnd), moved, isShape: false }
}

function editLines(
  before: readonly string[],
  dice: Dice,
  newWord: () => string,
): { readonly lines: readonly string[]; readonly moved: readonly string[] } {
  const lines = [...before]
  const free = lines.flatMap((line, at) => (line !== '' && !line.includes(KEEP) ? [at] : []))
  const at = dice.pick(free)
  const kind = dice.pick(['word', 'word', 'word', 'line', 'line', 'retype', 'retype', 'go', 'move'] as const)
  if (at === undefined || kind === 'line') {
    // Where the text ends without a line end the line stands before the last one.
    lines.splice(dice.below(Math.max(1, lines.length)), 0, someLine(dice, newWord))
    return { lines, moved: [] }
  }
  const line = lines[at] ?? ''
  if (kind === 'word') lines[at] = withWord(line, dice, newWord())
  else if (kind === 'retype') lines[at] = dice.chance(0.5) ? someLine(dice, newWord) : retyped(line, dice, newWord)
  else {
    lines.splice(at, 1)
    if (kind === 'move') {
      const to = dice.below(Math.max(1, lines.length))
      lines.splice(to, 0, line)
      // To move a line over others is to move the others over it.
      return { lines, moved: wordsIn(lines.slice(Math.min(at, to), Math.max(at, to) + 1).join('\n')) }
    }
  }
  return { lines, moved: [] }
}

function withWord(line: string, dice: Dice, word: string): string {
  const words = line.split(' ')
  const isItem = /^(?:[-*] )(?:\[.\] )?/.exec(line)?.[0].split(' ').length ?? 1
  words.splice(isItem - 1 + dice.below(words.length - isItem + 2), 0, word)
  return words.join(' ')
}

function retyped(line: string, dice: Dice, newWord: () => string): string {
  const [word] = dice.chance(0.5) ? wordsIn(line) : wordsIn(line).toReversed()
  return word === undefined ? `${line} ${newWord()}` : line.replace(word, newWord())
}

function frontEdit(text: string, dice: Dice, newWord: () => string): Edited {
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n'
  const set = (name: string, value: string | null): string => {
    const line = new RegExp(`^${name}: .*\r?\n`, 'm')
    const said = value === null ? '' : `${name}: ${value}${lineEnd}`
    if (line.test(text)) return text.replace(line, said)
    // Where the mirror of another workspace puts it too.
    const above = name === 'labels' && /^priority: /m.test(text) ? 'priority' : 'status'
    if (name === 'estimate') return text.replace(/^---\r?\n[^]*?\n(?=---\r?\n)/, (found) => found + said)
    return text.replace(new RegExp(`^${above}: .*\r?\n`, 'm'), (found) => found + said)
  }
  const same = { moved: [], isShape: false }
  switch (dice.below(7)) {
    case 0:
    case 1:
      return { ...same, text: set('status', dice.pick(['todo', 'doing', 'done', 'review']) ?? 'todo') }
    case 2:
      return { ...same, text: set('priority', dice.pick(['low', 'high', 'critical', null]) ?? null) }
    case 3:
      return { ...same, text: set('labels', labelsAfter(text, dice, newWord)) }
    case 4:
      return { ...same, text: set('estimate', dice.chance(0.2) ? null : newWord()) }
    case 5:
      return { ...same, text: set('title', `Fix ${newWord()} soon`) }
    default:
      return {
        ...same,
        isShape: true,
        text: text.replace(/^---\r?\n/, (found) => `${found}# note ${dice.below(1e6)}${lineEnd}`),
      }
  }
}

function labelsAfter(text: string, dice: Dice, newWord: () => string): string | null {
  const labels =
    /^labels: \[(.*)\]/m
      .exec(text)?.[1]
      ?.split(', ')
      .filter((label) => label !== '') ?? []
  const fewer = dice.chance(0.4) ? labels.filter(() => dice.chance(0.5)) : labels
  const next = dice.chance(0.7) ? [...fewer, dice.chance(0.5) ? newWord() : 'web'] : fewer
  return next.length === 0 ? null : `[${[...new Set(next)].join(', ')}]`
}

function fieldsOf(front: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [, name = '', value = ''] of front.matchAll(/^([a-z]+):[ ]*(.*?)\r?$/gm)) {
    if (name === 'labels') for (const label of value.replace(/[[\]]/g, '').split(', ')) found.set(`label ${label}`, '')
    else found.set(name, value)
  }
  return found
}

function commonLines(one: readonly string[], other: readonly string[]): number {
  let row = Array.from({ length: other.length + 1 }, () => 0)
  for (const line of one) {
    const next = [0]
    for (const [at, also] of other.entries())
      next.push(line === also ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0))
    row = next
  }
  return row.at(-1) ?? 0
}
