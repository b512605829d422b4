/** The name that someone probably meant: the fewest slips of the finger away, or none that is near enough. */

export function nearest(typed: string, names: readonly string[]): string | undefined {
  // Longer words cannot be near any name, and distance is quadratic.
  if (typed.length > 40) return undefined
  const word = typed.toLowerCase()
  let best: { readonly name: string; readonly slips: number } | undefined
  for (const name of names) {
    // A beginning is no slip at all: whoever typed `hist` did not mean `list`.
    const slips = word.length > 1 && name.startsWith(word) ? 0 : distance(word, name.toLowerCase())
    const near = slips <= Math.max(1, Math.floor(name.length / 3))
    if (near && (best === undefined || slips < best.slips)) best = { name, slips }
  }
  return best?.name
}

/** Letters put in, left out, changed, or swapped with their neighbour. */
function distance(from: string, to: string): number {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1
      const swapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? at(beforeLast, j - 2) + 1 : Infinity
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same, swapped))
    }
    beforeLast = last
    last = row
  }
  return at(last, to.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
