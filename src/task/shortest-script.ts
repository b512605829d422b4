/** A longest common subsequence of two number sequences (Myers, linear space). Gives up on far-apart input, by counting, never by time. */

/** Steps that one difference may still spend. Shared by all its parts and counted down, so equal input always ends alike. */
export interface Work {
  left: number
}

interface Box {
  readonly beforeFrom: number
  readonly beforeTo: number
  readonly afterFrom: number
  readonly afterTo: number
}

interface Search {
  readonly before: Int32Array
  readonly after: Int32Array
  readonly matched: (beforeIndex: number, afterIndex: number) => void
  readonly work: Work
  /** Furthest place reached on each diagonal, from the start and from the end; diagonal 0 stands at index `reach + 1`. */
  readonly forward: Int32Array
  readonly backward: Int32Array
  readonly reach: number
}

/** Beyond this many insertions and removals the two have little in common, and finding out costs the square of it. */
const distanceLimit = 4_000

/** Small differences are always found, however much work the rest of the text has used up. */
const freeDistance = 64

/**
 * Calls `matched` for every element that stays, in no particular order. Returns false when the search was given up
 * somewhere: what was reported until then is right, but not all there is.
 */
export function matchShortest(
  before: Int32Array,
  after: Int32Array,
  work: Work,
  matched: (beforeIndex: number, afterIndex: number) => void,
): boolean {
  const reach = Math.min((before.length + after.length + 1) >> 1, distanceLimit >> 1)
  const forward = new Int32Array(2 * reach + 3)
  const backward = new Int32Array(2 * reach + 3)
  const whole = { beforeFrom: 0, beforeTo: before.length, afterFrom: 0, afterTo: after.length }
  return matchBox({ before, after, matched, work, forward, backward, reach }, whole)
}

function matchBox(search: Search, box: Box): boolean {
  const { before, after, matched } = search
  let { beforeFrom, beforeTo, afterFrom, afterTo } = box
  while (beforeFrom < beforeTo && afterFrom < afterTo && before[beforeFrom] === after[afterFrom]) {
    matched(beforeFrom++, afterFrom++)
  }
  while (beforeFrom < beforeTo && afterFrom < afterTo && before[beforeTo - 1] === after[afterTo - 1]) {
    matched(--beforeTo, --afterTo)
  }
  if (beforeFrom === beforeTo || afterFrom === afterTo) return true
  const middle = middleOf(search, { beforeFrom, beforeTo, afterFrom, afterTo })
  if (middle === undefined) return false
  const [beforeMiddle, afterMiddle] = middle
  const head = matchBox(search, { beforeFrom, beforeTo: beforeMiddle, afterFrom, afterTo: afterMiddle })
  const tail = matchBox(search, { beforeFrom: beforeMiddle, beforeTo, afterFrom: afterMiddle, afterTo })
  return head && tail
}

/** One of the two searches of a box: where it has come to on each diagonal after `distance` insertions and removals. */
interface Front {
  readonly reached: Int32Array
  readonly fromEnd: boolean
  readonly distance: number
}

/** A place about half way on a shortest path through the box: the two searches take turns until they meet. */
function middleOf(search: Search, box: Box): readonly [number, number] | undefined {
  const odd = ((box.beforeTo - box.beforeFrom - box.afterTo + box.afterFrom) & 1) === 1
  search.forward[search.reach + 2] = 0
  search.backward[search.reach + 2] = 0
  for (let distance = 0; distance <= search.reach; distance++) {
    if (search.work.left <= 0 && distance > freeDistance) return undefined
    const head: Front = { reached: search.forward, fromEnd: false, distance }
    const lastTail: Front = { reached: search.backward, fromEnd: true, distance: distance - 1 }
    const met = advance(search, box, head, odd ? lastTail : undefined)
    if (met !== undefined) return [box.beforeFrom + met[0], box.afterFrom + met[1]]
    const tail: Front = { reached: search.backward, fromEnd: true, distance }
    const metBack = advance(search, box, tail, odd ? undefined : head)
    if (metBack !== undefined) return [box.beforeTo - metBack[0], box.afterTo - metBack[1]]
  }
  return undefined
}

/** Takes one search a step further on every diagonal; returns where it meets the other one, counted from its own end. */
function advance(search: Search, box: Box, front: Front, other: Front | undefined): [number, number] | undefined {
  const { reached, fromEnd, distance } = front
  const zero = search.reach + 1
  const width = box.beforeTo - box.beforeFrom
  const height = box.afterTo - box.afterFrom
  const lowest = -distance + 2 * Math.max(0, distance - height)
  const highest = distance - 2 * Math.max(0, distance - width)
  for (let diagonal = lowest; diagonal <= highest; diagonal += 2) {
    const fromLeft = reached[zero + diagonal - 1] ?? 0
    const fromAbove = reached[zero + diagonal + 1] ?? 0
    const down = diagonal === -distance || (diagonal !== distance && fromLeft < fromAbove)
    const start = down ? fromAbove : fromLeft + 1
    const run = runLength(search, box, fromEnd, start, start - diagonal)
    const end = start + run
    reached[zero + diagonal] = end
    search.work.left -= run + 1
    const opposite = width - height - diagonal
    if (other === undefined || Math.abs(opposite) > other.distance) continue
    if (end + (other.reached[zero + opposite] ?? 0) >= width) return [end, end - diagonal]
  }
  return undefined
}

/** How many elements in a row are equal from here on. */
function runLength(search: Search, box: Box, fromEnd: boolean, across: number, down: number): number {
  const { before, after } = search
  const most = Math.min(box.beforeTo - box.beforeFrom - across, box.afterTo - box.afterFrom - down)
  let run = 0
  if (fromEnd) {
    const beforeLast = box.beforeTo - 1 - across
    const afterLast = box.afterTo - 1 - down
    while (run < most && before[beforeLast - run] === after[afterLast - run]) run++
  } else {
    const beforeFirst = box.beforeFrom + across
    const afterFirst = box.afterFrom + down
    while (run < most && before[beforeFirst + run] === after[afterFirst + run]) run++
  }
  return run
}
