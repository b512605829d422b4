/** What a reader makes of the alive values of one register: the shown one, and the others as conflicts. */

/** Values alive together, each with `at` and an `id` that orders ties. Equal values are one. */
export const readRegister = (alive) => {
  const ranked = alive.toSorted((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1))
  const seen = new Set()
  const distinct = ranked.filter(({ value }) => {
    const text = canonicalJson(value)
    return !seen.has(text) && seen.add(text)
  })
  return { shown: distinct[0], conflicts: distinct.slice(1) }
}

const canonicalJson = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => JSON.stringify(key) + ':' + canonicalJson(value[key])).join()}}`
}
