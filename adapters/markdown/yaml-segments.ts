/** Changes the parts of a YAML list or map between brackets: commas, blanks and comments stay with those that stay. */
import { endOfLine } from './lines.ts'
import { replacement, spliced, type Splice } from './splices.ts'
import type { YamlCollection, YamlPart } from './yaml-node.ts'
import type { Parts, Step } from './yaml-parts.ts'

/** A part between brackets. */
interface Segment {
  /** Which of the parts it was; -1: it is new. */
  readonly part: number
  /** Between the comma or bracket before it and the part: blanks, line ends, comments. */
  readonly lead: string
  readonly said: string
  readonly trail: string
}

interface Segments {
  readonly segments: readonly Segment[]
  /** Behind the last comma where no part follows it; of an empty list, all there is. */
  readonly tail: string | undefined
}

/** All between the brackets anew, from the texts that stand there. */
export function flowSplice({ text, node, change, write }: Parts, steps: readonly Step[]): Splice {
  const old = segmentsOf(text, node)
  const gap = gapOfNew(old.segments)
  const segments: Segment[] = []
  let carried = ''
  for (const step of steps) {
    if (step.kind === 'add') {
      segments.push({ part: -1, lead: carried, said: write(step.name, step.value), trail: '' })
      carried = ''
      continue
    }
    const segment = old.segments[step.part]
    const part = node.parts[step.part]
    if (segment === undefined || part === undefined) continue
    if (step.kind === 'drop') {
      // A comment behind the comma of the part before it stays.
      if (segment.lead.includes('#')) carried += segment.lead
      continue
    }
    const splices = step.kind === 'change' ? change(part, step.value) : []
    const said = spliced(text, splices, part.start, endOfPart(part))
    segments.push({ ...segment, lead: carried + segment.lead, said })
    carried = ''
  }
  return replacement(node.start + 1, node.end - 1, joined(segments, old, gap, carried))
}

function segmentsOf(text: string, node: YamlCollection): Segments {
  const segments: Segment[] = []
  const close = node.end - 1
  let from = node.start + 1
  for (const [part, { start, ...rest }] of node.parts.entries()) {
    const end = endOfPart({ start, ...rest })
    const comma = endOfSpace(text, end, close)
    segments.push({ part, lead: text.slice(from, start), said: '', trail: text.slice(end, comma) })
    from = comma + 1
  }
  return { segments, tail: from <= close ? text.slice(from, close) : undefined }
}

function endOfPart(part: YamlPart): number {
  return Math.max(part.from, part.node.end)
}

/** Over blanks, line ends and comments. */
function endOfSpace(text: string, from: number, close: number): number {
  let at = from
  while (at < close && text.charAt(at) !== ',') at = text.charAt(at) === '#' ? endOfLine(text, at) : at + 1
  return at
}

/** What sets a new part apart from the one before it: what does so already. */
function gapOfNew(segments: readonly Segment[]): string {
  const lead = (segments.at(-1)?.lead ?? ' ').replace(/^[^]*#[^\r\n]*/, '')
  return segments.length > 1 || /[\r\n]/.test(lead) ? lead : ' '
}

/**
 * The blanks beside the brackets stay there, whichever parts stand first and last now. A comment behind the last part,
 * or behind its comma, goes and stays with that part.
 */
function joined(segments: readonly Segment[], { segments: old, tail }: Segments, gap: string, carried: string): string {
  const closing = tail ?? old.at(-1)?.trail ?? ''
  const [comment = ''] = /^[ \t]*#[^\r\n]*/.exec(closing) ?? []
  const rest = closing.slice(comment.length)
  if (segments.length === 0) return (carried + rest).includes('#') ? carried + rest : ''
  const opening = old[0]?.lead ?? (/^[ \t]*$/.test(closing) ? closing : '')
  const newGap = comment === '' || /[\r\n]/.test(gap) ? gap : `${rest} `
  const last = segments.findIndex(({ part }) => part >= 0 && part === old.length - 1)
  const texts = segments.map((segment, place) => {
    const lead = last >= 0 && place === last + 1 ? comment + newGap : leadOf(segment, place === 0, opening, newGap)
    return lead + segment.said + (tail === undefined && place === last ? '' : segment.trail)
  })
  const end = old.length === 0 || last === segments.length - 1 ? closing : rest
  const hasComma = old.length > 0 && (tail !== undefined || carried !== '')
  return texts.join(',') + (hasComma ? ',' : '') + (/^[ \t]*[\r\n]/.test(end) ? carried.trimEnd() : carried) + end
}

function leadOf(segment: Segment, isFirst: boolean, opening: string, gap: string): string {
  if (segment.lead.includes('#')) return segment.lead
  if (isFirst) return opening.includes('#') ? segment.lead : opening
  return segment.part === 0 || segment.part < 0 ? gap : segment.lead
}
