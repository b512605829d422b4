/** The line of a task that somebody holds: what its line in the summary says, and who holds it. The summary says nothing of claims. */
import type { Uid } from '../ids.ts'
import { rowText } from '../task/row-text.ts'
import type { ClaimView, StatusKind, TaskView } from '../task/types.ts'
import type { Line, TaskRow, TextPlace } from './summary-line.ts'

/** A line as a list needs it. */
export type ListedLine = Pick<
  Line,
  | 'uid'
  | 'start'
  | 'end'
  | 'isGone'
  | 'isDeleted'
  | 'isClosed'
  | 'isReady'
  | 'kind'
  | 'view'
  | 'row'
  | 'textPlace'
  | 'copyJson'
  | 'copyRow'
>

/** Lines of tasks that are held say so; all others stay as they are. */
export function withClaims(lines: readonly Line[], claims: ReadonlyMap<Uid, ClaimView>): readonly ListedLine[] {
  if (claims.size === 0) return lines
  return lines.map((line) => {
    const claim = claims.get(line.uid)
    return claim === undefined || line.isGone ? line : new ClaimedLine(line, claim)
  })
}

class ClaimedLine implements ListedLine {
  readonly #line: Line
  readonly #claim: ClaimView
  readonly isGone = false
  readonly isReady = false
  readonly start = 0
  readonly #json: Uint8Array
  readonly #row: Uint8Array

  constructor(line: Line, claim: ClaimView) {
    this.#line = line
    this.#claim = claim
    const [view, row] = [this.view(), this.row()]
    this.#json = encode(view === undefined ? '' : JSON.stringify(view))
    this.#row = encode(row === undefined ? '' : rowText(row))
  }

  get uid(): Uid {
    return this.#line.uid
  }

  get end(): number {
    return Math.max(this.#json.length, this.#row.length) + 1
  }

  get isDeleted(): boolean {
    return this.#line.isDeleted
  }

  get isClosed(): boolean {
    return this.#line.isClosed
  }

  get kind(): StatusKind {
    return this.#line.kind
  }

  view(): TaskView | undefined {
    const view = this.#line.view()
    return view === undefined ? undefined : { ...view, ready: false, claim: this.#claim }
  }

  row(): TaskRow | undefined {
    const row = this.#line.row()
    return row === undefined ? undefined : { ...row, ready: false, claim: this.#claim }
  }

  textPlace(): TextPlace | undefined {
    return this.#line.textPlace()
  }

  copyJson(target: Uint8Array, at: number): number {
    target.set(this.#json, at)
    return at + this.#json.length
  }

  copyRow(target: Uint8Array, at: number): number {
    target.set(this.#row, at)
    return at + this.#row.length
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
