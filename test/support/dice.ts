/** Chance that follows a seed: the same seed, the same throws, on every machine. */

export interface Dice {
  /** From 0 up to, not with, 1. */
  next(): number
  /** A whole number from 0 up to, not with, `count`. */
  below(count: number): number
  chance(probability: number): boolean
  /** Undefined only for an empty list. */
  pick<Item>(items: readonly Item[]): Item | undefined
  bytes(count: number): Uint8Array
}

/** Mulberry32. */
export function createDice(seed: number): Dice {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (count: number): number => Math.floor(next() * count)
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (items) => items[below(items.length)],
    bytes: (count) => Uint8Array.from({ length: count }, () => below(256)),
  }
}

/** One of the names, each as often as its weight says. */
export function weighted<Name extends string>(weights: Readonly<Record<Name, number>>): (dice: Dice) => Name {
  const names = Object.keys(weights) as Name[]
  const [first] = names
  if (first === undefined) throw new Error('nothing to choose from')
  const sum = names.reduce((total, name) => total + weights[name], 0)
  return (dice) => {
    let left = dice.next() * sum
    for (const name of names) {
      left -= weights[name]
      if (left < 0) return name
    }
    return first
  }
}
