/** Changes the body of a file whose line ends are its own: lines that stay keep theirs, new ones take their neighbour's. */
import { difference } from '../../src/internal.ts'
import { isLineEnd, lineEndAt, withLineFeeds } from './lines.ts'
import { replacement, type Splice } from './splices.ts'

/** Makes the text from `start` to its end say `body`, which has LF line ends. */
export function bodySplices(text: string, start: number, body: string): readonly Splice[] {
  const raw = text.slice(start)
  const said = withLineFeeds(body)
  if (!raw.includes('\r'))
    return difference(raw, said).map((splice) =>
      fitted(text, splice, start + splice.at, start + splice.at + splice.remove),
    )
  const place = placesIn(text, start)
  return difference(withLineFeeds(raw), said).map((splice) =>
    fitted(text, splice, place(splice.at), place(splice.at + splice.remove)),
  )
}

/** From offsets that count every line end as one character to those of the text; they must ascend. */
function placesIn(text: string, start: number): (offset: number) => number {
  let counted = 0
  let at = start
  return (offset) => {
    for (; counted < offset; counted++) at += text.charAt(at) === '\r' && text.charAt(at + 1) === '\n' ? 2 : 1
    return at
  }
}

function fitted(text: string, { insert }: Splice, start: number, end: number): Splice {
  const said = insert.includes('\n') ? insert.replaceAll('\n', lineEndAt(text, start)) : insert
  // A CR that comes to stand before an LF would make one line end of two.
  const last = said === '' ? text.charAt(start - 1) : said.at(-1)
  return replacement(start, end, last === '\r' && text.charAt(end) === '\n' ? `${said}\r` : said)
}

/** What must stand between the front matter and a body for the body to be read back: an empty line, which is not part of it. */
export function bodyGap(
  text: string,
  { after, body }: { readonly after: number; readonly body: number },
  said: string,
): string {
  if (body > after || said === '') return ''
  const lineEnd = lineEndAt(text, after)
  if (!isLineEnd(text.charCodeAt(after - 1))) return lineEnd + lineEnd
  return after === text.length || said.startsWith('\n') ? lineEnd : ''
}
