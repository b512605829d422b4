/** Keys for a manual order: between any two keys there is room for another. Knows nothing of tasks or who comes first on a tie. */

/*
 * A key is a number in base 62, written so that plain comparison by code unit is comparison by value: a head letter that
 * says how many digits the whole part has (`a` one, `b` two … `z` 26; `Z` one, `Y` two … `A` 26 for what lies below
 * `a0`), the whole part, then a fraction without trailing zeros. Appending counts the whole part up, so that the
 * ten-thousandth key still has four characters.
 */

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const firstKey = 'a0'
const lowestWhole = `A${'0'.repeat(26)}`

/**
 * A key after `before` and before `after`; null stands for an open end. Two replicas that insert at the same place make
 * equal keys, and nothing lies between equals: then, as whenever `before` is not below `after`, the key comes right after
 * `before`. A key that `parseOrder` refuses counts as null. Never throws.
 */
export function orderBetween(before: string | null, after: string | null): string {
  const low = before === null ? undefined : parseOrder(before)
  const high = after === null ? undefined : parseOrder(after)
  if (low === undefined) return high === undefined ? firstKey : keyBefore(high)
  if (high === undefined) return keyAfter(low)
  // Right after, not one further: whatever follows the two equal keys should follow the new one as well.
  if (low >= high) return low + digitAt(digits.length >> 1)
  const whole = wholeOf(low)
  if (whole === wholeOf(high)) return whole + fractionBetween(low.slice(whole.length), high.slice(whole.length))
  const next = neighbour(whole, 1)
  return next !== undefined && next < high ? next : whole + fractionBetween(low.slice(whole.length), undefined)
}

/** The text itself when it is a key that `orderBetween` could have made. Its length is for the caller to limit. */
export function parseOrder(text: string): string | undefined {
  if (!/^[A-Za-z][0-9A-Za-z]+$/.test(text) || text === lowestWhole) return undefined
  const length = wholeLength(text)
  if (text.length < length) return undefined
  return text.length > length && text.endsWith('0') ? undefined : text
}

function keyAfter(key: string): string {
  const whole = wholeOf(key)
  return neighbour(whole, 1) ?? whole + fractionBetween(key.slice(whole.length), undefined)
}

function keyBefore(key: string): string {
  const whole = wholeOf(key)
  if (whole === lowestWhole) return lowestWhole + fractionBetween('', key.slice(whole.length))
  if (whole < key) return whole
  const previous = neighbour(whole, -1) ?? lowestWhole
  // The lowest whole part is no key by itself, or nothing could ever come before it.
  return previous === lowestWhole ? lowestWhole + fractionBetween('', undefined) : previous
}

/** How many characters head and whole part have together; the head alone says so. */
function wholeLength(key: string): number {
  const head = key.charCodeAt(0)
  return key >= 'a' ? head - 'a'.charCodeAt(0) + 2 : 'Z'.charCodeAt(0) - head + 2
}

function wholeOf(key: string): string {
  return key.slice(0, wholeLength(key))
}

function digitAt(value: number): string {
  return digits.charAt(value)
}

/** The whole part one above or one below, or undefined beyond the last one. */
function neighbour(whole: string, step: 1 | -1): string | undefined {
  const [end, fresh] = step === 1 ? ['z', '0'] : ['0', 'z']
  for (let place = whole.length - 1; place > 0; place--) {
    if (whole.charAt(place) === end) continue
    const changed = digitAt(digits.indexOf(whole.charAt(place)) + step)
    return whole.slice(0, place) + changed + fresh.repeat(whole.length - place - 1)
  }
  const heads = digits.slice(10)
  const head = heads.charAt(heads.indexOf(whole.charAt(0)) + step)
  return head === '' ? undefined : head + fresh.repeat(wholeLength(head) - 1)
}

/** A fraction above `low` and below `high` (undefined: below one), found by halving at the first place with room. */
function fractionBetween(low: string, high: string | undefined): string {
  let limit = high
  let fraction = ''
  for (let place = 0; ; place++) {
    const from = place < low.length ? digits.indexOf(low.charAt(place)) : 0
    const to = limit === undefined ? digits.length : digits.indexOf(limit.charAt(place))
    if (to - from > 1) return fraction + digitAt((from + to) >> 1)
    if (to - from === 1) {
      if (limit !== undefined && limit.length > place + 1) return fraction + digitAt(to)
      limit = undefined
    }
    fraction += digitAt(from)
  }
}
